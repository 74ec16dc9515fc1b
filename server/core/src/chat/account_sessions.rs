//! The sessions of an account, as its user sees and ends them: tokens, and sessions of clients that have
//! none for as long as they are here.

use netchat_shared::extended::{AccountSession, AccountSessionId};

use super::people::People;
use super::tokens::{Tokens, used_at};
use crate::context::Context;
use crate::events::{SessionKey, Update};
use crate::limits::SESSIONS_LISTED_MAX;
use crate::storage::{TokenHash, UserId, Write};

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

/// Ends a session of a user. Answers how many: none, if it is none of theirs.
pub(super) fn end(
    cx: &mut Context,
    tokens: &mut Tokens,
    people: &People,
    user: UserId,
    id: AccountSessionId,
) -> u32 {
    let token = tokens.of(user).map(|token| token.hash).find(|hash| id_of(*hash) == id);
    if let Some(token) = token {
        end_token(cx, tokens, people, (user, token), None);
        return 1;
    }
    let without_token = people.presence.all_of(user).filter(|(_, it)| it.token.is_none());
    let keys: Vec<_> = without_token.map(|(key, _)| key).collect();
    let key = keys.into_iter().find(|key| id_without_token(*key) == id);
    key.into_iter().for_each(|key| cx.update(key, Update::Ended));
    u32::from(key.is_some())
}

/// Ends all sessions of a user but that of a link. Answers how many.
pub(super) fn end_others(
    cx: &mut Context,
    tokens: &mut Tokens,
    people: &People,
    (key, user): (SessionKey, UserId),
) -> u32 {
    let sessions = list_ids_of_others(tokens, people, (key, user));
    sessions.into_iter().map(|id| end(cx, tokens, people, user, id)).sum()
}

/// A token is worth nothing any more, and no link that was opened with it goes on, but for one that ends
/// by itself.
pub(super) fn end_token(
    cx: &mut Context,
    tokens: &mut Tokens,
    people: &People,
    (user, token): (UserId, TokenHash),
    but: Option<SessionKey>,
) {
    tokens.revoke(token);
    cx.store_aside(Write::RemoveToken(token));
    for (key, session) in people.presence.all_of(user) {
        if session.token == Some(token) && Some(key) != but {
            cx.update(key, Update::Ended);
        }
    }
}

/// All of them: not only those that are listed.
fn list_ids_of_others(
    tokens: &Tokens,
    people: &People,
    (key, user): (SessionKey, UserId),
) -> Vec<AccountSessionId> {
    let own = people.presence.session(key).and_then(|session| session.token);
    let kept = tokens.of(user).filter(|token| Some(token.hash) != own);
    let kept = kept.map(|token| id_of(token.hash));
    let others =
        people.presence.all_of(user).filter(|(other, it)| it.token.is_none() && *other != key);
    kept.chain(others.map(|(key, _)| id_without_token(key))).collect()
}

/// A part of the hash: it says nothing of the token.
fn id_of(token: TokenHash) -> AccountSessionId {
    let [a, b, c, d, e, f, g, h, ..] = token.0;
    AccountSessionId(u64::from_be_bytes([a, b, c, d, e, f, g, h]) & !WITHOUT_TOKEN)
}

fn id_without_token(key: SessionKey) -> AccountSessionId {
    AccountSessionId(key.0 | WITHOUT_TOKEN)
}
