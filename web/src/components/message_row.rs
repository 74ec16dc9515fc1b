//! One message.

use leptos::prelude::*;
use netchat_client::session::Content;

use super::use_ui;
use crate::clock;
use crate::model::{Intent, Message, Piece, describe_receipt, pieces};

#[component]
pub(super) fn MessageRow(message: Message, is_first: bool) -> impl IntoView {
    let is_own = message.delivery.is_some();
    let sender = match (&message.sender, is_own) {
        (_, true) => "You".to_owned(),
        (Some(sender), false) => sender.to_string(),
        (None, false) => "Unknown sender".to_owned(),
    };
    let body = match &message.content {
        Content::Text(text) => view! { <Text text=text.clone() /> }.into_any(),
        Content::Corrupted => view! {
            <p class="message__corrupted">
                "This message arrived damaged and can't be shown. Its sender has been told."
            </p>
        }
        .into_any(),
        Content::TakenBack => view! {
            <p class="message__gone">"Message taken back"</p>
        }
        .into_any(),
        Content::Reaction(_) | Content::Unknown => view! {
            <p class="message__gone">"A newer version of NetChat is needed to show this."</p>
        }
        .into_any(),
    };
    let is_edited = message.changes.is_edited();
    let signs = message.changes.signs().into_iter();
    let signs = signs.map(|(sign, count)| format!("{sign} {count}")).collect::<Vec<_>>().join("  ");
    let time = message.time;
    view! {
        <li class="message" class:message--own=is_own class:message--first=is_first>
            <div class="message__head" class:visually-hidden=!is_first>
                <span class="message__sender">{sender}</span>
                <time datetime=clock::machine_readable(time) title=clock::full_date(time)>
                    {clock::time_of_day(time)}
                </time>
            </div>
            <div class="message__body">
                {body}
                {is_edited.then(|| view! { <p class="message__edited">"edited"</p> })}
                {(!signs.is_empty()).then(|| view! { <p class="message__signs">{signs}</p> })}
            </div>
            {is_own.then(|| view! { <Delivered message /> })}
        </li>
    }
}

/// How far one's own message got, with whom on demand, and what to do if it did not.
#[component]
fn Delivered(message: Message) -> impl IntoView {
    let ui = use_ui();
    let key = message.key;
    // Messages in front are the last ones: found from the end at once.
    let delivery = ui.part(move |model| {
        let threads = model.selected.iter().filter_map(|selected| model.threads.get(selected));
        let mut messages = threads.flat_map(|thread| thread.messages.iter().rev());
        let delivery = messages.find(|message| message.key == key)?.delivery.clone()?;
        let summary = delivery.summary(|name| model.is_away(name));
        Some((summary, delivery))
    });
    let summary = move || delivery.with(|d| d.as_ref().map(|(summary, _)| summary.clone()));
    let has_failed =
        Memo::new(move |_| delivery.with(|d| d.as_ref().is_some_and(|(_, d)| d.has_failed())));
    // One recipient stands in the summary already.
    let several = Memo::new(move |_| {
        let recipients = delivery.with(|d| d.as_ref().map(|(_, d)| d.recipients().to_vec()));
        recipients.filter(|recipients| recipients.len() > 1)
    });
    let again = move |_| {
        if let Some(selected) = ui.model.with_untracked(|model| model.selected.clone()) {
            ui.perform(Intent::SendAgain(selected, key));
        }
    };
    view! {
        <div class="message__state" class:message__state--failed=move || has_failed.get()>
            <Show
                when=move || several.with(Option::is_some)
                fallback=move || view! { <span>{summary}</span> }
            >
                <details>
                    <summary>{summary}</summary>
                    <ul>
                        {move || several.get().unwrap_or_default().into_iter().map(|(name, receipt)| {
                            view! { <li>{name.to_string()}": "{describe_receipt(receipt)}</li> }
                        }).collect_view()}
                    </ul>
                </details>
            </Show>
            <Show when=move || has_failed.get()>
                <button class="button button--small" type="button" on:click=again>"Send again"</button>
            </Show>
        </div>
    }
}

/// A text with its links. Text nodes only: nothing in it is ever markup.
#[component]
fn Text(text: String) -> impl IntoView {
    let pieces = pieces(&text).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.into_any(),
        Piece::Link(address) => view! {
            <a href=address target="_blank" rel="noopener noreferrer">{address.clone()}</a>
        }
        .into_any(),
    });
    view! { <p class="message__text">{pieces.collect_view()}</p> }
}
