//! The page as a whole.

use std::time::Duration;

use leptos::prelude::*;

use super::connection::ConnectionBanner;
use super::conversation::ConversationView;
use super::decision::DecisionPage;
use super::log::Today;
use super::notices::Notices;
use super::shown::{boxed, either, when};
use super::sidebar::Sidebar;
use super::{Sheet, Side, Ui, keys, later, said, sign_in, use_ui};
use crate::clock;
use crate::store::{Theme, Thing};
use crate::words::{conversation, welcome};

/// The page, beside the sign-in form: the conversations, or a decision.
#[component]
pub fn App(
    /// The store and the intents.
    ui: Ui,
) -> impl IntoView {
    provide_context(ui);
    let is_signed_in = ui.part(Thing::Person, |store| store.me.is_some());
    let decision = ui.part(Thing::Person, |store| store.decision);
    follow_settings(ui);
    // Whoever comes next finds nothing open of the last person's.
    Effect::new(move || {
        if !is_signed_in.get() {
            ui.close_everything();
        }
    });
    provide_context(today());
    keys::listen(ui);
    sign_in::adopt(ui);
    let page = move || match decision.get() {
        Some(decision) => view! { <DecisionPage decision /> }.into_any(),
        None => when(move || is_signed_in.get(), || view! { <Chat /> }.into_any()),
    };
    view! {
        {move || page()}
        <Notices />
    }
}

/// The day, for as long as the page is there.
fn today() -> Today {
    let present = || clock::day_of(clock::now().calendar);
    let today = RwSignal::new(present());
    let look = move || {
        // The page may be gone when the interval fires for the last time.
        if today.try_get_untracked().is_some_and(|day| day != present()) {
            today.set(present());
        }
    };
    let ticking = set_interval_with_handle(look, Duration::from_secs(30));
    on_cleanup(move || {
        if let Ok(ticking) = ticking {
            ticking.clear();
        }
    });
    Today(today)
}

/// Theme and density stand at the root of the page, where the style finds them.
fn follow_settings(ui: Ui) {
    let device = ui.part(Thing::Settings, |store| store.settings.device);
    Effect::new(move || {
        let Some(root) = document().document_element() else { return };
        let device = device.get();
        let theme = match device.theme {
            Theme::System => root.remove_attribute("data-theme"),
            Theme::Light | Theme::Dark => root.set_attribute("data-theme", device.theme.word()),
        };
        let density = match device.is_compact {
            true => root.set_attribute("data-density", "compact"),
            false => root.remove_attribute("data-density"),
        };
        let language = root.set_attribute("lang", ui.locale().code());
        // Attributes of these names can always be set.
        let _ = (theme, density, language);
    });
}

#[component]
fn Chat() -> impl IntoView {
    let ui = use_ui();
    let is_open = ui.part(Thing::Front, |store| store.front.is_some());
    let is_new = ui.part(Thing::List, |store| store.listed().len() <= 1);
    let has_account = ui.part(Thing::Account, |store| store.account.is_open);
    let is_shown = move |side: &Side| *side == Side::Search || is_open.get();
    let side = Memo::new(move |_| ui.side.get().filter(is_shown));
    later::fetch_soon();
    view! {
        <div
            class="chat"
            class:chat--open=move || is_open.get()
            class:chat--new=move || is_new.get()
            class:chat--details=move || side.get().is_some()
        >
            <Sidebar />
            <main class="talk" aria-label=said(conversation::TITLE)>
                <ConnectionBanner />
                {either(
                    move || is_open.get(),
                    || view! { <ConversationView /> }.into_any(),
                    || view! { <Welcome /> }.into_any(),
                )}
            </main>
            {move || side.get().map(later::side)}
        </div>
        {later::sheets(ui)}
        {when(move || has_account.get(), later::account)}
    }
}

/// Nothing is open: what one can begin with.
#[component]
fn Welcome() -> impl IntoView {
    let ui = use_ui();
    let me = ui.part(Thing::Person, |store| store.me.as_ref().map(ToString::to_string));
    // What stands before the key, and behind it.
    let hint = |part: usize| {
        move || {
            let hint = welcome::Hint { key: &'?' }.say(ui.locale());
            hint.split('?').nth(part).map(str::to_owned)
        }
    };
    view! {
        <div class="welcome">
            <h1>{move || me.get().map(|name| welcome::Title { name: &name }.say(ui.locale()))}</h1>
            <p>{said(welcome::BEGIN)}</p>
            <div class="welcome__cards">
                <button class="welcome__card" type="button" on:click=boxed(move |_| ui.show(Sheet::Person))>
                    <strong>{said(welcome::SOMEBODY)}</strong>
                    <span>{said(welcome::SOMEBODY_ABOUT)}</span>
                </button>
                <button class="welcome__card" type="button" on:click=boxed(move |_| ui.show(Sheet::NewGroup))>
                    <strong>{said(welcome::GROUP)}</strong>
                    <span>{said(welcome::GROUP_ABOUT)}</span>
                </button>
                <a class="welcome__card" href="#/e">
                    <strong>{said(welcome::EVERYONE)}</strong>
                    <span>{said(welcome::EVERYONE_ABOUT)}</span>
                </a>
            </div>
            <p class="welcome__hint">{hint(0)}<kbd>"?"</kbd>{hint(1)}</p>
        </div>
    }
}
