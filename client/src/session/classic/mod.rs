//! The session over the classic protocol (PROTOCOL.md, part 1).
//!
//! [`sign_in`] goes through the login commands, [`chat`] through everything after. A classic server
//! knows a client by its address alone, so each new path begins with a new sign-in, done with the
//! answers already given.

mod chat;
mod sign_in;

use self::chat::Chat;
use self::sign_in::{SignIn, Step};
use super::common::GroupRequest;
use super::{Common, Event};
use netchat_shared::classic::{ChatCommand, LoginReply};
use netchat_shared::limits::CLASSIC_DATAGRAM_BYTES_MAX;
use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

/// The server stopped answering: the path is to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreachable;

/// The longest text that fits a classic datagram, in bytes.
pub(super) fn text_bytes_max(name: &UserName) -> usize {
    // Base64 makes four bytes of three; the name, ": ", a backtick and 32 digits stand around.
    (CLASSIC_DATAGRAM_BYTES_MAX / 4 * 3).saturating_sub(name.as_str().len() + 2 + 33)
}

/// Where the session stands on the present path.
#[derive(Debug, Default)]
pub(super) struct Classic {
    phase: Phase,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    NoPath,
    SigningIn(SignIn),
    Chatting(Box<Chat>),
}

impl Classic {
    pub(super) fn path_opened(&mut self, now: Instant, common: &mut Common) {
        self.phase = Phase::SigningIn(SignIn::new(now, common));
    }

    pub(super) fn path_lost(&mut self, common: &mut Common) {
        if let Phase::Chatting(chat) = &mut self.phase {
            chat.abandon(common);
        }
        self.phase = Phase::NoPath;
    }

    pub(super) fn handle_datagram(&mut self, now: Instant, datagram: &[u8], common: &mut Common) {
        let Ok(text) = std::str::from_utf8(datagram) else {
            return;
        };
        match &mut self.phase {
            Phase::NoPath => {}
            Phase::SigningIn(sign_in) => {
                if sign_in.handle_reply(now, &LoginReply::parse(text), common) == Step::SignedIn {
                    self.begin_chat(now, common);
                }
            }
            Phase::Chatting(chat) => chat.handle_datagram(now, text, common),
        }
    }

    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        common: &mut Common,
    ) -> Result<(), Unreachable> {
        match &mut self.phase {
            Phase::NoPath => Ok(()),
            Phase::SigningIn(sign_in) => sign_in.handle_timeout(now, common),
            Phase::Chatting(chat) => chat.handle_timeout(now, common),
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::NoPath => None,
            Phase::SigningIn(sign_in) => sign_in.timeout(),
            Phase::Chatting(chat) => Some(chat.timeout()),
        }
    }

    /// An answer was given: goes on with signing in if it was the one missing.
    pub(super) fn resume_sign_in(&mut self, now: Instant, common: &mut Common) {
        if let Phase::SigningIn(sign_in) = &mut self.phase {
            sign_in.resume(now, common);
        }
    }

    /// Sends what waits, as far as the protocol allows.
    pub(super) fn pump(&mut self, now: Instant, common: &mut Common) {
        if let Phase::Chatting(chat) = &mut self.phase {
            chat.pump(now, common);
        }
    }

    pub(super) fn request_active(&mut self, now: Instant, common: &mut Common) {
        if let Phase::Chatting(chat) = &mut self.phase {
            chat.request_active(now, common);
        }
    }

    pub(super) fn request_group(
        &mut self,
        now: Instant,
        request: GroupRequest,
        common: &mut Common,
    ) {
        if let Phase::Chatting(chat) = &mut self.phase {
            chat.request_group(now, request, common);
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        match &self.phase {
            Phase::NoPath | Phase::SigningIn(_) => true,
            Phase::Chatting(chat) => chat.is_settled(),
        }
    }

    pub(super) fn sign_out(&mut self, common: &mut Common) {
        if let (Phase::Chatting(_), Some(name)) = (&self.phase, &common.answers.name) {
            let exit = ChatCommand::Exit(name.to_string()).to_wire();
            common.transmit(&exit);
        }
        self.phase = Phase::NoPath;
    }

    fn begin_chat(&mut self, now: Instant, common: &mut Common) {
        let Some(name) = common.answers.name.clone() else {
            return;
        };
        common.tell(Event::SignedIn(name.clone()));
        let mut chat = Box::new(Chat::new(now, name));
        chat.start(now, common);
        self.phase = Phase::Chatting(chat);
    }
}
