//! One message. What changes in it is drawn anew by itself.

use leptos::prelude::*;
use netchat_client::marks::fold_at;
use netchat_client::reaction::Sign;
use netchat_client::session::Content;
use netchat_shared::name::UserName;

use super::icons::{Icon, icon};
use super::shown::{boxed, either, when};
use super::{Picked, Sheet, Side, Ui, avatar, said, text, use_ui};
use crate::clock;
use crate::intl;
use crate::store::{Intent, Mark, Message, MessageIntent, MessageKey, ReadingIntent, Store};
use crate::words::{Word, message as words};

/// Signs that are one press away.
const QUICK_SIGNS: [&str; 5] = ["👍", "❤️", "😂", "🎉", "👀"];

#[component]
pub(super) fn MessageRow(key: MessageKey) -> impl IntoView {
    let ui = use_ui();
    let row = ui.live.watch_row(key);
    let is_first = Memo::new({
        let read = ui.live.of_message(key, row, |message| message.is_first);
        move |_| read()
    });
    let is_own = ui.live.read(|store| store.message(key).is_some_and(Message::is_own));
    let is_going = ui.live.of_message(key, row, |message| message.is_going);
    let is_found = move || {
        row.track();
        ui.live.read(|store| store.is_found(key))
    };
    view! {
        <li
            class="message"
            class:message--own=is_own
            class:message--first=move || is_first.get()
            class:message--going=move || is_going()
            class:message--found=move || is_found()
            data-row=key.0.to_string()
            tabindex="-1"
        >
            {either(
                move || is_first.get(),
                move || head(ui, key),
                move || time(ui, key, "message__at"),
            )}
            <Answered key row />
            <Body key row />
            <Signs key row />
            {is_own.then(|| view! { <Receipt key row /> })}
            <Actions key row is_own />
        </li>
    }
}

/// Who says it, and when: on the first of several.
fn head(ui: Ui, key: MessageKey) -> AnyView {
    let sender = ui.live.read(|store| store.message(key).and_then(|m| m.sender.clone()));
    let name = sender.as_ref().map(ToString::to_string);
    let colour = avatar::colour(name.as_deref().unwrap_or_default());
    let class = format!("message__sender {colour}");
    let name =
        move || name.clone().unwrap_or_else(|| words::UNKNOWN_SENDER.say(ui.locale()).to_owned());
    view! {
        {sender.map(|sender| avatar::person(&sender, false))}
        <div class="message__head">
            <span class=class>{move || name()}</span>
            {time(ui, key, "message__time")}
        </div>
    }
    .into_any()
}

fn time(ui: Ui, key: MessageKey, class: &'static str) -> AnyView {
    let time = ui.live.read(|store| store.message(key).map(|message| message.time));
    time.map(|time| {
        view! {
            <time
                class=class
                datetime=clock::machine_readable(time)
                title=move || clock::full_date(ui.locale(), time)
            >
                {move || clock::time_of_day(ui.locale(), time)}
            </time>
        }
    })
    .into_any()
}

/// What it answers, in a line: a press goes there.
#[component]
fn Answered(key: MessageKey, row: RwSignal<()>) -> impl IntoView {
    let ui = use_ui();
    let of = ui.live.read(|store| store.message(key).and_then(|message| message.answers));
    let line = move || {
        row.track();
        ui.live.read(|store| {
            let message = store.message(key)?;
            let answered = store.line(&message.conversation, message.answers?)?;
            let sender = answered.sender.as_ref().map_or("", UserName::as_str);
            Some(format!("{sender}: {}", answered.line(store.locale())))
        })
    };
    of.map(|of| {
        view! {
            <button class="message__answered" type="button" on:click=boxed(move |_| ui.perform(Intent::Read(ReadingIntent::JumpTo(of))))>
                {move || line().unwrap_or_else(|| words::EARLIER.say(ui.locale()).to_owned())}
            </button>
        }
    })
}

#[component]
fn Body(key: MessageKey, row: RwSignal<()>) -> impl IntoView {
    let ui = use_ui();
    let content = Memo::new(move |_| {
        row.track();
        ui.live.read(|store| store.message(key).map(|message| message.content.clone()))
    });
    let is_edited = ui.live.of_message(key, row, |message| message.changes.is_edited());
    let is_unfolded = ui.live.of_message(key, row, |message| message.is_unfolded);
    let body = move || match content.get()? {
        Content::Text(text) => Some(long_text(ui, key, &text, is_unfolded)),
        Content::Corrupted => Some(gone(words::CORRUPTED)),
        Content::TakenBack => Some(gone(words::TAKEN_BACK)),
        Content::Reaction(_) | Content::Unknown => Some(gone(words::NEEDS_NEWER)),
    };
    view! {
        <div class="message__body">
            {move || body()}
            {when(is_edited, || view! { <span class="message__edited">{said(words::EDITED)}</span> }.into_any())}
        </div>
    }
}

fn gone(line: Word) -> AnyView {
    view! { <p class="message__gone">{said(line)}</p> }.into_any()
}

fn long_text(
    ui: Ui,
    key: MessageKey,
    text: &str,
    is_unfolded: impl Fn() -> bool + Copy + Send + Sync + 'static,
) -> AnyView {
    let Some(fold) = fold_at(text) else { return text::draw(ui, text, text.len()) };
    let (whole, beginning) = (text.to_owned(), text.to_owned());
    let label = move || {
        let word = if is_unfolded() { words::SHOW_LESS } else { words::SHOW_ALL };
        word.say(ui.locale())
    };
    view! {
        {either(
            is_unfolded,
            move || text::draw(ui, &whole, whole.len()),
            move || text::draw(ui, &beginning, fold),
        )}
        <button
            class="message__fold"
            type="button"
            on:click=boxed(move |_| ui.perform(Intent::Message(key, MessageIntent::Unfold)))
        >
            {move || label()}
        </button>
    }
    .into_any()
}

/// Signs beside it: a press puts one's own there, or takes it away.
#[component]
fn Signs(key: MessageKey, row: RwSignal<()>) -> impl IntoView {
    let ui = use_ui();
    let signs = Memo::new(move |_| {
        row.track();
        ui.live.read(|store| {
            let signs = store.message(key).map(|message| message.changes.signs());
            signs.unwrap_or_default()
        })
    });
    when(
        move || signs.with(|signs| !signs.is_empty()),
        move || {
            let me = ui.live.read(|store| store.me.clone());
            let draw = move || {
                let signs = signs.get().into_iter();
                signs
                    .map(|(sign, people)| sign_button(ui, key, &sign, &people, me.as_ref()))
                    .collect_view()
            };
            view! { <ul class="message__signs" aria-label=said(words::REACTIONS)>{move || draw()}</ul> }
                .into_any()
        },
    )
}

fn sign_button(
    ui: Ui,
    key: MessageKey,
    sign: &Sign,
    people: &[UserName],
    me: Option<&UserName>,
) -> AnyView {
    let locale = ui.locale();
    let names = intl::list(locale, people.iter().map(UserName::as_str));
    let shown = format!("{sign} {}", people.len());
    // What is heard begins with what is seen.
    let label = words::Reacted { sign: &shown, names: &names }.say(locale);
    let is_own = people.iter().any(|name| Some(name) == me);
    let toggle = MessageIntent::Toggle(sign.clone());
    view! {
        <li>
            <button
                class="sign"
                type="button"
                aria-label=label.clone()
                title=label
                aria-pressed=if is_own { "true" } else { "false" }
                on:click=boxed(move |_| ui.perform(Intent::Message(key, toggle.clone())))
            >
                {shown}
            </button>
        </li>
    }
    .into_any()
}

/// How far one's own message got: a sign, and words for those who hear the page.
#[component]
fn Receipt(key: MessageKey, row: RwSignal<()>) -> impl IntoView {
    let ui = use_ui();
    let receipt = Memo::new(move |_| {
        row.track();
        ui.live.read(|store| summary(store, key))
    });
    let mark = Memo::new(move |_| receipt.with(|receipt| receipt.as_ref().map(|(mark, _)| *mark)));
    let words = move || receipt.with(|receipt| receipt.as_ref().map(|(_, words)| words.clone()));
    let sign = move || match mark.get()? {
        Mark::Waiting => Some(icon(Icon::Clock)),
        Mark::Stored => Some(icon(Icon::Tick)),
        Mark::Received => Some(icon(Icon::TwoTicks)),
        Mark::Partly(received, of) => Some(format!("{received}/{of}").into_any()),
        Mark::Failed => Some("!".into_any()),
    };
    let has_failed = move || mark.get() == Some(Mark::Failed);
    let show = move |_| {
        ui.detailed.set(Some(key));
        ui.show_side(Some(Side::Details));
        ui.perform(Intent::Message(key, MessageIntent::Receivers));
    };
    view! {
        <button
            class="receipt"
            class:receipt--failed=move || has_failed()
            class:receipt--received=move || mark.get() == Some(Mark::Received)
            type="button"
            title=move || words()
            on:click=boxed(show)
        >
            {move || sign()}
            <span class="visually-hidden">{move || words()}</span>
        </button>
        {when(has_failed, move || view! {
            <p class="message__failed">
                {move || words()}
                " "
                <button
                    class="button button--small"
                    type="button"
                    on:click=boxed(move |_| ui.perform(Intent::Message(key, MessageIntent::SendAgain)))
                >
                    {said(words::SEND_AGAIN)}
                </button>
            </p>
        }.into_any())}
    }
}

fn summary(store: &Store, key: MessageKey) -> Option<(Mark, String)> {
    let delivery = store.message(key)?.delivery.as_ref()?;
    Some((delivery.mark(), delivery.summary(store.locale(), |name| store.is_away(name))))
}

/// What can be done about it, while it is pointed at or in focus.
#[component]
fn Actions(key: MessageKey, row: RwSignal<()>, is_own: bool) -> impl IntoView {
    let ui = use_ui();
    let actions = move || {
        let button = move |sign: Icon, label: Word, intent: MessageIntent| {
            view! {
                <button
                    class="action"
                    type="button"
                    aria-label=said(label)
                    title=said(label)
                    on:click=boxed(move |_| ui.perform(Intent::Message(key, intent.clone())))
                >
                    {icon(sign)}
                </button>
            }
        };
        let quick = QUICK_SIGNS.iter().filter_map(|sign| sign.parse::<Sign>().ok()).map(|sign| {
            let text = sign.to_string();
            let label = words::ReactWith { sign: &sign }.say(ui.locale());
            let intent = MessageIntent::Toggle(sign);
            view! {
                <button
                    class="action action--sign"
                    type="button"
                    aria-label=label
                    on:click=boxed(move |_| ui.perform(Intent::Message(key, intent.clone())))
                >
                    {text}
                </button>
            }
        });
        view! {
            <div class="actions" role="group" aria-label=said(words::ACTIONS)>
                {quick.collect_view()}
                <button
                    class="action"
                    type="button"
                    aria-label=said(words::REACT_MORE)
                    title=said(words::REACT_MORE)
                    on:click=boxed(move |_| ui.show(Sheet::Emoji(Picked::Reacts(key))))
                >
                    {icon(Icon::React)}
                </button>
                {button(Icon::Reply, words::REPLY, MessageIntent::Reply)}
                {is_own.then(|| button(Icon::Edit, words::EDIT, MessageIntent::Edit))}
                {button(Icon::Copy, words::COPY, MessageIntent::Copy)}
                {is_own.then(|| button(Icon::Delete, words::DELETE, MessageIntent::Delete))}
            </div>
        }
        .into_any()
    };
    let can_act = move || {
        row.track();
        let is_active = ui.active.get_value() == Some(key);
        is_active
            && ui.live.read(|store| {
                store.message(key).is_some_and(|m| m.sequence.is_some() && m.text().is_some())
            })
    };
    when(can_act, actions)
}
