//! What stands beside the conversation: the same head, whatever it is.

use leptos::prelude::*;

use super::icons::{Icon, icon};
use super::shown::boxed;
use super::{said, use_ui};
use crate::words::Word;

/// What it is, and a way to close it.
pub(crate) fn panel_head(
    title: impl Fn() -> String + Send + Sync + 'static,
    close: Word,
) -> AnyView {
    let ui = use_ui();
    view! {
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
    }
    .into_any()
}
