//! The sessions of an account, as its user sees and ends them: tokens, and sessions of clients that have
//! none for as long as they are here.

use std::collections::BTreeMap;

use netchat_shared::extended::{AccountSession, AccountSessionId};

use super::people::People;
use super::presence::SessionOfUser;
use super::tokens::{Tokens, used_at};
use crate::context::{Busy, Context};
use crate::events::{SessionKey, Update};
use crate::limits::SESSIONS_LISTED_MAX;
use crate::storage::{Stored, Ticket, TokenHash, UserId, Write};

/// In the id of a session without a token; never in that of a token.
const WITHOUT_TOKEN: u64 = 1 << 63;

/// What a user's sessions are, as one of them asks: at most [`SESSIONS_LISTED_MAX`].
pub(super) fn list(
    tokens: &Tokens,
    people: &People,
    (key, user): (SessionKey, UserId),
) -> Vec<AccountSession> {
    let own = people.presence.session(key).and_then(|session| session.token);
    let kept = tokens.of(user).map(|token| AccountSession {
        id: id_of(token.hash),
        since: token.since,
        seen: used_at(token),
        is_online: people.presence.all_of(user).any(|(_, it)| it.token == Some(token.hash)),
        is_this: own == Some(token.hash),
        device: token.device.clone(),
    });
    let others = people.presence.all_of(user).filter(|(_, it)| it.token.is_none());
    let others = others.map(|(key, session)| AccountSession {
        id: id_without_token(key),
        since: session.since,
        seen: session.since,
        is_online: true,
        is_this: false,
        device: None,
    });
    kept.chain(others).take(SESSIONS_LISTED_MAX).collect()
}

/// Sessions of a user: by their tokens, and links of clients that have none.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) tokens: Vec<TokenHash>,
    pub(super) keys: Vec<SessionKey>,
}

/// Sessions of a user that are to end.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) user: UserId,
    /// Who asked for it.
    pub(super) key: SessionKey,
    pub(super) ends: Ends,
}

/// What is being ended, until it is stored: at most one for each session, which asks for nothing else
/// meanwhile.
#[derive(Debug, Default)]
pub(super) struct Endings {
    pending: BTreeMap<Ticket, Ending>,
}

impl Endings {
    /// Their tokens are good no more from now on. Their links end, and who asked is told, when that is
    /// stored: what was said to be ended does not come back with a server that dies.
    pub(super) fn begin(
        &mut self,
        cx: &mut Context,
        tokens: &mut Tokens,
        people: &People,
        ending: Ending,
    ) {
        if ending.ends.tokens.is_empty() {
            return finish(cx, people, &ending);
        }
        match cx.store(Write::EndTokens(ending.ends.tokens.clone())) {
            Ok(ticket) => {
                set_ended(tokens, &ending, true);
                self.pending.insert(ticket, ending);
            }
            Err(Busy) => cx.update(ending.key, Update::SessionsEnded(0)),
        }
    }

    /// Storage has answered. False if nothing was ended by that.
    pub(super) fn handle_stored(
        &mut self,
        cx: &mut Context,
        tokens: &mut Tokens,
        people: &People,
        ticket: Ticket,
        stored: &Stored,
    ) -> bool {
        let Some(ending) = self.pending.remove(&ticket) else { return false };
        match stored {
            Stored::Done | Stored::Placed(_) => {
                forget_surplus(cx, tokens, ending.user);
                finish(cx, people, &ending);
            }
            Stored::Failed => {
                set_ended(tokens, &ending, false);
                cx.update(ending.key, Update::SessionsEnded(0));
            }
        }
        true
    }
}

/// Which session of a user gives way to this one, if they have as many as they may: one that is not heard,
/// if there is one; else one of the same client; and of those the oldest.
pub(super) fn surplus(cx: &Context, people: &People, new: &SessionOfUser) -> Option<SessionKey> {
    let all = || people.presence.all_of(new.user);
    if all().count() < cx.settings.quotas.sessions {
        return None;
    }
    let is_same = |session: &SessionOfUser| session.token.is_some() && session.token == new.token;
    let order =
        |(key, session): &(SessionKey, SessionOfUser)| (!session.is_away, !is_same(session), *key);
    all().min_by_key(order).map(|(key, _)| key)
}

/// The session of a user that has this id, if there is one.
pub(super) fn find(tokens: &Tokens, people: &People, user: UserId, id: AccountSessionId) -> Ends {
    let kept = tokens.of(user).map(|token| token.hash).filter(|hash| id_of(*hash) == id);
    let others = without_token(people, user).filter(|key| id_without_token(*key) == id);
    Ends { tokens: kept.take(1).collect(), keys: others.take(1).collect() }
}

/// All sessions of a user but that of a link: not only those that are listed.
pub(super) fn others(tokens: &Tokens, people: &People, (key, user): (SessionKey, UserId)) -> Ends {
    let own = people.presence.session(key).and_then(|session| session.token);
    let kept = tokens.of(user).map(|token| token.hash).filter(|hash| Some(*hash) != own);
    let others = without_token(people, user).filter(|other| *other != key);
    Ends { tokens: kept.collect(), keys: others.collect() }
}

/// Ends sessions without waiting for storage, and tells nobody: it is known there, or the link that
/// would be told ends too.
pub(super) fn end_at_once(cx: &mut Context, tokens: &mut Tokens, people: &People, ending: &Ending) {
    if !ending.ends.tokens.is_empty() {
        cx.store_aside(Write::EndTokens(ending.ends.tokens.clone()));
    }
    set_ended(tokens, ending, true);
    forget_surplus(cx, tokens, ending.user);
    cut_off(cx, people, ending.user, &ending.ends.tokens, Some(ending.key));
    ending.ends.keys.iter().for_each(|key| cx.update(*key, Update::Ended));
}

/// The links that were opened with these tokens do not go on, but for one that ends by itself.
pub(super) fn cut_off(
    cx: &mut Context,
    people: &People,
    user: UserId,
    tokens: &[TokenHash],
    but: Option<SessionKey>,
) {
    for (key, session) in people.presence.all_of(user) {
        let is_one = session.token.is_some_and(|token| tokens.contains(&token));
        if is_one && Some(key) != but {
            cx.update(key, Update::Ended);
        }
    }
}

fn finish(cx: &mut Context, people: &People, ending: &Ending) {
    let Ending { user, key, ends } = ending;
    let count = u32::try_from(ends.tokens.len() + ends.keys.len()).unwrap_or(u32::MAX);
    cx.update(*key, Update::SessionsEnded(count));
    cut_off(cx, people, *user, &ends.tokens, None);
    ends.keys.iter().for_each(|key| cx.update(*key, Update::Ended));
}

fn set_ended(tokens: &mut Tokens, ending: &Ending, is_ended: bool) {
    ending.ends.tokens.iter().for_each(|token| tokens.set_ended(*token, is_ended));
}

/// Of tokens that were ended long ago, nobody needs to be told.
fn forget_surplus(cx: &mut Context, tokens: &mut Tokens, user: UserId) {
    while let Some(surplus) = tokens.ended_surplus(user) {
        tokens.forget(surplus);
        cx.store_aside(Write::RemoveToken(surplus));
    }
}

fn without_token(people: &People, user: UserId) -> impl Iterator<Item = SessionKey> {
    let links = people.presence.all_of(user).filter(|(_, it)| it.token.is_none());
    links.map(|(key, _)| key)
}

/// A part of the hash: it says nothing of the token.
fn id_of(token: TokenHash) -> AccountSessionId {
    let [a, b, c, d, e, f, g, h, ..] = token.0;
    AccountSessionId(u64::from_be_bytes([a, b, c, d, e, f, g, h]) & !WITHOUT_TOKEN)
}

fn id_without_token(key: SessionKey) -> AccountSessionId {
    AccountSessionId(key.0 | WITHOUT_TOKEN)
}
