//! What clients may resume with.

use std::collections::BTreeMap;

use netchat_shared::extended::Token;
use netchat_shared::time::UnixTime;
use sha2::{Digest as _, Sha256};

use crate::limits::{TOKEN_LIFETIME, TOKENS_PER_USER_MAX};
use crate::storage::{TokenHash, UserId};

/// The tokens in memory, as storage has them: only their hashes.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_hash: BTreeMap<TokenHash, Grant>,
    by_user: BTreeMap<UserId, Vec<TokenHash>>,
    /// The clock has jumped: nothing ends by it.
    clock_is_wrong: bool,
}

#[derive(Debug, Clone, Copy)]
struct Grant {
    user: UserId,
    expires_at: UnixTime,
}

impl Tokens {
    pub(crate) fn load(tokens: Vec<(TokenHash, UserId, UnixTime)>) -> Self {
        let mut loaded = Self::default();
        for (hash, user, expires_at) in tokens {
            loaded.by_hash.insert(hash, Grant { user, expires_at });
            loaded.by_user.entry(user).or_default().push(hash);
        }
        loaded
    }

    /// Notes that a token was given or used: it is good for a full lifetime from now on. Answers
    /// until when, and which token makes room for it, if any.
    pub(crate) fn grant(
        &mut self,
        now: UnixTime,
        token: TokenHash,
        user: UserId,
    ) -> (UnixTime, Option<TokenHash>) {
        let lifetime_ms = u64::try_from(TOKEN_LIFETIME.as_millis()).unwrap_or(u64::MAX);
        let expires_at = UnixTime { millis: now.millis.saturating_add(lifetime_ms) };
        if self.by_hash.insert(token, Grant { user, expires_at }).is_none() {
            self.by_user.entry(user).or_default().push(token);
        }
        let of_user = self.by_user.get(&user).map_or(&[][..], Vec::as_slice);
        let oldest = of_user.iter().min_by_key(|hash| self.by_hash[hash].expires_at).copied();
        let oldest = oldest.filter(|_| of_user.len() > TOKENS_PER_USER_MAX);
        if let Some(oldest) = oldest {
            self.revoke(oldest);
        }
        (expires_at, oldest)
    }

    /// Whose token it is, if it is good.
    pub(crate) fn user(&self, now: UnixTime, token: TokenHash) -> Option<UserId> {
        let grant = self.by_hash.get(&token)?;
        (self.clock_is_wrong || now < grant.expires_at).then_some(grant.user)
    }

    /// Whether tokens end by what the clock says.
    pub(crate) fn set_clock_trusted(&mut self, is_trusted: bool) {
        self.clock_is_wrong = !is_trusted;
    }

    /// Forgets tokens that ended before.
    pub(crate) fn forget_expired(&mut self, before: UnixTime) {
        let expired = self.by_hash.iter().filter(|(_, grant)| grant.expires_at < before);
        let expired: Vec<_> = expired.map(|(hash, _)| *hash).collect();
        expired.into_iter().for_each(|hash| self.revoke(hash));
    }

    /// It is worth nothing any more.
    pub(crate) fn revoke(&mut self, token: TokenHash) {
        if let Some(grant) = self.by_hash.remove(&token)
            && let Some(of_user) = self.by_user.get_mut(&grant.user)
        {
            of_user.retain(|hash| *hash != token);
            if of_user.is_empty() {
                self.by_user.remove(&grant.user);
            }
        }
    }
}

/// What is kept of a token.
pub(crate) fn hash(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.reveal()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_expire_and_the_oldest_makes_room() {
        let mut tokens = Tokens::default();
        let (alice, bob) = (UserId(1), UserId(2));
        let token = |n: u8| TokenHash([n; 32]);
        let at = |millis| UnixTime { millis };
        tokens.grant(at(0), token(0), alice);
        let (expires_at, _) = tokens.grant(at(1), token(1), bob);
        assert_eq!(tokens.user(at(5), token(0)), Some(alice));
        assert_eq!(tokens.user(expires_at, token(1)), None);
        tokens.set_clock_trusted(false);
        assert_eq!(tokens.user(expires_at, token(1)), Some(bob), "the clock may be wrong");
        tokens.set_clock_trusted(true);
        for n in 2..=TOKENS_PER_USER_MAX as u8 {
            assert_eq!(tokens.grant(at(u64::from(n)), token(n), alice).1, None);
        }
        let (_, removed) = tokens.grant(at(99), token(99), alice);
        assert_eq!(removed, Some(token(0)));
        assert_eq!(tokens.user(at(99), token(0)), None);
        tokens.revoke(token(99));
        assert_eq!(tokens.user(at(99), token(99)), None);
    }
}
