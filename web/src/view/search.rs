//! Finding messages: beside the conversation, so that one goes from hit to hit.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;
use netchat_client::limits::SEARCH_HITS_MAX;
use netchat_client::search::{Hit, Part};
use std::time::Duration;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use super::shown::{boxed, list, when};
use super::{keys, said, use_ui};
use crate::clock;
use crate::store::{Intent, ReadingIntent, SearchIntent, Searching, Thing};
use crate::words::values::name_of;
use crate::words::{Locale, Word, number, search as words};

/// How long somebody has to pause before what they type is looked for.
const PAUSE: Duration = Duration::from_millis(250);

#[component]
pub(super) fn SearchPanel() -> impl IntoView {
    let ui = use_ui();
    let hits = ui.part(Thing::Search, |store| store.searching.search.hits().to_vec());
    let hits = list(move || hits.get(), key, draw);
    view! {
        <Question />
        <Progress />
        <ol class="hits" aria-label=said(words::HITS) on:keydown=boxed(move |event| step(&event))>
            {hits}
        </ol>
    }
}

/// What a row shows: another text is another row.
fn key(hit: &Hit) -> String {
    format!("{} {} {}", hit.conversation, hit.line.sequence.0, hit.line.text)
}

/// What is looked for, and where.
#[component]
fn Question() -> impl IntoView {
    let ui = use_ui();
    let (text, within) =
        ui.live.read(|store| (store.searching.text.clone(), store.searching.within.clone()));
    let is_new = text.is_empty();
    let text = RwSignal::new(text);
    let front = ui.part(Thing::Front, |store| store.front_conversation());
    // Where one is, is where one looks first.
    let is_within = RwSignal::new(within.is_some() || is_new && front.get_untracked().is_some());
    let look = move || {
        let within = front.get_untracked().filter(|_| is_within.get_untracked());
        ui.perform(Intent::Search(SearchIntent::LookFor(text.get_untracked(), within)));
    };
    let mut look_soon = debounce(PAUSE, move |()| look());
    let field = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            // What is looked for already is put right by typing over it.
            field.set_value(&text.get_untracked());
            let _ = field.focus();
            field.select();
        }
    });
    let choose = move |chosen: bool| {
        is_within.set(chosen);
        look();
    };
    let choice = move |label: Word, chosen: bool| {
        view! {
            <label class="menu__check">
                <input
                    type="radio"
                    name="search-where"
                    prop:checked=move || is_within.get() == chosen
                    on:change=boxed(move |_| choose(chosen))
                />
                <span>{said(label)}</span>
            </label>
        }
    };
    view! {
        <form
            class="search__form"
            role="search"
            on:submit=boxed(move |event: SubmitEvent| {
                event.prevent_default();
                look();
            })
        >
            <input
                class="find__field"
                type="search"
                node_ref=field
                aria-label=said(words::WHAT)
                placeholder=said(words::WORDS)
                autocomplete="off"
                prop:value=text
                on:input:target=move |event| {
                    text.set(event.target().value());
                    look_soon(());
                }
                on:keydown=boxed(move |event| go_to_first(&event))
            />
            <fieldset class="search__where">
                <legend class="visually-hidden">{said(words::WHERE)}</legend>
                {when(move || front.get().is_some(), move || choice(words::THIS_CONVERSATION, true).into_any())}
                {choice(words::EVERYWHERE, false)}
            </fieldset>
        </form>
    }
}

/// How far it has come, and a way to stop it.
#[component]
fn Progress() -> impl IntoView {
    let ui = use_ui();
    let words = ui.part(Thing::Search, |store| progress(store.locale(), &store.searching));
    let is_under_way = ui.part(Thing::Search, |store| is_under_way(&store.searching));
    let is_stopped = ui.part(Thing::Search, |store| store.searching.is_stopped);
    let turn = move |_| {
        let intent =
            if is_stopped.get_untracked() { SearchIntent::GoOn } else { SearchIntent::Stop };
        ui.perform(Intent::Search(intent));
    };
    view! {
        <div class="search__progress">
            <p role="status">{move || words.get()}</p>
            {when(move || is_under_way.get(), move || view! {
                <button class="button" type="button" on:click=boxed(turn)>
                    {move || {
                        let word = if is_stopped.get() { words::GO_ON } else { words::STOP };
                        word.say(ui.locale())
                    }}
                </button>
            }.into_any())}
        </div>
    }
}

/// There is more that could be looked through.
fn is_under_way(searching: &Searching) -> bool {
    let walked = searching.search.walked();
    searching.is_looking() && !walked.is_whole && !walked.is_full
}

fn progress(locale: Locale, searching: &Searching) -> String {
    if !searching.is_looking() {
        return words::HINT.say(locale).to_owned();
    }
    let (walked, found) = (searching.search.walked(), searching.search.hits().len());
    if walked.is_full {
        return words::Full { hits: &SEARCH_HITS_MAX }.say(locale);
    }
    let found = match found {
        0 => words::NOTHING.say(locale).to_owned(),
        found => words::Found { found: &number(locale, found) }.say(locale),
    };
    let (found, count) = (&found, walked.lines);
    if walked.is_whole {
        return words::Whole { found, count }.say(locale);
    }
    match walked.since {
        Some(since) => {
            let since = &clock::date_of(locale, since);
            words::Since { found, since, count }.say(locale)
        }
        None => words::SoFar { found, count }.say(locale),
    }
}

/// One hit. Who chose it goes on reading there.
fn draw(hit: Hit) -> AnyView {
    let ui = use_ui();
    let excerpt = hit.excerpt();
    let Hit { conversation, line, .. } = hit;
    let sequence = line.sequence;
    let is_everywhere = ui.live.read(|store| store.searching.within.is_none());
    let sender = line.sender.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_of_sender = conversation.to_string() == sender;
    let there = (is_everywhere && !is_of_sender).then(|| conversation.clone());
    let place = there.map(|there| {
        move || {
            let place = &name_of(ui.locale(), &there);
            format!(" {}", words::InPlace { place }.say(ui.locale()))
        }
    });
    let visit = move |_| {
        ui.perform(Intent::Read(ReadingIntent::Visit(conversation.clone(), sequence)));
        ui.close_side_if_over();
    };
    let time = move || clock::short(ui.locale(), line.time);
    let part = |Part { text, is_found }| match is_found {
        true => view! { <mark>{text}</mark> }.into_any(),
        false => text.into_any(),
    };
    let excerpt: Vec<AnyView> = excerpt.into_iter().map(part).collect();
    view! {
        <li>
            <button class="hit" type="button" on:click=boxed(visit)>
                <span class="hit__head">
                    <strong>{sender}</strong>
                    {place}
                    <time datetime=clock::machine_readable(line.time)>{move || time()}</time>
                </span>
                <span class="hit__text">{excerpt}</span>
            </button>
        </li>
    }
    .into_any()
}

/// From the field down to what was found.
fn go_to_first(event: &KeyboardEvent) {
    if event.key() == "ArrowDown" && !keys::is_composing(event) {
        event.prevent_default();
        focus(document().query_selector(".hit").ok().flatten());
    }
}

/// From hit to hit, and back to the field.
fn step(event: &KeyboardEvent) {
    let item = document().active_element().and_then(|hit| hit.closest("li").ok().flatten());
    let next = match event.key().as_str() {
        "ArrowDown" => item.and_then(|item| item.next_element_sibling()),
        "ArrowUp" => match item.and_then(|item| item.previous_element_sibling()) {
            Some(previous) => Some(previous),
            None => return focus(document().query_selector(".search .find__field").ok().flatten()),
        },
        _ => return,
    };
    event.prevent_default();
    focus(next.and_then(|item| item.first_element_child()));
}

fn focus(element: Option<web_sys::Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
