//! Short lines about what has happened, one at a time.

use std::collections::VecDeque;

/// Most notices that wait to be shown. The oldest that only says something makes room: what can be undone is
/// done when its notice goes, so none of those may get lost.
const NOTICES_MAX: usize = 8;

/// A line about something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its name on this page.
    pub id: u64,
    /// What it says.
    pub text: String,
    /// What it offers.
    pub offer: Offer,
}

/// What a notice offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Nothing: it goes after a moment.
    Nothing,
    /// What was asked for is done after a moment, unless it is undone.
    Undo,
    /// To be told by the system: it stays.
    Notifications,
    /// A newer version of the page: it stays.
    Reload,
}

/// The notices that wait; the first is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notices {
    waiting: VecDeque<Notice>,
    last_id: u64,
}

impl Notices {
    /// Says something. What can be undone is shown at once, before what waits.
    pub(super) fn say(&mut self, text: String, offer: Offer) -> u64 {
        if matches!(offer, Offer::Reload | Offer::Notifications) {
            self.waiting.retain(|notice| notice.offer != offer);
        }
        self.last_id += 1;
        if self.waiting.len() >= NOTICES_MAX {
            let oldest = self.waiting.iter().position(|notice| notice.offer == Offer::Nothing);
            oldest.into_iter().for_each(|at| drop(self.waiting.remove(at)));
        }
        let notice = Notice { id: self.last_id, text, offer };
        match offer {
            Offer::Undo => self.waiting.push_front(notice),
            Offer::Nothing | Offer::Notifications | Offer::Reload => self.waiting.push_back(notice),
        }
        self.last_id
    }

    /// Takes one away.
    pub(super) fn dismiss(&mut self, id: u64) {
        self.waiting.retain(|notice| notice.id != id);
    }

    /// The one that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Notice> {
        self.waiting.front()
    }

    /// How many wait behind it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len().saturating_sub(1)
    }
}
