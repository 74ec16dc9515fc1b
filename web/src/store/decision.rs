//! What nothing goes on without: whether to trust a server.

use netchat_client::session::Question;
use netchat_shared::server_key::KeyCode;

/// A decision that only the person can make. Until then, nothing more is said to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Another server answers than the one that is meant, or it has another key now.
    ServerKey {
        /// The code of the one that is meant.
        expected: KeyCode,
        /// The code of the one that answers.
        offered: KeyCode,
        /// Whether it can be trusted all the same.
        may_accept: bool,
    },
    /// The server speaks only the classic protocol.
    Classic,
}

impl Decision {
    /// The decision that a question asks for, if it asks for one.
    #[must_use]
    pub fn asked(question: &Question) -> Option<Self> {
        match question {
            &Question::ServerKey { expected, offered, may_accept } => {
                Some(Self::ServerKey { expected, offered, may_accept })
            }
            Question::Classic => Some(Self::Classic),
            Question::ServerPassword { .. }
            | Question::Name { .. }
            | Question::Password { .. }
            | Question::Word { .. }
            | Question::NewPassword { .. } => None,
        }
    }
}
