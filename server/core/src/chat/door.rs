//! Where somebody wants to come in.

use crate::admission::Source;
use crate::events::SessionKey;
use crate::peer::Peer;

/// Where somebody wants to come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub(crate) key: SessionKey,
    pub(crate) address: Peer,
    pub(crate) source: Source,
    /// The client can resume with a token.
    pub(crate) takes_token: bool,
}
