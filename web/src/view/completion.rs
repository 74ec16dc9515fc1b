//! How what is being typed could go on, in a list over the box.

use leptos::ev::MouseEvent;
use leptos::html::Textarea;
use leptos::prelude::*;
use netchat_client::complete::{Choice, Known, complete};
use netchat_shared::conversation::Conversation;
use netchat_shared::name::{GroupName, UserName};
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

use super::shown::boxed;
use super::{Ui, keys, said};
use crate::device;
use crate::store::{Emojis, Intent, Store};
use crate::words::{composer, values};

/// Signs that begin what can be completed.
const SIGNS: [char; 4] = ['@', '#', '/', ':'];

/// A way to go on, and what the text and the caret are then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    shown: String,
    about: String,
    text: String,
    caret: usize,
}

/// The ways that are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion {
    ui: Ui,
    field: NodeRef<Textarea>,
    ways: RwSignal<Vec<Way>>,
    chosen: RwSignal<usize>,
}

impl Completion {
    pub(super) fn new(ui: Ui, field: NodeRef<Textarea>) -> Self {
        Self { ui, field, ways: RwSignal::new(Vec::new()), chosen: RwSignal::new(0) }
    }

    /// The text, or where the caret stands in it, is another.
    pub(super) fn look(self, field: &HtmlTextAreaElement) {
        let text = field.value();
        let caret = caret(field, &text);
        let ways = match text[..caret].contains(SIGNS) {
            true => self.ui.live.read(|store| ways(store, &text, caret)),
            false => Vec::new(),
        };
        if text[..caret].contains(':') && self.ui.live.read(|store| store.emojis.is_none()) {
            self.ui.perform(Intent::FetchEmojis);
        }
        if self.ways.with_untracked(|shown| *shown != ways) {
            self.chosen.set(0);
            self.ways.set(ways);
        }
    }

    pub(super) fn close(self) {
        if self.is_open() {
            self.ways.set(Vec::new());
        }
    }

    /// The way that Enter would take, by its id.
    pub(super) fn active(self) -> Option<String> {
        let chosen = self.chosen.get();
        self.ways.with(|ways| (chosen < ways.len()).then(|| format!("way-{chosen}")))
    }

    pub(super) fn is_open(self) -> bool {
        self.ways.with_untracked(|ways| !ways.is_empty())
    }

    /// Keys that belong to the list while it is there; true if this is one.
    pub(super) fn takes(self, event: &KeyboardEvent) -> bool {
        let count = self.ways.with_untracked(Vec::len);
        if count == 0 || keys::is_composing(event) || event.shift_key() {
            return false;
        }
        match event.key().as_str() {
            "ArrowDown" => self.chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => self.chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" | "Tab" => self.choose(self.chosen.get_untracked()),
            "Escape" => self.close(),
            _ => return false,
        }
        event.prevent_default();
        event.stop_propagation();
        true
    }

    fn choose(self, at: usize) {
        let way = self.ways.with_untracked(|ways| ways.get(at).cloned());
        let (Some(way), Some(field)) = (way, self.field.get_untracked()) else { return };
        self.close();
        field.set_value(&way.text);
        let behind = way.text[..way.caret].encode_utf16().count();
        let behind = u32::try_from(behind).unwrap_or_default();
        let _ = field.set_selection_range(behind, behind);
        let _ = field.focus();
        if let Some(to) = self.ui.front() {
            self.ui.perform(Intent::Typed(to, way.text));
        }
    }
}

/// Where the caret stands, in bytes.
fn caret(field: &HtmlTextAreaElement, text: &str) -> usize {
    let units = field.selection_end().ok().flatten().unwrap_or_default() as usize;
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        if passed >= units {
            return at;
        }
        passed += c.len_utf16();
    }
    text.len()
}

fn ways(store: &Store, text: &str, caret: usize) -> Vec<Way> {
    let (people, groups) = known(store);
    let emojis = match &store.emojis {
        Some(Some(emojis)) => short_names(emojis),
        Some(None) | None => Vec::new(),
    };
    let known = Known { people: &people, groups: &groups, emoji: &emojis };
    let Some(found) = complete(text, caret, &known, &device::lowercase) else { return Vec::new() };
    let typed = &text[found.typed.clone()];
    let way = |(at, choice): (usize, &Choice<'_>)| {
        let (text, caret) = found.choose(text, at)?;
        let (shown, about) = match choice {
            Choice::Person(_) | Choice::Group(_) => (choice.text(), String::new()),
            Choice::Command(command) => {
                let does = values::command(store.locale(), command);
                (format!("/{} {}", command.name, command.takes), does.to_owned())
            }
            Choice::Emoji(name, sign) => (format!("{sign} :{name}:"), String::new()),
        };
        Some(Way { shown, about, text, caret })
    };
    // What is typed already needs no list.
    if found.choices.iter().any(|choice| choice.text() == typed) {
        return Vec::new();
    }
    found.choices.iter().enumerate().filter_map(way).collect()
}

/// People and groups, those that were written with last before the others.
fn known(store: &Store) -> (Vec<UserName>, Vec<GroupName>) {
    let (mut people, mut groups) = (Vec::new(), Vec::new());
    for conversation in store.listed() {
        match conversation {
            Conversation::User(name) => people.push(name),
            Conversation::Group(name) => groups.push(name),
            Conversation::Everyone => {}
        }
    }
    let others = store.others_online().into_iter();
    let others =
        others.filter(|name| !store.threads.contains_key(&Conversation::User(name.clone())));
    people.extend(others);
    (people, groups)
}

fn short_names(emojis: &Emojis) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for emoji in emojis.all() {
        all.extend(emoji.short_names.iter().map(|name| (name.as_str(), emoji.sign.as_str())));
    }
    all
}

/// The list. The focus stays in the box.
#[component]
pub(super) fn Completions(completion: Completion) -> impl IntoView {
    let option = move |at: usize, way: Way| {
        view! {
            <li
                class="found"
                id=format!("way-{at}")
                role="option"
                aria-selected=move || if completion.chosen.get() == at { "true" } else { "false" }
                on:mousedown=boxed(move |event: MouseEvent| {
                    event.prevent_default();
                    completion.choose(at);
                })
            >
                <span>{way.shown}</span>
                <small>{way.about}</small>
            </li>
        }
        .into_any()
    };
    let options = move || {
        completion
            .ways
            .get()
            .into_iter()
            .enumerate()
            .map(|(at, way)| option(at, way))
            .collect_view()
    };
    view! {
        <ul
            class="completions"
            id="completions"
            role="listbox"
            aria-label=said(composer::COMPLETIONS)
            hidden=move || completion.ways.with(Vec::is_empty)
        >
            {move || options()}
        </ul>
    }
}
