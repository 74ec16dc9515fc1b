//! What the person sees. Components read the [`Model`] and hand [`Intent`]s on; they do nothing else.

#![expect(unreachable_pub, reason = "the component macro makes what it generates public")]

mod account;
mod app;
mod composer;
mod connection_status;
mod conversation_list;
mod conversation_view;
mod decision;
mod dialogs;
mod groups;
mod message_row;
mod sign_in;

use leptos::prelude::*;
use netchat_shared::extended::LinkStatistics;

pub use self::app::App;
use crate::kept::Drafts;
use crate::model::{Intent, Model};

/// What every component needs.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// What the page shows.
    pub model: RwSignal<Model>,
    /// What was written and not sent.
    pub drafts: RwSignal<Drafts>,
    /// What the link to the server has seen.
    pub statistics: Callback<(), LinkStatistics>,
    /// Carries out an intent; an error is a line for the person, and nothing was done.
    pub act: Callback<Intent, Result<(), String>>,
}

impl Ui {
    /// Carries out an intent that can't fail, or whose failure is shown as a line.
    pub(crate) fn perform(self, intent: Intent) {
        if let Err(line) = self.act.run(intent) {
            self.model.update(|model| model.say(line));
        }
    }

    /// A part of the model, read again whenever the model changes and passed on when it differs.
    pub(crate) fn part<T>(self, read: impl Fn(&Model) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.model.with(&read))
    }
}

/// The [`Ui`] that the application provides.
pub(crate) fn use_ui() -> Ui {
    expect_context()
}
