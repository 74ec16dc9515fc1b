//! Making and joining groups, and writing to several people at once.

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::use_ui;
use crate::model::Intent;

/// Makes a group of oneself and others.
#[component]
pub(super) fn NewGroup(dialog: NodeRef<Dialog>) -> impl IntoView {
    let (name, members) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let intent = move || {
        let intent = Intent::CreateGroup(name.get_untracked(), members.get_untracked());
        (
            intent,
            Callback::new(move |()| {
                name.set(String::new());
                members.set(String::new());
            }),
        )
    };
    view! {
        <FormDialog dialog title="New group" submit="Create group" intent>
            <DialogField label="Group name" text=name hint="" />
            <DialogField label="Members" text=members hint="Names, separated by commas. You are a member anyway." />
        </FormDialog>
    }
}

/// Joins a group.
#[component]
pub(super) fn JoinGroup(dialog: NodeRef<Dialog>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let intent = move || {
        (Intent::JoinGroup(name.get_untracked()), Callback::new(move |()| name.set(String::new())))
    };
    view! {
        <FormDialog dialog title="Join group" submit="Join" intent>
            <DialogField label="Group name" text=name hint="" />
        </FormDialog>
    }
}

/// Writes the same to several people, to each in their own conversation.
#[component]
pub(super) fn MessageSeveral(dialog: NodeRef<Dialog>) -> impl IntoView {
    let (names, text) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let intent = move || {
        let intent = Intent::SendToEach(names.get_untracked(), text.get_untracked());
        (
            intent,
            Callback::new(move |()| {
                names.set(String::new());
                text.set(String::new());
            }),
        )
    };
    view! {
        <FormDialog dialog title="Message several" submit="Send to each" intent>
            <DialogField label="To" text=names hint="Names, separated by commas." />
            <DialogField label="Text" text hint="Each of them gets it in the conversation with you." />
        </FormDialog>
    }
}

/// A dialog with a form: it closes when its intent is carried out, and says why if it is not.
#[component]
fn FormDialog(
    dialog: NodeRef<Dialog>,
    title: &'static str,
    submit: &'static str,
    intent: impl Fn() -> (Intent, Callback<()>) + 'static,
    children: Children,
) -> impl IntoView {
    let ui = use_ui();
    let error = RwSignal::new(None::<String>);
    let close = move || {
        error.set(None);
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (intent, clear) = intent();
        match ui.act.run(intent) {
            Ok(()) => {
                clear.run(());
                close();
            }
            Err(line) => error.set(Some(line)),
        }
    };
    view! {
        <dialog class="card" node_ref=dialog aria-label=title>
            <form on:submit=on_submit>
                <h2>{title}</h2>
                {children()}
                <p class="field__error" role="alert">{move || error.get()}</p>
                <div class="card__actions">
                    <button class="button" type="button" on:click=move |_| close()>"Cancel"</button>
                    <button class="button button--primary" type="submit">{submit}</button>
                </div>
            </form>
        </dialog>
    }
}

#[component]
fn DialogField(label: &'static str, text: RwSignal<String>, hint: &'static str) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type="text"
                autocomplete="off"
                aria-label=label
                prop:value=text
                on:input:target=move |event| text.set(event.target().value())
            />
            <small>{hint}</small>
        </label>
    }
}
