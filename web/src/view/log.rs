//! The messages of the conversation in front, on a scroller that nothing moves but the person.
//!
//! Where they are is noted when they scroll: at the end, or at a row and so far below the top. After
//! each change of what is shown, and of how big anything is, that is restored before it is painted.

use leptos::ev::{FocusEvent, MouseEvent};
use leptos::html::{Div, Ol};
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::sequence::Sequence;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, KeyboardEvent, ResizeObserver};

use super::icons::{Icon, icon};
use super::row::MessageRow;
use super::shown::{boxed, list, when};
use super::{Ui, said, use_ui};
use crate::clock;
use crate::store::{Intent, MessageKey, ReadingIntent, Row, Store, Thing};
use crate::words::{Locale, log as words};

/// So near to the end is at it: browsers round.
const AT_END_PX: f64 = 2.0;
/// Within so many heights of an edge, the lines beyond are fetched.
const AHEAD_HEIGHTS: f64 = 2.0;
/// As many lines as may be shown at once are so many heights, at least: else what comes at one edge would
/// push out at the other what is still in view.
const WHOLE_HEIGHTS_MIN: f64 = 4.0;
/// Of those, a third goes when as many come. Nobody who is within so much of an edge is near to both.
const AHEAD_OF_WHOLE: f64 = 1.0 / 6.0;

/// Where the person is.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// At the end, and stays there.
    End,
    /// This row is so far below the top of the scroller.
    At { row: String, offset_px: f64 },
}

/// The scroller and where the person is in it.
#[derive(Clone, Copy)]
struct Reading {
    ui: Ui,
    scroller: NodeRef<Div>,
    list: NodeRef<Ol>,
    place: StoredValue<Place>,
    /// How far the page has scrolled it last, if the person has not since.
    put: StoredValue<Option<i32>>,
    /// What is new begins above what is in view.
    is_new_above: RwSignal<bool>,
}

impl Reading {
    /// The person has scrolled, or the page did to restore where they are.
    fn note(self) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let (height, top) = (f64::from(scroller.client_height()), scroller.scroll_top());
        let below = f64::from(scroller.scroll_height()) - f64::from(top) - height;
        let window_ends =
            self.ui.live.read(|store| store.front.as_ref().is_some_and(|f| f.window.is_at_end()));
        let is_at_end = window_ends && below <= AT_END_PX;
        // Sizes may be others again since the page has put it there: that is no scrolling away.
        let is_put = self.put.get_value() == Some(top);
        if !is_put || is_at_end {
            self.note_place(&scroller, is_at_end);
        }
        self.look_ahead(&scroller);
        self.look_for_new(&scroller);
    }

    fn note_place(self, scroller: &Element, is_at_end: bool) {
        self.put.set_value(None);
        let place = if is_at_end { Some(Place::End) } else { self.first_in_view(scroller) };
        if let Some(place) = place {
            self.place.set_value(place);
        }
        let follows =
            self.ui.live.read(|store| store.front.as_ref().is_some_and(|front| front.follows));
        if follows != is_at_end {
            self.ui.perform(Intent::Read(ReadingIntent::Scrolled(is_at_end)));
        }
    }

    /// Lines beyond an edge that is near are shown, or fetched: whenever the person has scrolled, and
    /// whenever any size has changed, since what is too short for the window can't be scrolled.
    fn look_ahead(self, scroller: &Element) {
        let (height, whole) =
            (f64::from(scroller.client_height()), f64::from(scroller.scroll_height()));
        // It is not in the page yet, or not any more.
        if height <= 0.0 {
            return;
        }
        let (window_ends, is_full, hurries) = self.ui.live.read(|store| {
            store.front.as_ref().map_or((true, false, false), |front| {
                let is_full = front.window.is_full(front.rows.len());
                (front.window.is_at_end(), is_full, front.hurries().is_some())
            })
        });
        if hurries && whole > height {
            return;
        }
        let above = f64::from(scroller.scroll_top());
        let below = whole - above - height;
        let read = |intent| self.ui.perform(Intent::Read(intent));
        if is_full && whole < WHOLE_HEIGHTS_MIN * height {
            read(ReadingIntent::More);
        }
        let mut ahead = AHEAD_HEIGHTS * height;
        if is_full {
            ahead = ahead.min(AHEAD_OF_WHOLE * whole);
        }
        if above < ahead {
            read(ReadingIntent::Earlier);
        }
        if !window_ends && below < ahead {
            read(ReadingIntent::Later);
        }
    }

    /// The first row that is not above the top of the scroller, found by halves.
    fn first_in_view(self, scroller: &Element) -> Option<Place> {
        let rows = self.list.get_untracked()?.children();
        let top = scroller.get_bounding_client_rect().top();
        let bottom_of = |at: u32| rows.item(at).map(|row| row.get_bounding_client_rect().bottom());
        let (mut from, mut to) = (0, rows.length());
        while from < to {
            let middle = (from + to) / 2;
            if bottom_of(middle)? <= top {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        // Days stick to the top: a message says better where one is.
        let mut row = rows.item(from)?;
        while row.class_list().contains("log__day") {
            row = row.next_element_sibling()?;
        }
        let offset_px = row.get_bounding_client_rect().top() - top;
        Some(Place::At { row: row.get_attribute("data-row")?, offset_px })
    }

    /// Puts the person back where they were.
    fn restore(self) {
        let Some(scroller) = self.scroller.try_get_untracked().flatten() else { return };
        match self.place.get_value() {
            Place::End => {
                scroller.set_scroll_top(scroller.scroll_height());
                self.put.set_value(Some(scroller.scroll_top()));
            }
            Place::At { row, offset_px } => {
                let row = scroller.query_selector(&format!("[data-row='{row}']")).ok().flatten();
                let top = scroller.get_bounding_client_rect().top();
                let moved =
                    row.map_or(0.0, |it| it.get_bounding_client_rect().top() - top - offset_px);
                if moved.abs() >= 0.5 {
                    let element: &HtmlElement = &scroller;
                    element
                        .set_scroll_top((f64::from(element.scroll_top()) + moved).round() as i32);
                    self.put.set_value(Some(element.scroll_top()));
                }
            }
        }
        self.look_ahead(&scroller);
        self.look_for_new(&scroller);
    }

    fn look_for_new(self, scroller: &Element) {
        let is_marked = self.ui.live.read(|store| store.has_new());
        let mark = scroller.query_selector(".log__unread").ok().flatten();
        let top = scroller.get_bounding_client_rect().top();
        let is_above = match mark {
            Some(mark) => mark.get_bounding_client_rect().bottom() < top,
            None => is_marked,
        };
        if self.is_new_above.get_untracked() != is_above {
            self.is_new_above.set(is_above);
        }
    }

    /// A row is gone to: it stands in the upper half.
    fn go_to(self, row: String) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let offset_px = f64::from(scroller.client_height()) / 3.0;
        self.place.set_value(Place::At { row, offset_px });
        self.restore_soon();
    }

    fn restore_soon(self) {
        // The list has been changed by then, and nothing painted.
        queue_microtask(move || self.restore());
    }
}

#[component]
pub(super) fn Log() -> impl IntoView {
    let ui = use_ui();
    let reading = Reading {
        ui,
        scroller: NodeRef::new(),
        list: NodeRef::new(),
        place: StoredValue::new(Place::End),
        put: StoredValue::new(None),
        is_new_above: RwSignal::new(false),
    };
    let rows = ui.part(Thing::Rows, |store| {
        store.front.as_ref().map_or_else(Vec::new, |front| front.rows.clone())
    });
    follow(reading, rows);
    observe_sizes(reading);
    let name = ui.part(Thing::Front, |store| store.front.as_ref().map(|f| f.conversation.clone()));
    view! {
        <div class="log-frame">
            <div
                class="log"
                node_ref=reading.scroller
                tabindex="0"
                role="log"
                aria-label=said(words::MESSAGES)
                aria-live="off"
                on:scroll=boxed(move |_| reading.note())
                on:mousemove=boxed(move |event: MouseEvent| ui.point_at(row_of(event.target())))
                on:mouseleave=boxed(move |_| ui.point_at(None))
                on:focusin=boxed(move |event: FocusEvent| ui.point_at(row_of(event.target())))
                on:click=boxed(move |event: MouseEvent| ui.point_at(row_of(event.target())))
                on:keydown=boxed(move |event: KeyboardEvent| step(&event))
            >
                <ol class="log__rows" node_ref=reading.list>
                    {list(move || rows.get(), row_key, draw)}
                </ol>
                {when(
                    move || rows.with(Vec::is_empty),
                    move || view! { <p class="log__empty">{move || name.get().map(|name| describe_empty(ui.locale(), &name))}</p> }.into_any(),
                )}
            </div>
            <Jumps reading />
            <Arrivals />
        </div>
    }
}

/// The message in whose row something is.
fn row_of(target: Option<web_sys::EventTarget>) -> Option<MessageKey> {
    let element: Element = target?.dyn_into().ok()?;
    let row = element.closest(".message").ok()??;
    row.get_attribute("data-row")?.parse().ok().map(MessageKey)
}

/// Up and down move from message to message; with Tab one gets to what can be done about it.
fn step(event: &KeyboardEvent) {
    let is_up = match event.key().as_str() {
        "ArrowUp" => true,
        "ArrowDown" => false,
        _ => return,
    };
    let Some(log) = event.current_target().and_then(|log| log.dyn_into::<Element>().ok()) else {
        return;
    };
    let present = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let present = present.and_then(|target| target.closest(".message").ok().flatten());
    let mut next = match &present {
        Some(row) if is_up => row.previous_element_sibling(),
        Some(row) => row.next_element_sibling(),
        None => log.query_selector(".message:last-child").ok().flatten(),
    };
    while next.as_ref().is_some_and(|row| !row.class_list().contains("message")) {
        next = next.and_then(|row| match is_up {
            true => row.previous_element_sibling(),
            false => row.next_element_sibling(),
        });
    }
    if let Some(row) = next.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = row.focus();
    }
}

fn row_key(row: &Row) -> String {
    match row {
        Row::Day(day) => format!("day-{day}"),
        Row::Unread => "unread".to_owned(),
        Row::Message(key) => key.0.to_string(),
    }
}

fn draw(row: Row) -> AnyView {
    match row {
        Row::Day(day) => view! { <DayRow day /> }.into_any(),
        Row::Unread => view! {
            <li class="log__unread" data-row="new"><span>{said(words::NEW_MESSAGES)}</span></li>
        }
        .into_any(),
        Row::Message(key) => view! { <MessageRow key /> }.into_any(),
    }
}

/// What is shown follows the person: to the end, to a line, to another conversation.
fn follow(reading: Reading, rows: Memo<Vec<Row>>) {
    let ui = reading.ui;
    let front = ui.part(Thing::Front, |store| {
        let front = store.front.as_ref()?;
        let found = front.found.and_then(|at| found_row(store, at));
        Some(Reader { conversation: front.conversation.clone(), follows: front.follows, found })
    });
    Effect::new(move |before: Option<Option<Reader>>| {
        let now = front.get();
        let before = before.flatten();
        if let Some(now) = &now {
            let is_other = before.as_ref().is_none_or(|it| it.conversation != now.conversation);
            let went = is_other || before.as_ref().is_some_and(|it| it.found != now.found);
            let returned = is_other || before.is_some_and(|before| !before.follows);
            match &now.found {
                Some(row) if went => reading.go_to(row.clone()),
                Some(_) | None if now.follows && returned => {
                    reading.place.set_value(Place::End);
                    reading.restore_soon();
                }
                Some(_) | None => {}
            }
        }
        now
    });
    Effect::new(move || {
        rows.with(|_| ());
        reading.restore_soon();
    });
}

/// What of the conversation in front moves the scroller.
#[derive(Debug, Clone, PartialEq)]
struct Reader {
    conversation: Conversation,
    follows: bool,
    /// The row that was gone to.
    found: Option<String>,
}

fn found_row(store: &Store, at: Sequence) -> Option<String> {
    let front = store.front.as_ref()?;
    let key = store.threads.get(&front.conversation)?.timeline.find(at)?;
    Some(key.0.to_string())
}

/// Whatever changes its size (a row, the box, the window, the text) is followed before it is painted.
fn observe_sizes(reading: Reading) {
    let on_resize = Closure::<dyn FnMut()>::new(move || reading.restore());
    let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
    let observed = observer.clone();
    Effect::new(move || {
        let parts = (reading.scroller.get(), reading.list.get(), &observed);
        if let (Some(scroller), Some(list), Some(observer)) = parts {
            observer.observe(&scroller);
            observer.observe(&list);
        }
    });
    let kept = StoredValue::new_local((observer, on_resize));
    on_cleanup(move || {
        if let Some(Some(observer)) = kept.try_with_value(|(observer, _)| observer.clone()) {
            observer.disconnect();
        }
    });
}

/// A day begins. What it is called changes at midnight.
#[component]
fn DayRow(day: i64) -> impl IntoView {
    let (ui, today) = (use_ui(), use_context::<Today>());
    let label = move || {
        today.iter().for_each(|today| today.0.track());
        clock::day(ui.locale(), day)
    };
    view! { <li class="log__day" data-row=format!("day-{day}")><span>{move || label()}</span></li> }
}

/// Changes with the day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Today(pub(super) RwSignal<i64>);

/// Ways to the end, and to what is new.
#[component]
fn Jumps(reading: Reading) -> impl IntoView {
    let ui = reading.ui;
    let is_away =
        ui.part(Thing::Front, |store| store.front.as_ref().is_some_and(|front| !front.is_at_end()));
    let label = move || {
        ui.live.track(Thing::Front);
        ui.live.track(Thing::List);
        match ui.live.read(Store::new_below) {
            0 => words::TO_END.say(ui.locale()).to_owned(),
            count => words::NewBelow { count }.say(ui.locale()),
        }
    };
    let to_first_new = move |_| ui.perform(Intent::Read(ReadingIntent::JumpToNew));
    view! {
        <div class="jumps">
            {when(
                move || reading.is_new_above.get(),
                move || view! {
                    <button class="jump" type="button" on:click=boxed(to_first_new)>
                        {icon(Icon::Up)}
                        <span class="jump__text">{said(words::FIRST_UNREAD)}</span>
                    </button>
                }.into_any(),
            )}
            {when(
                move || is_away.get(),
                move || view! {
                    <button class="jump jump--end" type="button" on:click=boxed(move |_| ui.perform(Intent::Read(ReadingIntent::ToEnd)))>
                        {icon(Icon::Down)}
                        {move || label()}
                    </button>
                }.into_any(),
            )}
        </div>
    }
}

/// What arrives in the conversation in front, for those who hear the page: nothing else is read out.
#[component]
fn Arrivals() -> impl IntoView {
    let heard = use_ui().part(Thing::List, |store| {
        let key = store.front.as_ref()?.heard?;
        let message = store.message(key)?;
        let sender = message.sender.as_ref()?;
        // The same said twice is read twice: only what differs is.
        let end = if key.0 % 2 == 0 { "" } else { "\u{a0}" };
        Some(format!("{sender}: {}{end}", message.line(store.locale())))
    });
    view! {
        <p class="visually-hidden" role="status" aria-label=said(words::NEW_MESSAGE)>{move || heard.get()}</p>
    }
}

fn describe_empty(locale: Locale, conversation: &Conversation) -> String {
    match conversation {
        Conversation::Everyone => words::EVERYONE_EMPTY.say(locale).to_owned(),
        Conversation::Group(_) => words::GROUP_EMPTY.say(locale).to_owned(),
        Conversation::User(name) => words::DirectEmpty { name }.say(locale),
    }
}
