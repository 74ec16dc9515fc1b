//! What was said about a line since: corrections, and signs beside it.

use netchat_client::reaction::{Reaction, Sign};
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::SortedMap;

/// Most reactions to one line that a page keeps. A server allows fewer; further ones are not shown.
const REACTIONS_MAX: usize = 1_024;

/// What has changed in a line. Each change is folded once, however often and in whatever order it
/// arrives: the one with the highest place holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    edited: Option<Sequence>,
    /// By sign and person: the latest that was said, and whether the sign is there since.
    reactions: SortedMap<(Sign, UserName), (Sequence, bool)>,
}

impl Changes {
    /// Whether its author has corrected it.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.edited.is_some()
    }

    /// The signs beside it, and who put each there.
    #[must_use]
    pub fn signs(&self) -> Vec<(Sign, Vec<UserName>)> {
        let mut signs = Vec::<(Sign, Vec<UserName>)>::new();
        for ((sign, who), (_, is_there)) in self.reactions.iter() {
            if !*is_there {
                continue;
            }
            // They are in the order of the signs.
            match signs.last_mut().filter(|(last, _)| last == sign) {
                Some((_, people)) => people.push(who.clone()),
                None => signs.push((sign.clone(), vec![who.clone()])),
            }
        }
        signs
    }

    /// A correction: whether it is later than the one that holds.
    pub(super) fn edit(&mut self, at: Sequence) -> bool {
        let is_later = Some(at) > self.edited;
        if is_later {
            self.edited = Some(at);
        }
        is_later
    }

    /// Somebody puts a sign there, or takes it away: whether that is news.
    pub(super) fn react(&mut self, at: Sequence, who: UserName, reaction: Reaction) -> bool {
        let key = (reaction.sign, who);
        let is_later = self.reactions.get(&key).is_none_or(|(before, _)| *before < at);
        let has_room = self.reactions.len() < REACTIONS_MAX || self.reactions.contains_key(&key);
        if is_later && has_room {
            self.reactions.insert(key, (at, reaction.is_added));
        }
        is_later && has_room
    }

    /// The line was taken back, with everything that was said about it.
    pub(super) fn take_back(&mut self) {
        *self = Self::default();
    }
}
