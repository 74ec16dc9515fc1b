//! What clients may resume with: the sessions of each account, as far as they outlive a link.

use std::collections::BTreeMap;

use netchat_shared::extended::{DeviceName, Token};
use netchat_shared::time::UnixTime;
use sha2::{Digest as _, Sha256};

use crate::limits::{TOKEN_LIFETIME, TOKEN_RENEWAL_INTERVAL, TOKENS_PER_USER_MAX};
use crate::storage::{TokenHash, TokenRecord, UserId};

/// The tokens in memory, as storage has them: only their hashes.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_hash: BTreeMap<TokenHash, TokenRecord>,
    by_user: BTreeMap<UserId, Vec<TokenHash>>,
    /// The clock has jumped: nothing ends by it.
    clock_is_wrong: bool,
}

impl Tokens {
    pub(crate) fn load(tokens: Vec<TokenRecord>) -> Self {
        let mut loaded = Self::default();
        for token in tokens {
            loaded.by_user.entry(token.user).or_default().push(token.hash);
            loaded.by_hash.insert(token.hash, token);
        }
        loaded
    }

    /// A token was given, good for a full lifetime from now on.
    pub(crate) fn grant(&mut self, now: UnixTime, hash: TokenHash, user: UserId) -> TokenRecord {
        let expires_at = now + TOKEN_LIFETIME;
        let token = TokenRecord { hash, user, since: now, expires_at, device: None };
        self.by_hash.insert(hash, token.clone());
        self.by_user.entry(user).or_default().push(hash);
        token
    }

    /// Which of a user's tokens makes room, if they have more than they may: one that nobody is
    /// connected with, if there is one, and of those the one that was used longest ago.
    pub(crate) fn surplus(
        &self,
        user: UserId,
        is_connected: impl Fn(TokenHash) -> bool,
    ) -> Option<TokenHash> {
        let of_user = self.by_user.get(&user).filter(|all| all.len() > TOKENS_PER_USER_MAX)?;
        let order = |hash: &&TokenHash| (is_connected(**hash), self.by_hash[*hash].expires_at);
        of_user.iter().min_by_key(order).copied()
    }

    /// A token is used, and so good for a full lifetime from now on. Answers what is to be stored of
    /// it: nothing, if there is no such token (any more).
    pub(crate) fn renew(&mut self, now: UnixTime, hash: TokenHash) -> Option<TokenRecord> {
        let token = self.by_hash.get_mut(&hash)?;
        token.expires_at = now + TOKEN_LIFETIME;
        Some(token.clone())
    }

    /// The same for one that is in use all the time: now and then is enough.
    pub(crate) fn renew_in_use(&mut self, now: UnixTime, hash: TokenHash) -> Option<TokenRecord> {
        let expires_at = self.by_hash.get(&hash)?.expires_at;
        let is_due = expires_at + TOKEN_RENEWAL_INTERVAL <= now + TOKEN_LIFETIME;
        is_due.then(|| self.renew(now, hash)).flatten()
    }

    /// What its client calls itself. Answers what is to be stored, if that is news.
    pub(crate) fn describe(&mut self, hash: TokenHash, device: &DeviceName) -> Option<TokenRecord> {
        let token = self.by_hash.get_mut(&hash)?;
        let is_news = token.device.as_ref() != Some(device);
        is_news.then(|| {
            token.device = Some(device.clone());
            token.clone()
        })
    }

    /// Whose token it is, if it is good.
    pub(crate) fn user(&self, now: UnixTime, token: TokenHash) -> Option<UserId> {
        let token = self.by_hash.get(&token)?;
        (self.clock_is_wrong || now < token.expires_at).then_some(token.user)
    }

    /// The tokens of a user, the earliest given first.
    pub(crate) fn of(&self, user: UserId) -> impl Iterator<Item = &TokenRecord> {
        let hashes = self.by_user.get(&user).into_iter().flatten();
        hashes.filter_map(|hash| self.by_hash.get(hash))
    }

    /// Whether tokens end by what the clock says.
    pub(crate) fn set_clock_trusted(&mut self, is_trusted: bool) {
        self.clock_is_wrong = !is_trusted;
    }

    /// Forgets tokens that ended before.
    pub(crate) fn forget_expired(&mut self, before: UnixTime) {
        let expired = self.by_hash.values().filter(|token| token.expires_at < before);
        let expired: Vec<_> = expired.map(|token| token.hash).collect();
        expired.into_iter().for_each(|hash| self.revoke(hash));
    }

    /// It is worth nothing any more.
    pub(crate) fn revoke(&mut self, token: TokenHash) {
        if let Some(token) = self.by_hash.remove(&token)
            && let Some(of_user) = self.by_user.get_mut(&token.user)
        {
            of_user.retain(|hash| *hash != token.hash);
            if of_user.is_empty() {
                self.by_user.remove(&token.user);
            }
        }
    }
}

/// What is kept of a token.
pub(crate) fn hash(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.reveal()).into())
}

/// When a token was used last.
pub(crate) fn used_at(token: &TokenRecord) -> UnixTime {
    token.expires_at - TOKEN_LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn token(n: u8) -> TokenHash {
        TokenHash([n; 32])
    }

    fn at(millis: u64) -> UnixTime {
        UnixTime { millis }
    }

    fn grant(tokens: &mut Tokens, now: u64, n: u8, user: UserId) -> TokenRecord {
        tokens.grant(at(now), token(n), user)
    }

    #[test]
    fn tokens_expire_unless_they_are_used() {
        let mut tokens = Tokens::default();
        grant(&mut tokens, 0, 0, ALICE);
        let expires_at = grant(&mut tokens, 1, 1, BOB).expires_at;
        assert_eq!(tokens.user(at(5), token(0)), Some(ALICE));
        assert_eq!(tokens.user(expires_at, token(1)), None);
        tokens.set_clock_trusted(false);
        assert_eq!(tokens.user(expires_at, token(1)), Some(BOB), "the clock may be wrong");
        tokens.set_clock_trusted(true);
        let renewed = tokens.renew(at(5), token(1)).unwrap();
        assert_eq!((used_at(&renewed), renewed.since), (at(5), at(1)));
        assert_eq!(tokens.user(expires_at, token(1)), Some(BOB));
        tokens.revoke(token(1));
        assert_eq!(tokens.user(at(5), token(1)), None);
        assert_eq!(tokens.renew(at(5), token(1)), None, "it is not made good again");
        assert_eq!(tokens.of(BOB).count(), 0);
    }

    #[test]
    fn one_that_is_in_use_is_renewed_now_and_then() {
        let mut tokens = Tokens::default();
        grant(&mut tokens, 0, 0, ALICE);
        let day = u64::try_from(TOKEN_RENEWAL_INTERVAL.as_millis()).unwrap();
        assert_eq!(tokens.renew_in_use(at(day - 1), token(0)), None);
        assert!(tokens.renew_in_use(at(day), token(0)).is_some());
        assert_eq!(tokens.renew_in_use(at(day), token(0)), None);
    }

    #[test]
    fn the_one_used_longest_ago_makes_room_if_nobody_is_connected_with_it() {
        let mut tokens = Tokens::default();
        for n in 0..TOKENS_PER_USER_MAX as u8 {
            grant(&mut tokens, u64::from(n), n, ALICE);
        }
        assert_eq!(tokens.surplus(ALICE, |_| false), None);
        grant(&mut tokens, 99, 99, ALICE);
        tokens.renew(at(100), token(0));
        assert_eq!(tokens.surplus(ALICE, |_| false), Some(token(1)));
        assert_eq!(tokens.surplus(ALICE, |hash| hash == token(1)), Some(token(2)));
        assert_eq!(tokens.surplus(ALICE, |_| true), Some(token(1)));
    }

    #[test]
    fn what_a_client_calls_itself_is_stored_when_it_is_news() {
        let mut tokens = Tokens::default();
        grant(&mut tokens, 0, 0, ALICE);
        let device: DeviceName = "Linux".parse().unwrap();
        assert!(tokens.describe(token(0), &device).is_some());
        assert_eq!(tokens.describe(token(0), &device), None);
    }
}
