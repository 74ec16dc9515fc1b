//! Who is online.
//!
//! A server tells, by itself, of those with whom one shares a conversation. Everyone else is asked
//! for, page by page, while somebody looks at the list.

use super::super::{Common, Event, Online};
use crate::limits::ONLINE_NAMES_MAX;
use netchat_shared::classic::{Roster, RosterEntry};
use netchat_shared::extended::ClientMessage;
use netchat_shared::list::List;
use netchat_shared::name::UserName;
use netchat_shared::sorted::SortedSet;

#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Those that are told without being asked for.
    contacts: SortedSet<UserName>,
    /// How many are online.
    count: u32,
    /// Somebody wants the whole list, and every change of it.
    is_watched: bool,
    /// Somebody wants to see it once.
    is_listing: bool,
    listing: Listing,
    /// What is known of the whole list.
    everyone: SortedSet<UserName>,
    /// The list is not looked at any more, and the server does not know.
    is_to_unwatch: bool,
}

/// How far the whole list is known on this link.
#[derive(Debug, Default, PartialEq, Eq)]
enum Listing {
    #[default]
    None,
    /// The page behind that name is to be asked for.
    Wanted(Option<UserName>),
    Asked(Option<UserName>),
    /// All of it, or as much as is kept; the server tells of changes.
    Known {
        is_whole: bool,
    },
}

impl Presence {
    pub(super) fn link_opened(&mut self) {
        self.is_to_unwatch = false;
        self.listing = Listing::None;
        self.list_if_wanted();
    }

    pub(super) fn link_lost(&mut self, common: &mut Common) {
        self.everyone.clear();
        self.count = 0;
        self.listing = Listing::None;
        if !std::mem::take(&mut self.contacts).is_empty() || self.is_watched {
            self.tell(common);
        }
    }

    /// Changes may have been missed.
    pub(super) fn link_was_full(&mut self) {
        if self.listing != Listing::None {
            self.everyone.clear();
            self.listing = Listing::None;
            self.list_if_wanted();
        }
    }

    pub(super) fn watch(&mut self) {
        self.is_watched = true;
        self.list_if_wanted();
    }

    pub(super) fn unwatch(&mut self, common: &mut Common) {
        if std::mem::take(&mut self.is_watched) && !self.is_listing {
            self.stop_listing();
            self.tell(common);
        }
    }

    /// The whole list is to be told once.
    pub(super) fn list_once(&mut self, common: &mut Common) {
        self.is_listing = true;
        self.list_if_wanted();
        self.tell_if_listed(common);
    }

    pub(super) fn is_listing(&self) -> bool {
        self.is_listing
    }

    /// What the server is to be asked.
    pub(super) fn question(&self) -> Option<ClientMessage> {
        match &self.listing {
            Listing::Wanted(after) => Some(ClientMessage::Watch(after.clone())),
            Listing::None if self.is_to_unwatch => Some(ClientMessage::Unwatch),
            Listing::None | Listing::Asked(_) | Listing::Known { .. } => None,
        }
    }

    /// It was asked.
    pub(super) fn note_asked(&mut self) {
        match std::mem::take(&mut self.listing) {
            Listing::Wanted(after) => {
                self.listing = Listing::Asked(after);
                self.is_to_unwatch = false;
            }
            Listing::None => self.is_to_unwatch = false,
            other @ (Listing::Asked(_) | Listing::Known { .. }) => self.listing = other,
        }
    }

    /// The list of contacts begins anew.
    pub(super) fn handle_online(&mut self, count: u32, names: List<UserName>, common: &mut Common) {
        self.contacts = names.into_iter().collect();
        self.count = count;
        self.tell(common);
    }

    pub(super) fn handle_page(&mut self, names: List<UserName>, more: bool, common: &mut Common) {
        let Listing::Asked(after) = std::mem::take(&mut self.listing) else {
            // Of a list that began anew since: it comes again.
            return self.list_if_wanted();
        };
        let last = names.last().cloned();
        extend(&mut self.everyone, names);
        let goes_on = more && last > after && self.everyone.len() < ONLINE_NAMES_MAX;
        self.listing = match goes_on {
            true => Listing::Wanted(last),
            false => Listing::Known { is_whole: !more },
        };
        self.tell_if_listed(common);
        self.tell(common);
    }

    pub(super) fn handle_came(&mut self, names: List<UserName>, common: &mut Common) {
        // While the list is watched, the server tells of everyone: whether they are contacts is
        // not known.
        match self.listing {
            Listing::None => {
                let before = self.contacts.len();
                extend(&mut self.contacts, names);
                let came = u32::try_from(self.contacts.len() - before).unwrap_or(u32::MAX);
                self.count = self.count.saturating_add(came);
            }
            Listing::Wanted(_) | Listing::Asked(_) | Listing::Known { .. } => {
                extend(&mut self.everyone, names);
            }
        }
        self.tell(common);
    }

    pub(super) fn handle_left(&mut self, names: List<UserName>, common: &mut Common) {
        for name in names {
            let was_known = self.contacts.remove(&name) | self.everyone.remove(&name);
            self.count = self.count.saturating_sub(u32::from(was_known));
        }
        self.tell(common);
    }

    pub(super) fn handle_count(&mut self, count: u32, common: &mut Common) {
        if self.count != count {
            self.count = count;
            self.tell(common);
        }
    }

    fn list_if_wanted(&mut self) {
        if (self.is_watched || self.is_listing) && self.listing == Listing::None {
            self.listing = Listing::Wanted(None);
        }
    }

    fn stop_listing(&mut self) {
        let was_asked = !matches!(self.listing, Listing::None | Listing::Wanted(None));
        self.is_to_unwatch |= was_asked;
        self.listing = Listing::None;
        self.everyone.clear();
    }

    /// The list was wanted once, and is there.
    fn tell_if_listed(&mut self, common: &mut Common) {
        if !self.is_listing || !matches!(self.listing, Listing::Known { .. }) {
            return;
        }
        self.is_listing = false;
        let entry = |name: &UserName| RosterEntry { address: None, name: name.to_string() };
        let entries = self.names().iter().map(entry).collect();
        common.tell(Event::ActiveList(Roster { entries }));
        if !self.is_watched {
            self.stop_listing();
        }
    }

    fn names(&self) -> SortedSet<UserName> {
        let mut names = self.contacts.clone();
        names.extend(self.everyone.iter().cloned());
        names
    }

    fn tell(&self, common: &mut Common) {
        let names = self.names();
        // The number is told apart from the changes: it may be a little behind, or before.
        let known = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let is_whole = self.listing == Listing::Known { is_whole: true };
        let is_complete = is_whole && known >= self.count;
        common.tell(Event::Online(Online { names, count: self.count.max(known), is_complete }));
    }
}

fn extend(names: &mut SortedSet<UserName>, more: List<UserName>) {
    for name in more {
        if names.len() < ONLINE_NAMES_MAX {
            names.insert(name);
        }
    }
}
