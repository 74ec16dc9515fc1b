//! Menus: what is beginning, and what belongs to oneself.

use leptos::prelude::*;

use super::icons::{Icon, icon};
use super::shown::{boxed, put_back};
use super::{Sheet, Ui, said, use_ui};
use crate::store::{AccountIntent, Intent, Setting, Store, Theme, Thing};
use crate::words::{Locale, Word, dialog, language, menu};

/// Begins something new.
#[component]
pub(super) fn NewMenu() -> impl IntoView {
    let ui = use_ui();
    let item = move |label: Word, sheet: Sheet| {
        view! {
            <button
                class="menu__item"
                type="button"
                popovertarget="new-menu"
                popovertargetaction="hide"
                on:click=boxed(move |_| ui.show(sheet))
            >
                {said(label)}
            </button>
        }
    };
    view! {
        <button class="button button--wide" type="button" popovertarget="new-menu">
            {icon(Icon::Plus)}
            {said(menu::NEW)}
        </button>
        <div class="menu menu--new" id="new-menu" popover="auto">
            {item(dialog::MESSAGE_SOMEBODY, Sheet::Person)}
            {item(dialog::NEW_GROUP, Sheet::NewGroup)}
            {item(dialog::JOIN_GROUP, Sheet::JoinGroup)}
            {item(dialog::MESSAGE_SEVERAL, Sheet::Several)}
        </div>
    }
}

/// Oneself: how the page looks and tells, where one is signed in.
#[component]
pub(super) fn PersonMenu() -> impl IntoView {
    let ui = use_ui();
    let device = ui.part(Thing::Settings, |store| store.settings.device);
    let hides_typing = ui.part(Thing::Settings, |store| store.settings.person.hides_typing);
    let set = move |setting| ui.performs(Intent::Set(setting));
    let act = move |label: Word, act: Callback<()>| {
        view! {
            <button
                class="menu__item"
                type="button"
                popovertarget="person-menu"
                popovertargetaction="hide"
                on:click=boxed(move |_| act.run(()))
            >
                {said(label)}
            </button>
        }
    };
    let perform = move |intent: Intent| Callback::new(move |()| ui.perform(intent.clone()));
    view! {
        <button class="button button--icon" type="button" aria-label=said(menu::TITLE) popovertarget="person-menu">
            {icon(Icon::Menu)}
        </button>
        <div class="menu menu--person" id="person-menu" popover="auto">
            {themes(ui)}
            {languages(ui)}
            {check(menu::COMPACT, Signal::derive(move || device.get().is_compact), Callback::new(move |on| set(Setting::Compact(on))))}
            {check(menu::SOUND, Signal::derive(move || device.get().has_sound), Callback::new(move |on| set(Setting::Sound(on))))}
            {check(
                menu::NOTIFICATIONS,
                Signal::derive(move || device.get().has_notifications),
                Callback::new(move |on| set(Setting::Notifications(on))),
            )}
            {check(
                menu::HIDE_TYPING,
                hides_typing.into(),
                Callback::new(move |on| set(Setting::HidesTyping(on))),
            )}
            <hr />
            {act(menu::ACCOUNT, perform(Intent::Account(AccountIntent::Open)))}
            {act(menu::HELP, Callback::new(move |()| ui.show(Sheet::Help)))}
            {act(menu::SIGN_OUT, perform(Intent::SignOut))}
        </div>
    }
}

fn themes(ui: Ui) -> AnyView {
    let choices =
        [(Theme::System, menu::SYSTEM), (Theme::Light, menu::LIGHT), (Theme::Dark, menu::DARK)];
    let choices = choices.map(|(theme, label)| {
        let is_chosen = move |store: &Store| store.settings.device.theme == theme;
        choice(ui, "theme", said(label), is_chosen, Setting::Theme(theme))
    });
    row_of_choices(menu::THEME, choices.into())
}

/// Each language calls itself by its own name.
fn languages(ui: Ui) -> AnyView {
    let system = choice(
        ui,
        "language",
        said(language::SYSTEM),
        |store| store.settings.device.language.is_none(),
        Setting::Language(None),
    );
    let others = Locale::ALL.map(|locale| {
        let is_chosen = move |store: &Store| store.settings.device.language == Some(locale);
        let name = language::NAME.say(locale);
        choice(ui, "language", move || name, is_chosen, Setting::Language(Some(locale)))
    });
    row_of_choices(language::TITLE, std::iter::once(system).chain(others).collect())
}

fn row_of_choices(title: Word, choices: Vec<AnyView>) -> AnyView {
    view! {
        <fieldset class="menu__themes">
            <legend>{said(title)}</legend>
            {choices}
        </fieldset>
    }
    .into_any()
}

/// One of several that exclude each other.
fn choice(
    ui: Ui,
    of: &'static str,
    label: impl Fn() -> &'static str + Send + 'static,
    is_chosen: impl Fn(&Store) -> bool + Copy + Send + Sync + 'static,
    setting: Setting,
) -> AnyView {
    let is_chosen = ui.part(Thing::Settings, is_chosen);
    view! {
        <label class="menu__theme">
            <input
                type="radio"
                name=of
                prop:checked=move || is_chosen.get()
                on:change=boxed(move |_| ui.perform(Intent::Set(setting.clone())))
            />
            <span>{move || label()}</span>
        </label>
    }
    .into_any()
}

/// Something that is on or off; `set` answers whether it could be set.
fn check(label: Word, is_on: Signal<bool>, set: Callback<bool, bool>) -> AnyView {
    view! {
        <label class="menu__check">
            <input
                type="checkbox"
                prop:checked=move || is_on.get()
                on:change:target=move |event| {
                    if !set.run(event.target().checked()) {
                        put_back(&event, &[is_on.get_untracked()]);
                    }
                }
            />
            <span>{said(label)}</span>
        </label>
    }
    .into_any()
}
