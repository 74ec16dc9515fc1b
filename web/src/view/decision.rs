//! The page while it has to be decided whether to trust a server.

use leptos::prelude::*;

use super::shown::boxed;
use super::{said, use_ui};
use crate::store::{Decision, Intent};
use crate::words::{Locale, Word, decision as words};

/// What is wrong, what it may mean, and what can be done.
#[component]
pub(super) fn DecisionPage(decision: Decision) -> impl IntoView {
    let ui = use_ui();
    let button = move |label: Word, class: &'static str, intent: Intent| {
        view! {
            <button class=class type="button" on:click=boxed(move |_| ui.perform(intent.clone()))>
                {said(label)}
            </button>
        }
    };
    let (title, may_accept, accept) = match decision {
        Decision::ServerKey { may_accept, .. } => {
            (words::KEY_TITLE, may_accept, (words::TRUST, Intent::TrustServer))
        }
        Decision::Classic => (words::CLASSIC_TITLE, true, (words::GO_ON, Intent::UseClassic)),
    };
    let paragraphs = move || {
        let paragraphs = about(ui.locale(), decision);
        paragraphs.map(|text| view! { <p>{text}</p> }).collect_view()
    };
    view! {
        <main class="sign-in">
            <section class="card" role="alertdialog" aria-label=said(title)>
                <h1>{said(title)}</h1>
                {move || paragraphs()}
                <div class="card__actions">
                    {may_accept.then(|| button(accept.0, "button", accept.1))}
                    {button(words::TRY_AGAIN, "button button--primary", Intent::LookAgain)}
                </div>
            </section>
        </main>
    }
}

/// What is wrong, what it may mean, and what to do.
fn about(locale: Locale, decision: Decision) -> [String; 3] {
    let (what, others) = match decision {
        Decision::ServerKey { expected, offered, may_accept } => {
            let codes = words::KeyCodes { expected: &expected, offered: &offered };
            let ask = if may_accept { words::KEY_ASK_OWNER } else { words::KEY_ASK_GIVER };
            (codes.say(locale), [words::KEY_PRETENDING, ask])
        }
        Decision::Classic => (
            words::CLASSIC_WHAT.say(locale).to_owned(),
            [words::CLASSIC_KEEPING, words::CLASSIC_NOTHING_SENT],
        ),
    };
    let [second, third] = others.map(|word| word.say(locale).to_owned());
    [what, second, third]
}
