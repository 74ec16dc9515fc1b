//! What the person sees. Components read the [`Live`] store and hand [`Intent`]s on; they do nothing else.

#![expect(unreachable_pub, reason = "the component macro makes what it generates public")]
#![expect(
    clippy::redundant_closure,
    reason = "in a view, a closure loses its type, and a name keeps it"
)]

mod account;
mod app;
mod avatar;
mod completion;
mod composer;
mod connection;
mod conversation;
mod decision;
mod details;
mod dialogs;
mod emoji;
mod groups;
mod help;
mod icons;
mod keys;
mod later;
mod log;
mod menu;
mod modal;
mod notices;
mod panel;
mod row;
mod search;
mod shown;
mod sidebar;
mod sign_in;
mod switcher;
mod text;

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::LinkStatistics;

pub use self::app::App;
use crate::live::Live;
use crate::store::{Intent, MessageKey, SearchIntent, Store, Thing};
use crate::words::{Locale, Word};

/// What every component needs.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// What the page knows.
    pub live: Live,
    /// What the link to the server has seen.
    pub statistics: Callback<(), LinkStatistics>,
    act: Callback<Intent, Result<(), String>>,
    /// The sheet in front of the page.
    sheet: RwSignal<Option<Sheet>>,
    /// What stands beside the conversation.
    side: RwSignal<Option<Side>>,
    /// The message whose receipts are shown there.
    detailed: RwSignal<Option<MessageKey>>,
    /// The message that is pointed at, or in focus.
    active: StoredValue<Option<MessageKey>>,
    /// What is to be written where the caret stands in the box; taken by it.
    insertion: RwSignal<Option<String>>,
}

/// What stands in front of the page until it is answered or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like what they are")]
pub enum Sheet {
    Help,
    NewGroup,
    JoinGroup,
    Person,
    Several,
    Switcher,
    Emoji(Picked),
}

/// What stands beside the conversation, or over a part of it where there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like what they are")]
pub enum Side {
    Details,
    Search,
}

/// What becomes of an emoji that is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// It is written in the box.
    Writes,
    /// It is put beside this message.
    Reacts(MessageKey),
}

impl Ui {
    /// The page over a store; an error of `act` is a line for the person, and nothing was done.
    #[must_use]
    pub fn new(
        live: Live,
        act: Callback<Intent, Result<(), String>>,
        statistics: Callback<(), LinkStatistics>,
    ) -> Self {
        let (sheet, detailed) = (RwSignal::new(None), RwSignal::new(None));
        let (side, active) = (RwSignal::new(None), StoredValue::new(None));
        let insertion = RwSignal::new(None);
        Self { live, statistics, act, sheet, side, detailed, active, insertion }
    }

    /// The person points at a message, or at none.
    pub(crate) fn point_at(self, key: Option<MessageKey>) {
        let before = self.active.get_value();
        if before != key {
            self.active.set_value(key);
            self.live.tell_rows(&[before, key].map(|key| key.unwrap_or(MessageKey(0))));
        }
    }

    /// Carries out an intent. What was not done, and why, is for whoever asked to show.
    pub(crate) fn try_to(self, intent: Intent) -> Result<(), String> {
        self.act.run(intent)
    }

    /// Carries out an intent that can't fail, or whose failure is shown as a notice.
    pub(crate) fn perform(self, intent: Intent) {
        self.performs(intent);
    }

    /// The same; answers whether it was carried out.
    pub(crate) fn performs(self, intent: Intent) -> bool {
        let outcome = self.act.run(intent);
        let is_done = outcome.is_ok();
        if let Err(line) = outcome {
            self.say(line);
        }
        is_done
    }

    /// Shows a notice.
    pub(crate) fn say(self, line: String) {
        self.live.change(|store| store.say(line));
        self.live.tell();
    }

    /// A part of the store, read again whenever that thing changes and passed on when it differs.
    pub(crate) fn part<T>(
        self,
        thing: Thing,
        read: impl Fn(&Store) -> T + Send + Sync + 'static,
    ) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        self.live.part(thing, read)
    }

    /// The language of the page, followed by whatever is drawn.
    pub(crate) fn locale(self) -> Locale {
        self.live.track(Thing::Language);
        self.live.read(Store::locale)
    }

    /// The conversation in front.
    pub(crate) fn front(self) -> Option<Conversation> {
        self.live.read(|store| store.front.as_ref().map(|front| front.conversation.clone()))
    }

    /// Opens what stands beside the conversation, or closes it if it is that.
    pub(crate) fn toggle_side(self, side: Side) {
        let is_open = self.side.get_untracked() == Some(side);
        self.show_side((!is_open).then_some(side));
    }

    /// Something stands beside the conversation, or nothing. Nobody waits for what is looked for out of sight.
    pub(crate) fn show_side(self, side: Option<Side>) {
        if self.side.get_untracked() == Some(Side::Search) && side != Some(Side::Search) {
            self.perform(Intent::Search(SearchIntent::Stop));
        }
        self.side.set(side);
    }

    /// Nothing stands beside the conversation any more.
    pub(crate) fn close_side(self) {
        self.show_side(None);
    }

    /// Closes it where it lies over the conversation.
    pub(crate) fn close_side_if_over(self) {
        let query = web_sys::window().and_then(|it| it.match_media("(max-width: 80rem)").ok());
        if query.flatten().is_some_and(|query| query.matches()) {
            self.close_side();
        }
    }

    /// Nothing is in front of the page, nor beside the conversation.
    pub(crate) fn close_everything(self) {
        self.sheet.set(None);
        self.side.set(None);
        self.detailed.set(None);
    }

    /// Opens a sheet.
    pub(crate) fn show(self, sheet: Sheet) {
        self.sheet.set(Some(sheet));
    }
}

/// The [`Ui`] that the application provides.
pub(crate) fn use_ui() -> Ui {
    expect_context()
}

/// A word that stays on the page, and is another when its language is.
pub(crate) fn said(word: Word) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let ui = use_ui();
    move || word.say(ui.locale())
}
