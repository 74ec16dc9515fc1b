//! Small means of drawing that keep the module small: one set of types for all that is shown at times.

use std::sync::Arc;

use leptos::ev::Event;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlInputElement};

type Draw = Arc<dyn Fn() -> AnyView + Send + Sync>;

/// Draws something while a condition holds.
pub(crate) fn when(
    is_shown: impl Fn() -> bool + Send + Sync + 'static,
    draw: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(Box::new(is_shown), Arc::new(draw), None)
}

/// Draws the first while a condition holds, else the second.
pub(crate) fn either(
    is_first: impl Fn() -> bool + Send + Sync + 'static,
    first: impl Fn() -> AnyView + Send + Sync + 'static,
    second: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(Box::new(is_first), Arc::new(first), Some(Arc::new(second)))
}

fn erased(
    is_first: Box<dyn Fn() -> bool + Send + Sync>,
    first: Draw,
    second: Option<Draw>,
) -> AnyView {
    let is_first = Memo::new(move |_| is_first());
    let draw =
        move || if is_first.get() { Some(first()) } else { second.as_ref().map(|draw| draw()) };
    draw.into_any()
}

/// A list whose items are drawn once, and stay for as long as their keys are there. What a key does not
/// say must not change in an item.
pub(crate) fn list<T: Send + 'static>(
    each: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> String,
    draw: fn(T) -> AnyView,
) -> AnyView {
    let item = move |item: T| Item { key: key(&item), draw: Box::new(move || draw(item)) };
    erased_list(Box::new(move || each().into_iter().map(item).collect()))
}

struct Item {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

fn erased_list(each: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! { <For each=each key=|item| item.key.clone() children=|item| (item.draw)() /> }.into_any()
}

/// What was chosen among these could not be set: they show again what holds, each in its turn.
pub(crate) fn put_back(event: &Event, holds: &[bool]) {
    let chosen = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let around = |selector| chosen.as_ref().and_then(|it| it.closest(selector).ok().flatten());
    let Some(group) = around("fieldset").or_else(|| around("label")) else { return };
    let choices = group.get_elements_by_tag_name("input");
    for (at, holds) in (0..).zip(holds) {
        let choice = choices.item(at).and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        choice.iter().for_each(|choice| choice.set_checked(*holds));
    }
}

/// One type for all who hear of an event.
pub(crate) fn boxed<E: 'static>(hear: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(hear)
}
