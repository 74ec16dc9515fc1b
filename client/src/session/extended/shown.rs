//! The latest messages that were shown, to know one again that comes once more.

use std::collections::VecDeque;

use crate::limits::ARRIVALS_REMEMBERED_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sorted::SortedSet;

/// By sender and id: nobody can keep another's message from being shown by using its id first.
#[derive(Debug, Default)]
pub(super) struct Shown {
    known: SortedSet<(UserName, MessageId)>,
    in_order: VecDeque<(UserName, MessageId)>,
}

impl Shown {
    /// False if it was shown before. The earliest makes room.
    pub(super) fn insert(&mut self, sender: &UserName, id: MessageId) -> bool {
        let key = (sender.clone(), id);
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.in_order.push_back(key);
        if self.in_order.len() > ARRIVALS_REMEMBERED_MAX
            && let Some(earliest) = self.in_order.pop_front()
        {
            self.known.remove(&earliest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_latest_are_known_again_by_sender_and_id() {
        let (bob, eve) = ("bob".parse().unwrap(), "eve".parse().unwrap());
        let mut shown = Shown::default();
        assert!(shown.insert(&eve, MessageId(1)));
        assert!(shown.insert(&bob, MessageId(1)), "another sender, another message");
        assert!(!shown.insert(&bob, MessageId(1)));
        for id in 2..=1_024 {
            assert!(shown.insert(&bob, MessageId(id)));
        }
        assert!(shown.insert(&eve, MessageId(1)), "forgotten");
        assert!(!shown.insert(&bob, MessageId(2)));
    }
}
