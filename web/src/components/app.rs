//! The page as a whole.

use leptos::prelude::*;

use super::connection_status::ConnectionStatus;
use super::conversation_list::ConversationList;
use super::conversation_view::ConversationView;
use super::decision::DecisionPage;
use super::sign_in::SignInPage;
use super::{Ui, use_ui};
use crate::model::Intent;

/// The page: the sign-in form, or the conversations.
#[component]
pub fn App(
    /// The model and the intents.
    ui: Ui,
) -> impl IntoView {
    provide_context(ui);
    let is_signed_in = ui.part(|model| model.me.is_some());
    let decision = ui.part(|model| model.decision);
    let page = move || match decision.get() {
        Some(decision) => view! { <DecisionPage decision /> }.into_any(),
        None => view! {
            <Show when=move || is_signed_in.get() fallback=|| view! { <SignInPage /> }>
                <Chat />
            </Show>
        }
        .into_any(),
    };
    view! {
        {page}
        <Lines />
    }
}

#[component]
fn Chat() -> impl IntoView {
    let ui = use_ui();
    let is_open = ui.part(|model| model.selected.is_some());
    let unread = ui.part(crate::model::Model::unread);
    Effect::new(move || {
        let title = match unread.get() {
            0 => "NetChat".to_owned(),
            unread => format!("({unread}) NetChat"),
        };
        document().set_title(&title);
    });
    view! {
        <div class="chat" class:chat--open=move || is_open.get()>
            <ConversationList />
            <main class="chat__main">
                <Show when=move || is_open.get() fallback=|| view! { <Welcome /> }>
                    <ConversationView />
                </Show>
            </main>
            <ConnectionStatus />
        </div>
    }
}

#[component]
fn Welcome() -> impl IntoView {
    view! {
        <div class="welcome">
            <h2>"Choose a conversation"</h2>
            <p>"Pick someone who is online, a group, or Everyone."</p>
        </div>
    }
}

/// Lines of the server that belong to no message.
#[component]
fn Lines() -> impl IntoView {
    let ui = use_ui();
    let lines = ui.part(|model| model.lines.iter().cloned().enumerate().collect::<Vec<_>>());
    view! {
        <ul class="lines" role="alert" aria-label="Notices">
            <For each=move || lines.get() key=Clone::clone let((at, line))>
                <li>
                    <span>{line}</span>
                    <button
                        type="button"
                        aria-label="Dismiss"
                        on:click=move |_| ui.perform(Intent::DismissLine(at))
                    >
                        "×"
                    </button>
                </li>
            </For>
        </ul>
    }
}
