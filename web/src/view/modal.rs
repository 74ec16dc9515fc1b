//! What stands in front of the page until it is answered or closed: the same frame, whatever it is.

use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use super::icons::{Icon, icon};
use super::shown::boxed;
use super::{Ui, said, use_ui};
use crate::words::{Word, dialog as words};

/// A dialog that is open as long as it is drawn; `close` makes it be drawn no more.
pub(crate) fn modal(title: Word, close: fn(Ui), content: AnyView) -> AnyView {
    let ui = use_ui();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get().filter(|dialog| !dialog.open()) {
            // It is in the page, and not open: nothing refuses.
            let _ = dialog.show_modal();
            // Else the button that closes it would have the focus, and Enter would close it unseen.
            let waits = dialog.query_selector(".waits").ok().flatten();
            if let Some(waits) = waits.and_then(|waits| waits.dyn_into::<HtmlElement>().ok()) {
                let _ = waits.focus();
            }
        }
    });
    // Closed before it goes, the dialog gives the focus back to where it was.
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    view! {
        <dialog class="card" node_ref=dialog aria-label=said(title) on:close=boxed(move |_| close(ui))>
            <header class="card__head">
                <h2>{said(title)}</h2>
                <button
                    class="button button--icon"
                    type="button"
                    aria-label=said(words::CLOSE)
                    on:click=boxed(move |_| close(ui))
                >
                    {icon(Icon::Close)}
                </button>
            </header>
            {content}
        </dialog>
    }
    .into_any()
}
