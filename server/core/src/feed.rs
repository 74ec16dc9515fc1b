//! How messages get from the database into a session: each session reads the one order of all
//! messages from where it stands, page by page, until it is at the end; from then on each message is
//! put in as it is stored. A session that can't take more falls behind, and reads again later: so
//! memory is bounded, and nothing is lost.

use std::sync::Arc;

use netchat_shared::time::Now;

use crate::Server;
use crate::server::LoadPending;
use crate::session::SessionKey;
use crate::storage::{Loaded, MessageRecord, Query, Sequence, StoredMessage, UserId};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// It has not asked for messages yet.
    Off,
    /// Everything up to this was put in; what comes after waits in the database.
    Behind(Sequence),
    /// The same, and a page is being read.
    Loading(Sequence),
    /// Everything that is stored was put in; the last of it was this.
    Live(Sequence),
}

/// A message that a session was handed and has not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handed {
    pub(crate) sequence: Sequence,
    pub(crate) sender: UserId,
}

impl Feed {
    /// How far the session has got.
    pub(crate) fn after(self) -> Option<Sequence> {
        match self {
            Self::Off => None,
            Self::Behind(sequence) | Self::Loading(sequence) | Self::Live(sequence) => {
                Some(sequence)
            }
        }
    }

    /// A message was put in.
    fn advance(&mut self, sequence: Sequence) {
        match self {
            Self::Off => {}
            Self::Behind(after) | Self::Loading(after) | Self::Live(after) => *after = sequence,
        }
    }
}

impl Server {
    /// A message was stored that concerns this user: puts it into each session that is at the end.
    pub(crate) fn offer(
        &mut self,
        now: Now,
        user: UserId,
        message: &Arc<MessageRecord>,
        except: Option<SessionKey>,
    ) {
        for key in self.presence.sessions(user).to_vec() {
            let Some(feed) = self.feed_mut(key) else { continue };
            // One that reads, or has read, from the database finds it there.
            let Feed::Live(after) = *feed else { continue };
            if message.sequence <= after {
                continue;
            }
            if Some(key) == except {
                feed.advance(message.sequence);
            } else if self.put(now, key, user, message) {
                if let Some(feed) = self.feed_mut(key) {
                    feed.advance(message.sequence);
                }
            } else if let Some(feed) = self.feed_mut(key) {
                *feed = Feed::Behind(after);
            }
            self.dirty.insert(key);
        }
    }

    /// Reads on, if the session is behind and has room.
    pub(crate) fn read_on(&mut self, key: SessionKey, user: UserId) {
        let Some(&mut Feed::Behind(after)) = self.feed_mut(key) else { return };
        if !self.has_room(key) {
            return;
        }
        if self.load(Query::Backlog(user, after), LoadPending::Backlog(key, user)).is_ok()
            && let Some(feed) = self.feed_mut(key)
        {
            *feed = Feed::Loading(after);
        }
    }

    /// A page was read.
    pub(crate) fn finish_backlog(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        loaded: Loaded,
    ) {
        let Some(&mut Feed::Loading(mut after)) = self.feed_mut(key) else { return };
        let Loaded::Messages(messages, is_complete) = loaded else {
            // Read again when the session is looked at next.
            return self.set_feed(key, Feed::Behind(after));
        };
        for StoredMessage { record, .. } in messages {
            if !self.put(now, key, user, &record) {
                return self.set_feed(key, Feed::Behind(after));
            }
            after = record.sequence;
        }
        self.set_feed(key, if is_complete { Feed::Live(after) } else { Feed::Behind(after) });
    }

    /// Up to where a session was given everything.
    pub(crate) fn position_of(&mut self, key: SessionKey) -> Option<Sequence> {
        self.feed_mut(key).and_then(|feed| feed.after())
    }

    /// Sets where a session stands, and has it looked at.
    pub(crate) fn set_feed(&mut self, key: SessionKey, to: Feed) {
        if let Some(feed) = self.feed_mut(key) {
            *feed = to;
            self.dirty.insert(key);
        }
    }

    /// Puts a message into a session's queue. False if there is no room.
    fn put(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        message: &Arc<MessageRecord>,
    ) -> bool {
        if self.classic.contains_key(&key) {
            self.put_classic(now, key, user, message)
        } else {
            self.put_extended(key, user, message)
        }
    }

    fn feed_mut(&mut self, key: SessionKey) -> Option<&mut Feed> {
        if let Some(session) = self.classic.get_mut(&key) {
            return session.signed_in_mut().map(|signed_in| &mut signed_in.feed);
        }
        let session = self.extended.get_mut(&key)?;
        session.signed_in_mut().map(|signed_in| &mut signed_in.feed)
    }

    fn has_room(&self, key: SessionKey) -> bool {
        if let Some(session) = self.classic.get(&key) {
            return session.signed_in().is_some_and(|signed_in| signed_in.outbox.has_room());
        }
        self.extended.get(&key).is_some_and(|session| session.has_room())
    }

    /// Whether a session of this user has the message, or will read it.
    pub(crate) fn is_in_hands(&self, user: UserId, sequence: Sequence) -> bool {
        self.presence.sessions(user).iter().any(|key| {
            if let Some(session) = self.classic.get(key) {
                return session.signed_in().is_some_and(|signed_in| {
                    signed_in.outbox.has(sequence)
                        || signed_in.feed.after().is_some_and(|after| after < sequence)
                });
            }
            let signed_in = self.extended.get(key).and_then(|session| session.signed_in());
            signed_in.is_some_and(|signed_in| {
                signed_in.handed.iter().any(|handed| handed.sequence == sequence)
                    || signed_in.feed.after().is_some_and(|after| after < sequence)
            })
        })
    }
}
