//! Small means of drawing that keep the module small: one set of types for all that is shown at times.

use std::sync::Arc;

use leptos::prelude::*;

type Draw = Arc<dyn Fn() -> AnyView + Send + Sync>;

/// Draws something while a condition holds.
pub(crate) fn when(
    is_shown: impl Fn() -> bool + Send + Sync + 'static,
    draw: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(Memo::new(move |_| is_shown()), Arc::new(draw), None)
}

/// Draws the first while a condition holds, else the second.
pub(crate) fn either(
    is_first: impl Fn() -> bool + Send + Sync + 'static,
    first: impl Fn() -> AnyView + Send + Sync + 'static,
    second: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(Memo::new(move |_| is_first()), Arc::new(first), Some(Arc::new(second)))
}

fn erased(is_first: Memo<bool>, first: Draw, second: Option<Draw>) -> AnyView {
    let draw =
        move || if is_first.get() { Some(first()) } else { second.as_ref().map(|draw| draw()) };
    draw.into_any()
}
