//! Beside the conversation: oneself, the conversations, who is online.

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::name::UserName;

use super::avatar;
use super::connection::LinkState;
use super::groups::Decisions;
use super::icons::{Icon, icon};
use super::menu::{NewMenu, PersonMenu};
use super::shown::{boxed, list, when};
use super::{Sheet, said, use_ui};
use crate::clock;
use crate::router;
use crate::store::{Hears, Store, Thing};
use crate::words::values::name_of;
use crate::words::{key, sidebar as words};

#[component]
pub(super) fn Sidebar() -> impl IntoView {
    let ui = use_ui();
    let listed = ui.part(Thing::List, Store::listed);
    view! {
        <nav class="side" aria-label=said(words::CONVERSATIONS)>
            <Head />
            <button class="find" type="button" on:click=boxed(move |_| ui.show(Sheet::Switcher))>
                {icon(Icon::Search)}
                <span>{said(words::FIND)}</span>
                <kbd>{said(key::FIND)}</kbd>
            </button>
            <div class="side__lists">
                <Decisions />
                <ul class="list">
                    {list(
                        move || listed.get(),
                        |conversation| router::to_hash(Some(conversation)),
                        |conversation| view! { <Entry conversation /> }.into_any(),
                    )}
                </ul>
                <OnlineList />
            </div>
            <footer class="side__foot">
                <NewMenu />
            </footer>
        </nav>
    }
}

/// Oneself, and how the connection is.
#[component]
fn Head() -> impl IntoView {
    let ui = use_ui();
    let me = ui.part(Thing::Person, |store| store.me.clone());
    view! {
        <header class="side__head">
            {move || me.get().map(|me| avatar::person(&me, false))}
            <div class="side__me">
                <strong>{move || me.get().map(|me| me.to_string())}</strong>
                <LinkState />
            </div>
            <PersonMenu />
        </header>
    }
}

/// One conversation in the list. The link is its name alone, and covers the entry; what is unread and the
/// last line describe it.
#[component]
fn Entry(conversation: Conversation) -> impl IntoView {
    let ui = use_ui();
    let entry = ui.live.watch_entry(conversation.clone());
    let named = conversation.clone();
    let href = router::to_hash(Some(&conversation));
    let about = format!("about{}", href.replace(['#', '/', '%'], "-"));
    let id = about.clone();
    let of = conversation.clone();
    let read = Memo::new(move |_| {
        entry.track();
        ui.live.read(|store| Summary::of(store, &of))
    });
    let unread = move || read.with(|summary| summary.unread);
    view! {
        <li
            class="entry"
            class:entry--front=move || read.with(|summary| summary.is_in_front)
            class:entry--unread=move || { unread() > 0 }
            class:entry--muted=move || read.with(|summary| summary.is_muted)
        >
            {avatar::conversation(&conversation)}
            <a
                class="entry__link"
                href=href
                aria-describedby=about
                aria-current=move || read.with(|summary| summary.is_in_front).then_some("page")
            >
                {move || name_of(ui.locale(), &named)}
            </a>
            <span class="entry__time">{move || read.with(|summary| summary.time.clone())}</span>
            <span class="entry__about" id=id>
                <span class="entry__last" class:entry__last--draft=move || read.with(|summary| summary.is_draft)>
                    {move || read.with(|summary| summary.last.clone())}
                </span>
                {when(
                    move || { unread() > 0 },
                    move || {
                        let count = move || match unread() {
                            count if count > UNREAD_SHOWN_MAX => format!("{UNREAD_SHOWN_MAX}+"),
                            count => count.to_string(),
                        };
                        view! {
                            <span class="badge">{move || count()}<span class="visually-hidden">" "{said(words::UNREAD)}</span></span>
                        }
                            .into_any()
                    },
                )}
            </span>
        </li>
    }
}

/// Beyond so many, it is only said that there are more.
const UNREAD_SHOWN_MAX: usize = 99;

/// What an entry of the list says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Summary {
    unread: usize,
    time: String,
    last: String,
    is_draft: bool,
    is_muted: bool,
    is_in_front: bool,
}

impl Summary {
    fn of(store: &Store, conversation: &Conversation) -> Self {
        let Some(thread) = store.threads.get(conversation) else { return Self::default() };
        let is_in_front = store.is_in_front(conversation);
        let draft = store.draft(conversation).text;
        let is_draft = !is_in_front && !draft.trim().is_empty();
        let (message, locale) = (store.last_message(conversation), store.locale());
        let last = match message {
            _ if is_draft => {
                let text = &draft.replace('\n', " ");
                words::Draft { text }.say(locale)
            }
            None => String::new(),
            Some(message) if message.is_own() => {
                words::You { line: &message.line(locale) }.say(locale)
            }
            Some(message) => match (&message.sender, conversation) {
                (None, _) | (Some(_), Conversation::User(_)) => message.line(locale),
                (Some(sender), _) => format!("{sender}: {}", message.line(locale)),
            },
        };
        Self {
            unread: thread.unread,
            time: message.map(|message| clock::short(locale, message.time)).unwrap_or_default(),
            last,
            is_draft,
            is_muted: store.settings.person.hears(conversation) == Hears::Nothing,
            is_in_front,
        }
    }
}

/// Who else is online.
#[component]
fn OnlineList() -> impl IntoView {
    let ui = use_ui();
    let online = ui.part(Thing::Online, |store| {
        let mut others = store.others_online();
        let more = others.len().saturating_sub(ONLINE_SHOWN_MAX);
        others.truncate(ONLINE_SHOWN_MAX);
        (others, more)
    });
    let more_words = move || match online.with(|(_, more)| *more) {
        0 => None,
        more => Some(words::MoreOnline { count: more }.say(ui.locale())),
    };
    view! {
        <h2 class="side__title" id="online-title">{said(words::ONLINE)}</h2>
        <ul class="online" aria-labelledby="online-title">
            {list(
                move || online.with(|(names, _)| names.clone()),
                ToString::to_string,
                |name| view! { <OnlinePerson name /> }.into_any(),
            )}
        </ul>
        {when(
            move || online.with(|(_, more)| *more > 0),
            move || view! { <p class="side__hint">{move || more_words()}</p> }.into_any(),
        )}
        {when(
            move || online.with(|(names, _)| names.is_empty()),
            || view! { <p class="side__hint">{said(words::NOBODY_ONLINE)}</p> }.into_any(),
        )}
    }
}

/// Most people who are listed as online; the switcher finds the others.
const ONLINE_SHOWN_MAX: usize = 100;

#[component]
fn OnlinePerson(name: UserName) -> impl IntoView {
    let href = router::to_hash(Some(&Conversation::User(name.clone())));
    view! {
        <li>
            <a class="online__person" href=href>
                <i class="dot dot--on" aria-hidden="true"></i>
                {name.to_string()}
            </a>
        </li>
    }
}
