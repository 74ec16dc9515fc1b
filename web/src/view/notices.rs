//! One line at a time about what has happened.

use leptos::prelude::*;

use super::icons::{Icon, icon};
use super::shown::boxed;
use super::{said, use_ui};
use crate::store::{Intent, Notice, Offer, Setting, Thing};
use crate::words::{Word, notice as words};

#[component]
pub(super) fn Notices() -> impl IntoView {
    let ui = use_ui();
    let shown = ui.part(Thing::Notices, |store| store.notices.shown().cloned());
    view! {
        <div class="notices" role="alert" aria-label=said(words::TITLE)>
            {move || shown.get().map(notice)}
        </div>
    }
}

fn notice(notice: Notice) -> AnyView {
    let ui = use_ui();
    let Notice { id, text, offer } = notice;
    let button = move |label: Word, intent: Intent| {
        view! {
            <button class="button button--small" type="button" on:click=boxed(move |_| ui.perform(intent.clone()))>
                {said(label)}
            </button>
        }
        .into_any()
    };
    let offered = match offer {
        Offer::Nothing => None,
        Offer::Undo => Some(button(words::UNDO, Intent::Undo(id))),
        Offer::Notifications => {
            Some(button(words::TURN_ON, Intent::Set(Setting::Notifications(true))))
        }
        Offer::Reload => Some(button(words::RELOAD, Intent::TakeNewVersion)),
    };
    view! {
        <div class="notice">
            <span>{text}</span>
            {offered}
            <button
                class="button button--icon"
                type="button"
                aria-label=said(words::DISMISS)
                on:click=boxed(move |_| ui.perform(Intent::Dismiss(id)))
            >
                {icon(Icon::Close)}
            </button>
        </div>
    }
    .into_any()
}
