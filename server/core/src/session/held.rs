//! What all sessions together hold of messages that are not whole or not read yet: one bound, and at it
//! the session that holds the most gives way. Its client begins a new link and says the same again.

use std::collections::{BTreeMap, BTreeSet};

use crate::events::SessionKey;

/// See the module's documentation. Only sessions that hold something are in it.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: BTreeMap<SessionKey, usize>,
    by_bytes: BTreeSet<(usize, SessionKey)>,
    total: usize,
}

impl Held {
    /// A session holds so much now.
    pub(super) fn set(&mut self, key: SessionKey, bytes: usize) {
        let before = match bytes {
            0 => self.bytes.remove(&key),
            _ => self.bytes.insert(key, bytes),
        };
        if before == Some(bytes) {
            return;
        }
        if let Some(before) = before {
            self.by_bytes.remove(&(before, key));
            self.total -= before;
        }
        if bytes > 0 {
            self.by_bytes.insert((bytes, key));
            self.total += bytes;
        }
    }

    /// Who has to give way so that all together hold no more than that.
    pub(super) fn too_much(&self, bytes_max: usize) -> Option<SessionKey> {
        self.by_bytes.last().filter(|_| self.total > bytes_max).map(|&(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_bound_whoever_holds_the_most_gives_way() {
        let (mut held, keys) = (Held::default(), [1, 2, 3].map(SessionKey));
        held.set(keys[0], 40);
        held.set(keys[1], 50);
        held.set(keys[2], 10);
        assert_eq!(held.too_much(100), None);
        held.set(keys[2], 11);
        assert_eq!(held.too_much(100), Some(keys[1]));
        held.set(keys[1], 0);
        assert_eq!((held.total, held.too_much(50)), (51, Some(keys[0])));
        held.set(keys[0], 1);
        held.set(keys[0], 1);
        assert_eq!((held.total, held.by_bytes.len()), (12, 2));
        keys.iter().for_each(|&key| held.set(key, 0));
        assert!(held.total == 0 && held.by_bytes.is_empty() && held.bytes.is_empty());
    }
}
