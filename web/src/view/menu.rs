//! Menus: what is beginning, and what belongs to oneself.

use leptos::prelude::*;

use super::icons::{Icon, icon};
use super::shown::{boxed, put_back};
use super::{Sheet, use_ui};
use crate::store::{AccountIntent, DeviceSettings, Intent, Setting, Theme, Thing};

/// Begins something new.
#[component]
pub(super) fn NewMenu() -> impl IntoView {
    let ui = use_ui();
    let item = move |label: &'static str, sheet: Sheet| {
        view! {
            <button
                class="menu__item"
                type="button"
                popovertarget="new-menu"
                popovertargetaction="hide"
                on:click=boxed(move |_| ui.show(sheet))
            >
                {label}
            </button>
        }
    };
    view! {
        <button class="button button--wide" type="button" popovertarget="new-menu">
            {icon(Icon::Plus)}
            "New"
        </button>
        <div class="menu menu--new" id="new-menu" popover="auto">
            {item("Message somebody", Sheet::Person)}
            {item("New group", Sheet::NewGroup)}
            {item("Join group", Sheet::JoinGroup)}
            {item("Message several", Sheet::Several)}
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
    let act = move |label: &'static str, act: Callback<()>| {
        view! {
            <button
                class="menu__item"
                type="button"
                popovertarget="person-menu"
                popovertargetaction="hide"
                on:click=boxed(move |_| act.run(()))
            >
                {label}
            </button>
        }
    };
    let perform = move |intent: Intent| Callback::new(move |()| ui.perform(intent.clone()));
    view! {
        <button class="button button--icon" type="button" aria-label="Menu" popovertarget="person-menu">
            {icon(Icon::Menu)}
        </button>
        <div class="menu menu--person" id="person-menu" popover="auto">
            <fieldset class="menu__themes">
                <legend>"Theme"</legend>
                {[(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
                    .map(|(theme, label)| view! { <ThemeChoice theme label device /> })}
            </fieldset>
            {check("Compact", Signal::derive(move || device.get().is_compact), Callback::new(move |on| set(Setting::Compact(on))))}
            {check("Sound", Signal::derive(move || device.get().has_sound), Callback::new(move |on| set(Setting::Sound(on))))}
            {check(
                "Notifications",
                Signal::derive(move || device.get().has_notifications),
                Callback::new(move |on| set(Setting::Notifications(on))),
            )}
            {check(
                "Don't show others that I am writing",
                hides_typing.into(),
                Callback::new(move |on| set(Setting::HidesTyping(on))),
            )}
            <hr />
            {act("Account", perform(Intent::Account(AccountIntent::Open)))}
            {act("Keys and commands", Callback::new(move |()| ui.show(Sheet::Help)))}
            {act("Sign out", perform(Intent::SignOut))}
        </div>
    }
}

#[component]
fn ThemeChoice(theme: Theme, label: &'static str, device: Memo<DeviceSettings>) -> impl IntoView {
    let ui = use_ui();
    view! {
        <label class="menu__theme">
            <input
                type="radio"
                name="theme"
                prop:checked=move || device.get().theme == theme
                on:change=boxed(move |_| ui.perform(Intent::Set(Setting::Theme(theme))))
            />
            <span>{label}</span>
        </label>
    }
}

/// Something that is on or off; `set` answers whether it could be set.
fn check(label: &'static str, is_on: Signal<bool>, set: Callback<bool, bool>) -> AnyView {
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
            <span>{label}</span>
        </label>
    }
    .into_any()
}
