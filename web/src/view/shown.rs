//! Small means of drawing that keep the module small: one set of types for all that is shown at times.

use std::sync::Arc;

use leptos::prelude::*;

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

/// One type for all who hear of an event.
pub(crate) fn boxed<E: 'static>(hear: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(hear)
}
