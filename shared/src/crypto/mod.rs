//! What secrets are made of and proved with. Nothing here is of our own invention: labels and
//! encodings are, and they stand in PROTOCOL.md, "Keys".

mod cipher;
mod fresh;
mod labelled;
mod mac;
mod noise;
mod secret;

pub use self::fresh::FreshKeys;
pub(crate) use self::labelled::labelled;
pub(crate) use self::mac::Mac;
pub(crate) use self::noise::{HELLO_BYTES, Initiator, Transport, respond};
pub(crate) use self::secret::Secret;
pub use self::secret::SecretError;
