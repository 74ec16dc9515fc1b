//! The page while it has to be decided whether to trust a server.

use leptos::prelude::*;

use super::shown::boxed;
use super::use_ui;
use crate::store::{Decision, Intent};

/// What is wrong, what it may mean, and what can be done.
#[component]
pub(super) fn DecisionPage(decision: Decision) -> impl IntoView {
    let ui = use_ui();
    let button = move |label: &'static str, class: &'static str, intent: Intent| {
        view! {
            <button class=class type="button" on:click=boxed(move |_| ui.perform(intent.clone()))>
                {label}
            </button>
        }
    };
    let (title, paragraphs, may_accept) = match decision {
        Decision::ServerKey { expected, offered, may_accept } => {
            ("This is another server", about_key(&expected, &offered, may_accept), may_accept)
        }
        Decision::Classic => ("This server does not encrypt", about_classic(), true),
    };
    let accept = match decision {
        Decision::ServerKey { .. } => ("Trust this server from now on", Intent::TrustServer),
        Decision::Classic => ("Go on without encryption", Intent::UseClassic),
    };
    view! {
        <main class="sign-in">
            <section class="card" role="alertdialog" aria-label=title>
                <h1>{title}</h1>
                {paragraphs.map(|text| view! { <p>{text}</p> }).collect_view()}
                <div class="card__actions">
                    {may_accept.then(|| button(accept.0, "button", accept.1))}
                    {button("Try again", "button button--primary", Intent::LookAgain)}
                </div>
            </section>
        </main>
    }
}

fn about_key(expected: &impl ToString, offered: &impl ToString, may_accept: bool) -> [String; 3] {
    let (expected, offered) = (expected.to_string(), offered.to_string());
    let what = if may_accept {
        "Ask whoever runs the server. If its key was changed on purpose, they can tell you the \
         new code; then trust it, and sign in with your password."
    } else {
        "The code stands in the address that you opened: ask whoever gave it to you."
    };
    [
        format!("The code of the server is {expected}. What answers has the code {offered}."),
        "Somebody may be pretending to be the server. Nothing was sent to it: neither your \
         password nor what you wrote."
            .to_owned(),
        what.to_owned(),
    ]
}

fn about_classic() -> [String; 3] {
    [
        "What answers speaks only the protocol of 2022. Everything you write there, and the \
         passwords you type, can be read and changed on the way."
            .to_owned(),
        "If you expect a newer server, somebody may be keeping it from you.".to_owned(),
        "Nothing was sent to it yet.".to_owned(),
    ]
}
