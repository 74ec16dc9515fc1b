//! Those who make the load, in each language that is measured.

pub(crate) mod mqtt;
pub(crate) mod nats;
pub(crate) mod netchat;
pub(crate) mod relay;
mod stream;

/// About as many bytes as a message of the load of NetChat has on the wire, all counted.
pub(crate) const MESSAGE_BYTES: usize = 240;
/// What people's messages usually are.
const TEXT: &str = "as long as people's messages usually are, which is not very long";
