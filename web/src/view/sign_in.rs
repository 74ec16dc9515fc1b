//! Signing in and creating an account, on one page.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::connection::ConnectionStatus;
use super::shown::when;
use super::use_ui;
use crate::store::{Field, Form, Intent, Thing};

#[component]
pub(super) fn SignInPage() -> impl IntoView {
    let ui = use_ui();
    let is_new = ui.part(Thing::SignIn, |store| store.sign_in.is_new);
    let is_busy = ui.part(Thing::SignIn, |store| store.sign_in.is_busy);
    let is_unlocked = ui.part(Thing::SignIn, |store| store.sign_in.is_unlocked);
    let form = RwSignal::new(Form::default());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ui.perform(Intent::SignIn(form.get_untracked()));
    };
    view! {
        <main class="sign-in">
            <form class="card" novalidate on:submit=submit>
                <h1>"NetChat"</h1>
                {when(move || !is_unlocked.get(), move || view! {
                    <TextField
                        label="Server password"
                        field=Field::ServerPassword
                        value=Signal::derive(move || form.with(|form| form.server_password.clone()))
                        set=move |text| form.update(|form| form.server_password = text)
                        autocomplete="off"
                    />
                }.into_any())}
                <TextField
                    label="Name"
                    field=Field::Name
                    value=Signal::derive(move || form.with(|form| form.name.clone()))
                    set=move |text| form.update(|form| form.name = text)
                    autocomplete="username"
                />
                <TextField
                    label="Password"
                    field=Field::Password
                    value=Signal::derive(move || form.with(|form| form.password.clone()))
                    set=move |text| form.update(|form| form.password = text)
                    autocomplete="current-password"
                />
                {when(move || is_new.get(), move || view! {
                    <TextField
                        label="Repeat password"
                        field=Field::RepeatPassword
                        value=Signal::derive(move || form.with(|form| form.repeat_password.clone()))
                        set=move |text| form.update(|form| form.repeat_password = text)
                        autocomplete="new-password"
                    />
                }.into_any())}
                <button class="button button--primary" type="submit" disabled=move || is_busy.get()>
                    {move || if is_new.get() { "Create account" } else { "Sign in" }}
                </button>
            </form>
            <ConnectionStatus />
        </main>
    }
}

/// A labelled field, with what went wrong beside it.
#[component]
fn TextField(
    label: &'static str,
    field: Field,
    value: Signal<String>,
    set: impl Fn(String) + 'static,
    autocomplete: &'static str,
) -> impl IntoView {
    let ui = use_ui();
    let error = ui.part(Thing::SignIn, move |store| {
        let error = store.sign_in.error.as_ref().filter(|(about, _)| *about == field);
        error.map(|(_, text)| text.clone())
    });
    let id = label.to_ascii_lowercase().replace(' ', "-");
    let (error_id, kind) =
        (format!("{id}-error"), if field == Field::Name { "text" } else { "password" });
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let (true, Some(input)) = (error.with(Option::is_some), input.get()) {
            let _ = input.focus();
        }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                node_ref=input
                type=kind
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=error_id.clone()
                prop:value=value
                on:input:target=move |event| set(event.target().value())
            />
            <p id=error_id class="field__error" role="alert">{move || error.get()}</p>
        </div>
    }
}
