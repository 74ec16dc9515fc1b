//! The pump: what comes in goes to a session or to the chat, what sessions ask goes to the chat, and
//! what the chat tells goes to sessions, until nothing is left to say.

use std::net::SocketAddr;

use netchat_shared::FreshKeys;
use netchat_shared::time::Now;
use thiserror::Error;

use crate::action::Action;
use crate::chat::{Chat, Proofs};
use crate::context::{Context, TimerKey};
use crate::directory::Directory;
use crate::limits::TIMERS_PER_TURN_MAX;
use crate::session::Sessions;
use crate::settings::{Secrets, Settings};
use crate::storage::{Entry, Hashed, Loaded, Sequence, Snapshot, Stored, Ticket};

/// The authoritative server. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Server {
    context: Context,
    sessions: Sessions,
    chat: Chat,
}

/// An entry is missing from the log. What this server believes can't be trusted any more: it must
/// stop, and start from storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the log goes on at {} and not at {}: entries are missing, the server must be restarted",
    found.0, expected.0)]
pub struct LogGap {
    /// The place that had to follow.
    pub expected: Sequence,
    /// The place that came.
    pub found: Sequence,
}

impl Server {
    /// A server with what storage holds. `seed` decides its random choices: it must be unpredictable
    /// outside tests, and kept nowhere.
    #[must_use]
    pub fn new(
        now: Now,
        settings: Settings,
        secrets: Secrets,
        snapshot: &Snapshot,
        seed: [u8; 32],
    ) -> Self {
        let (keys, seed) = FreshKeys::from_seed(seed);
        let mut context = Context::new(now, settings, snapshot.generation, snapshot.head, seed);
        let (own_keys, keys) = keys.split();
        let proofs = Proofs::new(secrets.password_setup.clone(), own_keys);
        let sessions = Sessions::new(&mut context, secrets, keys);
        let chat = Chat::new(&mut context, proofs, snapshot);
        Self { context, sessions, chat }
    }

    /// A datagram arrived. Whatever it holds, it is answered or dropped, never an error.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        self.context.now = now;
        self.sessions.handle_datagram(&mut self.context, from, datagram);
        self.settle();
    }

    /// The time that [`Action::Wait`] named has come (or any other time). What is due beyond one turn
    /// is left for the next: [`Self::poll`] then names a time that has come already.
    pub fn handle_timeout(&mut self, now: Now) {
        self.context.now = now;
        for _ in 0..TIMERS_PER_TURN_MAX {
            let Some(timer) = self.context.timers.pop_due(now.monotonic) else { break };
            if let TimerKey::Session(key) = timer {
                self.sessions.handle_timeout(&mut self.context, key);
            } else if timer == TimerKey::HeldKnocks {
                self.sessions.handle_held_knocks(&mut self.context);
            } else {
                self.chat.handle_timeout(&mut self.context, timer);
            }
            self.settle();
        }
        self.fan_out();
    }

    /// The log has gone on. Entries that are here already are passed over.
    ///
    /// # Errors
    /// [`LogGap`] if entries are missing; then the server must not be used any more.
    pub fn handle_log(&mut self, now: Now, entries: Vec<Entry>) -> Result<(), LogGap> {
        self.context.now = now;
        for entry in entries {
            let expected = self.context.applied.next();
            if entry.sequence > expected {
                return Err(LogGap { expected, found: entry.sequence });
            }
            if entry.sequence == expected {
                self.chat.handle_entry(&mut self.context, &entry);
            }
        }
        self.fan_out();
        Ok(())
    }

    /// A write was committed, or failed. Entries that came of it came by the log.
    pub fn handle_stored(&mut self, now: Now, ticket: Ticket, stored: Stored) {
        self.context.now = now;
        self.chat.handle_stored(&mut self.context, ticket, stored);
        self.settle();
    }

    /// A question was answered.
    pub fn handle_loaded(&mut self, now: Now, ticket: Ticket, loaded: Loaded) {
        self.context.now = now;
        self.chat.handle_loaded(&mut self.context, ticket, loaded);
        self.settle();
    }

    /// A hash is done.
    pub fn handle_hashed(&mut self, now: Now, ticket: Ticket, hashed: Hashed) {
        self.context.now = now;
        self.chat.handle_hashed(&mut self.context, ticket, hashed);
        self.settle();
    }

    /// Whether anything accepted is still on its way to storage.
    #[must_use]
    pub fn is_storing(&self) -> bool {
        self.context.is_storing()
    }

    /// Stores what was put off, before a stop.
    pub fn prepare_stop(&mut self) {
        self.chat.prepare_stop(&mut self.context);
    }

    /// Tells everyone who is signed in that the server is about to stop.
    pub fn announce_stop(&mut self) {
        self.chat.announce_stop(&mut self.context);
        self.settle();
    }

    /// The last entry of the log that is applied.
    #[must_use]
    pub fn applied(&self) -> Sequence {
        self.context.applied
    }

    /// Who there is and who belongs to what: the fold of the log up to [`Self::applied`].
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.chat.directory()
    }

    /// The next thing to do. Call it until it answers [`Action::Wait`]. What several inputs in a row
    /// lead to is put together: so pass in all that has arrived, and then drain.
    pub fn poll(&mut self) -> Action {
        loop {
            if let Some(action) = self.context.next_action() {
                return action;
            }
            if !self.sessions.flush_next(&mut self.context) {
                return Action::Wait(self.context.timers.next());
            }
            self.settle();
        }
    }

    /// Hands new messages out, as many as one turn may.
    fn fan_out(&mut self) {
        self.chat.fan_out(&mut self.context);
        self.settle();
    }

    /// Passes on what was asked and told, until nothing is left.
    fn settle(&mut self) {
        loop {
            if let Some((key, update)) = self.context.next_update() {
                self.sessions.update(&mut self.context, key, &update);
            } else if let Some((key, request)) = self.context.next_request() {
                self.chat.handle(&mut self.context, key, request);
            } else {
                return;
            }
        }
    }
}
