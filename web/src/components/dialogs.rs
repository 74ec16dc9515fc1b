//! Making and joining groups, and writing to several people at once.

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::use_ui;
use crate::model::Intent;

/// Makes a group of oneself and others.
#[component]
pub(super) fn NewGroup(dialog: NodeRef<Dialog>) -> impl IntoView {
    let fields = [
        ("Group name", ""),
        ("Members", "Names, separated by commas. They are invited, and decide."),
    ];
    let intent = |[name, members]: [String; 2]| Intent::CreateGroup(name, members);
    view! { <FormDialog dialog title="New group" submit="Create group" fields intent /> }
}

/// Joins a group.
#[component]
pub(super) fn JoinGroup(dialog: NodeRef<Dialog>) -> impl IntoView {
    let intent = |[name]: [String; 1]| Intent::JoinGroup(name);
    view! { <FormDialog dialog title="Join group" submit="Join" fields=[("Group name", "")] intent /> }
}

/// Writes the same to several people, to each in their own conversation.
#[component]
pub(super) fn MessageSeveral(dialog: NodeRef<Dialog>) -> impl IntoView {
    let fields = [
        ("To", "Names, separated by commas."),
        ("Text", "Each of them gets it in the conversation with you."),
    ];
    let intent = |[names, text]: [String; 2]| Intent::SendToEach(names, text);
    view! { <FormDialog dialog title="Message several" submit="Send to each" fields intent /> }
}

/// A dialog with a form of labelled fields: it closes when its intent is carried out, and says why
/// if it is not; then what was typed stays.
#[component]
fn FormDialog<const N: usize>(
    dialog: NodeRef<Dialog>,
    title: &'static str,
    submit: &'static str,
    /// The label of each field, and a hint below it.
    fields: [(&'static str, &'static str); N],
    intent: fn([String; N]) -> Intent,
) -> impl IntoView {
    let ui = use_ui();
    let texts: [RwSignal<String>; N] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let error = RwSignal::new(None::<String>);
    let close = move || {
        error.set(None);
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        match ui.act.run(intent(texts.map(|text| text.get_untracked()))) {
            Ok(()) => {
                texts.iter().for_each(|text| text.set(String::new()));
                close();
            }
            Err(line) => error.set(Some(line)),
        }
    };
    let fields = fields.into_iter().zip(texts);
    view! {
        <dialog class="card" node_ref=dialog aria-label=title>
            <form on:submit=on_submit>
                <h2>{title}</h2>
                {fields.map(|((label, hint), text)| view! { <DialogField label text hint /> }).collect_view()}
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
