//! What clients may resume with: the sessions of each account, as far as they outlive a link.

use std::collections::BTreeMap;

use netchat_shared::extended::{DeviceName, Token};
use netchat_shared::time::UnixTime;
use sha2::{Digest as _, Sha256};

use crate::limits::{
    TOKEN_LIFETIME, TOKEN_RENEWAL_INTERVAL, TOKENS_ENDED_PER_USER_MAX, TOKENS_PER_USER_MAX,
};
use crate::storage::{TokenHash, TokenRecord, UserId};

/// The tokens in memory, as storage has them: only their hashes.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_hash: BTreeMap<TokenHash, TokenRecord>,
    by_user: BTreeMap<UserId, Vec<TokenHash>>,
    /// The clock has jumped: nothing ends by it.
    clock_is_wrong: bool,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is that user's.
    Good(UserId),
    /// Its user has ended it.
    Ended,
    /// It is not known, or not any more.
    Unknown,
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
        let token =
            TokenRecord { hash, user, since: now, expires_at, device: None, is_ended: false };
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
        if self.of(user).count() <= TOKENS_PER_USER_MAX {
            return None;
        }
        let order = |token: &&TokenRecord| (is_connected(token.hash), token.expires_at);
        self.of(user).min_by_key(order).map(|token| token.hash)
    }

    /// A token is used, and so good for a full lifetime from now on. Answers what is to be stored of
    /// it: nothing, if there is no such token (any more).
    pub(crate) fn renew(&mut self, now: UnixTime, hash: TokenHash) -> Option<TokenRecord> {
        let token = self.by_hash.get_mut(&hash).filter(|token| !token.is_ended)?;
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
        let token = self.by_hash.get_mut(&hash).filter(|token| !token.is_ended)?;
        let is_news = token.device.as_ref() != Some(device);
        is_news.then(|| {
            token.device = Some(device.clone());
            token.clone()
        })
    }

    pub(crate) fn standing(&self, now: UnixTime, token: TokenHash) -> Standing {
        match self.by_hash.get(&token) {
            Some(token) if token.is_ended => Standing::Ended,
            Some(token) if self.clock_is_wrong || now < token.expires_at => {
                Standing::Good(token.user)
            }
            Some(_) | None => Standing::Unknown,
        }
    }

    /// The tokens of a user that were not ended, the earliest given first.
    pub(crate) fn of(&self, user: UserId) -> impl Iterator<Item = &TokenRecord> {
        self.all_of(user).filter(|token| !token.is_ended)
    }

    /// Whether tokens end by what the clock says.
    pub(crate) fn set_clock_trusted(&mut self, is_trusted: bool) {
        self.clock_is_wrong = !is_trusted;
    }

    /// Forgets tokens that ended before.
    pub(crate) fn forget_expired(&mut self, before: UnixTime) {
        let expired = self.by_hash.values().filter(|token| token.expires_at < before);
        let expired: Vec<_> = expired.map(|token| token.hash).collect();
        expired.into_iter().for_each(|hash| self.forget(hash));
    }

    /// It is good no more, or, if that could not be stored, as it was.
    pub(crate) fn set_ended(&mut self, token: TokenHash, is_ended: bool) {
        if let Some(token) = self.by_hash.get_mut(&token) {
            token.is_ended = is_ended;
        }
    }

    /// Which of a user's ended tokens is to be forgotten, if there are more than are kept.
    pub(crate) fn ended_surplus(&self, user: UserId) -> Option<TokenHash> {
        let ended = || self.all_of(user).filter(|token| token.is_ended);
        let is_surplus = ended().count() > TOKENS_ENDED_PER_USER_MAX;
        let oldest = ended().min_by_key(|token| token.expires_at).filter(|_| is_surplus);
        oldest.map(|token| token.hash)
    }

    /// Nothing is known of it any more.
    pub(crate) fn forget(&mut self, token: TokenHash) {
        if let Some(token) = self.by_hash.remove(&token)
            && let Some(of_user) = self.by_user.get_mut(&token.user)
        {
            of_user.retain(|hash| *hash != token.hash);
            if of_user.is_empty() {
                self.by_user.remove(&token.user);
            }
        }
    }

    fn all_of(&self, user: UserId) -> impl Iterator<Item = &TokenRecord> {
        let hashes = self.by_user.get(&user).into_iter().flatten();
        hashes.filter_map(|hash| self.by_hash.get(hash))
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
        assert_eq!(tokens.standing(at(5), token(0)), Standing::Good(ALICE));
        assert_eq!(tokens.standing(expires_at, token(1)), Standing::Unknown);
        tokens.set_clock_trusted(false);
        let standing = tokens.standing(expires_at, token(1));
        assert_eq!(standing, Standing::Good(BOB), "the clock may be wrong");
        tokens.set_clock_trusted(true);
        let renewed = tokens.renew(at(5), token(1)).unwrap();
        assert_eq!((used_at(&renewed), renewed.since), (at(5), at(1)));
        assert_eq!(tokens.standing(expires_at, token(1)), Standing::Good(BOB));
        tokens.forget(token(1));
        assert_eq!(tokens.standing(at(5), token(1)), Standing::Unknown);
        assert_eq!(tokens.renew(at(5), token(1)), None);
    }

    #[test]
    fn one_that_was_ended_is_known_as_such_and_not_made_good_again() {
        let mut tokens = Tokens::default();
        let expires_at = grant(&mut tokens, 0, 0, ALICE).expires_at;
        tokens.set_ended(token(0), true);
        assert_eq!(tokens.standing(at(5), token(0)), Standing::Ended);
        assert_eq!(tokens.renew(at(5), token(0)), None);
        assert_eq!(tokens.renew_in_use(expires_at, token(0)), None);
        assert_eq!(tokens.describe(token(0), &"Linux".parse().unwrap()), None);
        assert_eq!(tokens.of(ALICE).count(), 0);
        tokens.set_ended(token(0), false);
        assert_eq!(tokens.standing(at(5), token(0)), Standing::Good(ALICE));
        tokens.set_ended(token(0), true);
        tokens.forget_expired(expires_at);
        assert_eq!(tokens.standing(at(5), token(0)), Standing::Ended);
        tokens.forget_expired(at(expires_at.millis + 1));
        assert_eq!(tokens.standing(at(5), token(0)), Standing::Unknown);
    }

    #[test]
    fn of_ended_ones_the_latest_used_are_kept() {
        let mut tokens = Tokens::default();
        for n in 0..=TOKENS_ENDED_PER_USER_MAX as u8 {
            assert_eq!(tokens.ended_surplus(ALICE), None);
            grant(&mut tokens, u64::from(n), n, ALICE);
            tokens.set_ended(token(n), true);
        }
        assert_eq!(tokens.ended_surplus(ALICE), Some(token(0)));
        assert_eq!(tokens.surplus(ALICE, |_| false), None, "they take no room of others");
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
