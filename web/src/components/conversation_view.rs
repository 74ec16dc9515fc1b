//! The conversation in front: its messages, and the box to write in.

use leptos::html::{Div, Ol};
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;

use super::composer::Composer;
use super::message_row::MessageRow;
use super::use_ui;
use crate::clock;
use crate::model::{GroupIntent, Intent, Model, Row, Thread, rows};

/// Messages shown at once. Earlier ones are shown on demand, as many more each time.
const WINDOW: usize = 200;
/// Within so many pixels of the end, the log follows new messages.
const NEAR_END_PX: i32 = 80;

#[component]
pub(super) fn ConversationView() -> impl IntoView {
    let ui = use_ui();
    let title = ui.part(|model| model.selected.as_ref().map(ToString::to_string));
    let is_group = ui.part(|model| matches!(model.selected, Some(Conversation::Group(_))));
    let heading = NodeRef::<leptos::html::H2>::new();
    let quit = move |_| {
        if let Some(group) = ui.model.with_untracked(|model| model.selected.clone()) {
            ui.perform(Intent::QuitGroup(group));
        }
    };
    let details = move |_| {
        let selected = ui.model.with_untracked(|model| model.selected.clone());
        if let Some(Conversation::Group(group)) = selected {
            ui.perform(Intent::Group(GroupIntent::Open(group)));
        }
    };
    view! {
        <header class="conversation-head">
            <button
                class="button button--quiet conversation-head__back"
                type="button"
                aria-label="Back to conversations"
                on:click=move |_| ui.perform(Intent::Select(None))
            >
                "‹"
            </button>
            <h2 node_ref=heading tabindex="-1">{move || title.get()}</h2>
            <Show when=move || is_group.get()>
                <button class="button button--quiet" type="button" on:click=details>"Group details"</button>
                <button class="button button--quiet" type="button" on:click=quit>"Leave group"</button>
            </Show>
        </header>
        <Log />
        <Composer />
    }
}

#[component]
fn Log() -> impl IntoView {
    let ui = use_ui();
    let window = RwSignal::new(WINDOW);
    let selected = ui.part(|model| model.selected.clone());
    let shown = Memo::new(move |_| {
        let window = window.get();
        ui.model
            .with(|model| current(model).map_or_else(Vec::new, |thread| shown_rows(thread, window)))
    });
    let has_earlier = Memo::new(move |_| {
        let window = window.get();
        let is_longer = |thread: &Thread| thread.has_earlier || thread.messages.len() > window;
        ui.model.with(|model| current(model).is_some_and(is_longer))
    });
    // What the page has already is shown first; the server is asked for the rest.
    let show_earlier = move |_| {
        window.update(|window| *window += WINDOW);
        let wanted = ui.model.with_untracked(|model| {
            let thread = current(model)?;
            let is_exhausted = thread.messages.len() <= window.get_untracked();
            model.selected.clone().filter(|_| is_exhausted && thread.has_earlier)
        });
        if let Some(conversation) = wanted {
            ui.perform(Intent::LoadEarlier(conversation));
        }
    };
    let scroller = NodeRef::<Div>::new();
    let list = NodeRef::<Ol>::new();
    let follows = StoredValue::new(true);
    let note_position = move |_| {
        if let Some(log) = scroller.get_untracked() {
            let below = log.scroll_height() - log.scroll_top() - log.client_height();
            follows.set_value(below < NEAR_END_PX);
        }
    };
    Effect::new(move || {
        selected.track();
        follows.set_value(true);
        window.set(WINDOW);
    });
    Effect::new(move || {
        shown.track();
        if let (true, Some(log)) = (follows.get_value(), scroller.get()) {
            // After the new rows are laid out.
            request_animation_frame(move || log.set_scroll_top(log.scroll_height()));
        }
    });
    view! {
        <div class="log" node_ref=scroller tabindex="0" role="log" aria-label="Messages" on:scroll=note_position>
            <Show when=move || has_earlier.get()>
                <button
                    class="button log__earlier"
                    type="button"
                    on:click=show_earlier
                >
                    "Show earlier messages"
                </button>
            </Show>
            <ol class="log__rows" node_ref=list>
                <For each=move || shown.get() key=Row::key let(row)>
                    {match row {
                        Row::Day(time) => view! {
                            <li class="log__mark">{clock::day(time)}</li>
                        }.into_any(),
                        Row::Unread => view! {
                            <li class="log__mark log__mark--unread">"New messages"</li>
                        }.into_any(),
                        Row::Message { message, is_first } => view! {
                            <MessageRow message is_first />
                        }.into_any(),
                    }}
                </For>
            </ol>
        </div>
    }
}

fn current(model: &Model) -> Option<&Thread> {
    model.selected.as_ref().and_then(|conversation| model.threads.get(conversation))
}

fn shown_rows(thread: &Thread, window: usize) -> Vec<Row> {
    let from = thread.messages.len().saturating_sub(window);
    rows(&thread.messages[from..], thread.first_unread, clock::offset_minutes())
}
