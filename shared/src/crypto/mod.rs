//! What secrets are made of and proved with. Nothing here is of our own invention: labels and
//! encodings are, and they stand in PROTOCOL.md, "Keys".

mod labelled;
mod mac;

pub(crate) use self::labelled::labelled;
pub(crate) use self::mac::Mac;
