//! The signs of the page, drawn with strokes in the colour of the text around them.

use leptos::prelude::*;

/// A sign. What it means is said beside it, or in the label of its button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Back,
    Clock,
    Copy,
    Delete,
    Details,
    Down,
    Edit,
    Menu,
    Plus,
    React,
    Reply,
    Search,
    Send,
    Tick,
    TwoTicks,
    Up,
    Close,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Back => "M12.5 4 6.5 10l6 6",
            Self::Clock => "M10 3.5a6.5 6.5 0 1 0 .01 0M10 6.5V10l2.5 1.5",
            Self::Copy => "M7 7h9v9H7zM4 13V4h9",
            Self::Delete => "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
            Self::Details => "M3 4.5h14v11H3zM12.5 4.5v11",
            Self::Down => "M10 4v12M5 11l5 5 5-5",
            Self::Edit => "M4 16l.8-3.6L13 4.2l2.8 2.8-8.2 8.2z",
            Self::Menu => "M4 10h.01M10 10h.01M16 10h.01",
            Self::Plus => "M10 4v12M4 10h12",
            Self::React => {
                "M10 3.5a6.5 6.5 0 1 0 .01 0M7.5 8.5h.01M12.5 8.5h.01M7 11.5c1.6 2.2 4.4 2.2 6 0"
            }
            Self::Reply => "M8 5 3.5 9.5 8 14M4 9.5h7c3.5 0 5.5 2 5.5 5.5",
            Self::Search => "M9 3.5a5.5 5.5 0 1 0 .01 0M13 13l4 4",
            Self::Send => "M3.5 10 17 4l-4 12-3-5z",
            Self::Tick => "M3.5 10.5l4.5 4.5L17 5.5",
            Self::TwoTicks => "M1.5 10.5 6 15l8-9.5M9.5 14l1 1 8-9.5",
            Self::Up => "M10 16V4M5 9l5-5 5 5",
            Self::Close => "M5 5l10 10M15 5 5 15",
        }
    }
}

/// Draws a sign.
pub(crate) fn icon(icon: Icon) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
    .into_any()
}
