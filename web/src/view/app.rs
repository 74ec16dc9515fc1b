//! The page as a whole.

use std::time::Duration;

use leptos::prelude::*;

use super::account::AccountDialog;
use super::connection::ConnectionBanner;
use super::conversation::ConversationView;
use super::decision::DecisionPage;
use super::details::Details;
use super::dialogs::{JoinGroup, MessagePerson, MessageSeveral, NewGroup};
use super::emoji::EmojiPicker;
use super::help::HelpSheet;
use super::log::Today;
use super::notices::Notices;
use super::search::SearchPanel;
use super::shown::{boxed, either, when};
use super::sidebar::Sidebar;
use super::switcher::Switcher;
use super::{Sheet, Side, Ui, keys, said, sign_in, use_ui};
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
    let side = move || ui.side.get().filter(|side| *side == Side::Search || is_open.get());
    let has_details = move || side() == Some(Side::Details);
    let has_search = move || side() == Some(Side::Search);
    view! {
        <div
            class="chat"
            class:chat--open=move || is_open.get()
            class:chat--details=move || side().is_some()
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
            {when(has_details, || view! { <Details /> }.into_any())}
            {when(has_search, || view! { <SearchPanel /> }.into_any())}
        </div>
        {move || ui.sheet.get().map(sheet)}
        <AccountDialog />
    }
}

fn sheet(sheet: Sheet) -> AnyView {
    match sheet {
        Sheet::Help => view! { <HelpSheet /> }.into_any(),
        Sheet::NewGroup => view! { <NewGroup /> }.into_any(),
        Sheet::JoinGroup => view! { <JoinGroup /> }.into_any(),
        Sheet::Person => view! { <MessagePerson /> }.into_any(),
        Sheet::Several => view! { <MessageSeveral /> }.into_any(),
        Sheet::Emoji(picked) => view! { <EmojiPicker picked /> }.into_any(),
        Sheet::Switcher => view! { <Switcher /> }.into_any(),
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
