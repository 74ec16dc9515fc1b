//! What stands beside the conversation: the same frame, whatever it is.

use leptos::html::Aside;
use leptos::prelude::*;

use super::icons::{Icon, icon};
use super::shown::boxed;
use super::{said, use_ui};
use crate::words::Word;

/// How a panel is called, and what it is headed by.
pub(crate) struct Panel<T> {
    pub(crate) class: &'static str,
    pub(crate) label: Word,
    pub(crate) title: T,
    pub(crate) close: Word,
    /// Whoever opens it goes on there: what they type is meant for it, also while it is on its way.
    pub(crate) takes_focus: bool,
}

impl<T: Fn() -> String + Send + Sync + 'static> Panel<T> {
    pub(crate) fn draw(self, content: AnyView) -> AnyView {
        let Self { class, label, title, close, takes_focus } = self;
        let ui = use_ui();
        let panel = NodeRef::<Aside>::new();
        Effect::new(move || {
            let Some(panel) = panel.get().filter(|_| takes_focus) else { return };
            let focused = document().active_element();
            if !focused.is_some_and(|focused| panel.contains(Some(&focused))) {
                // It can always be focused.
                let _ = panel.focus();
            }
        });
        view! {
            <aside class=class node_ref=panel aria-label=said(label) tabindex="-1">
                <header class="details__head">
                    <h2>{move || title()}</h2>
                    <button
                        class="button button--icon"
                        type="button"
                        aria-label=said(close)
                        on:click=boxed(move |_| ui.close_side())
                    >
                        {icon(Icon::Close)}
                    </button>
                </header>
                {content}
            </aside>
        }
        .into_any()
    }
}
