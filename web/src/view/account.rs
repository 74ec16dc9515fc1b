//! One's account: where one is signed in, and the password.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use netchat_shared::extended::AccountSession;

use super::shown::{boxed, list, when};
use super::{said, use_ui};
use crate::clock::now;
use crate::store::{AccountIntent, Intent, PasswordForm, Thing, describe_session, device_of};
use crate::words::{Word, account as words};

/// What is in the dialog.
#[component]
pub(super) fn AccountDialog() -> impl IntoView {
    view! {
        <Sessions />
        <ChangePassword />
    }
}

/// Where one is signed in.
#[component]
fn Sessions() -> impl IntoView {
    let ui = use_ui();
    let sessions = ui.part(Thing::Account, |store| store.account.sessions.clone());
    let listed = move || sessions.get().unwrap_or_default();
    view! {
        <section class="account" aria-labelledby="sessions-title">
            <h3 id="sessions-title">{said(words::SESSIONS_TITLE)}</h3>
            {when(
                move || sessions.with(Option::is_none),
                || view! { <p role="status">{said(words::ASKING)}</p> }.into_any(),
            )}
            <ul class="account__sessions" aria-label=said(words::SESSIONS)>
                {list(listed, session_key, |session| view! { <Session session /> }.into_any())}
            </ul>
            <div class="card__actions">
                <button class="button" type="button" on:click=boxed(move |_| ui.perform(Intent::Account(AccountIntent::EndOthers)))>
                    {said(words::END_OTHERS)}
                </button>
                <button
                    class="button"
                    type="button"
                    on:click=boxed(move |_| ui.perform(Intent::Account(AccountIntent::SignOutEverywhere)))
                >
                    {said(words::SIGN_OUT_EVERYWHERE)}
                </button>
            </div>
        </section>
    }
}

/// Everything that may change in it.
fn session_key(session: &AccountSession) -> String {
    let AccountSession { id, seen, is_online, is_this, device, .. } = session;
    let device = device.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {} {is_online} {is_this} {device}", id.0, seen.millis)
}

#[component]
fn Session(session: AccountSession) -> impl IntoView {
    let ui = use_ui();
    let (id, is_other) = (session.id, !session.is_this);
    let session = StoredValue::new(session);
    let device = move || session.with_value(|session| device_of(ui.locale(), session));
    let about = move || {
        session.with_value(|session| describe_session(ui.locale(), now().calendar, session))
    };
    let label = move || words::EndThat { device: &device() }.say(ui.locale());
    view! {
        <li>
            <span>
                <strong>{move || device()}</strong>
                <small>{move || about()}</small>
            </span>
            {is_other
                .then(|| {
                    view! {
                        <button
                            class="button button--small"
                            type="button"
                            aria-label=move || label()
                            on:click=boxed(move |_| ui.perform(Intent::Account(AccountIntent::EndSession(id))))
                        >
                            {said(words::END)}
                        </button>
                    }
                })}
        </li>
    }
}

/// Puts another password in place of the present one.
#[component]
fn ChangePassword() -> impl IntoView {
    let ui = use_ui();
    let form = RwSignal::new(PasswordForm::default());
    let mistake = RwSignal::new(None::<String>);
    let is_busy = ui.part(Thing::Account, |store| store.account.is_busy);
    let outcome = ui.part(Thing::Account, |store| store.account.outcome.clone());
    let error = move || mistake.get().or_else(|| outcome.get().and_then(Result::err));
    let done = move || outcome.get().and_then(Result::ok).filter(|_| mistake.with(Option::is_none));
    // Nothing of a password stays on the page once it is changed, or out of sight.
    let is_open = ui.part(Thing::Account, |store| store.account.is_open);
    Effect::new(move || {
        if !is_open.get() || matches!(outcome.get(), Some(Ok(_))) {
            form.set(PasswordForm::default());
            mistake.set(None);
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        mistake.set(
            ui.try_to(Intent::Account(AccountIntent::ChangePassword(form.get_untracked()))).err(),
        );
    };
    let old = Signal::derive(move || form.with(|form| form.old.clone()));
    let new = Signal::derive(move || form.with(|form| form.new.clone()));
    let repeat = Signal::derive(move || form.with(|form| form.repeat.clone()));
    let set = move |set: fn(&mut PasswordForm, String)| {
        Callback::new(move |text| form.update(|form| set(form, text)))
    };
    view! {
        <form aria-labelledby="password-title" on:submit=boxed(on_submit)>
            <h3 id="password-title">{said(words::PASSWORD_TITLE)}</h3>
            <PasswordField
                label=words::CURRENT
                autocomplete="current-password"
                text=old
                set=set(|form, text| form.old = text)
            />
            <PasswordField
                label=words::NEW
                autocomplete="new-password"
                text=new
                set=set(|form, text| form.new = text)
            />
            <PasswordField
                label=words::AGAIN
                autocomplete="new-password"
                text=repeat
                set=set(|form, text| form.repeat = text)
            />
            <label class="account__choice">
                <input
                    type="checkbox"
                    prop:checked=move || form.with(|form| form.keeps_others)
                    on:change:target=move |event| {
                        form.update(|form| form.keeps_others = event.target().checked());
                    }
                />
                <span>{said(words::KEEP_OTHERS)}</span>
            </label>
            <p class="field__error" role="alert">{move || error()}</p>
            <p role="status">{move || done()}</p>
            <div class="card__actions">
                <button class="button button--primary" type="submit" disabled=is_busy>
                    {said(words::CHANGE)}
                </button>
            </div>
        </form>
    }
}

#[component]
fn PasswordField(
    label: Word,
    autocomplete: &'static str,
    #[prop(into)] text: Signal<String>,
    set: Callback<String>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{said(label)}</span>
            <input
                type="password"
                autocomplete=autocomplete
                aria-label=said(label)
                prop:value=text
                on:input:target=move |event| set.run(event.target().value())
            />
        </label>
    }
}
