//! The part of a hit that is shown in a list.

use super::Hit;
use crate::limits::{EXCERPT_BEFORE_CHARS, EXCERPT_CHARS_MAX};

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it says, on one line.
    pub text: String,
    /// It was looked for.
    pub is_found: bool,
}

impl Hit {
    /// What stands around the first place in it, at most [`EXCERPT_CHARS_MAX`] characters, with what was
    /// looked for apart. Left out is `…`.
    #[must_use]
    pub fn excerpt(&self) -> Vec<Part> {
        let text: &str = &self.line.text;
        let first = self.places.first().map_or(0, |place| place.start);
        let start = back(text, first);
        let end = forth(text, start);
        let mut parts = Parts::default();
        if start > 0 {
            parts.push("…", false);
        }
        let mut at = start;
        for place in self.places.iter().filter(|place| place.start < end) {
            let to = place.end.min(end);
            parts.push(&text[at..place.start], false);
            parts.push(&text[place.start..to], true);
            at = to;
        }
        parts.push(&text[at..end], false);
        if end < text.len() {
            parts.push("…", false);
        }
        parts.0
    }
}

/// Where an excerpt begins that has to hold the place `first`.
fn back(text: &str, first: usize) -> usize {
    let before = text[..first].char_indices().rev();
    before.take(EXCERPT_BEFORE_CHARS).last().map_or(first, |(at, _)| at)
}

fn forth(text: &str, start: usize) -> usize {
    let end = text[start..].char_indices().nth(EXCERPT_CHARS_MAX);
    end.map_or(text.len(), |(at, _)| start + at)
}

#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, text: &str, is_found: bool) {
        if !text.is_empty() {
            self.0.push(Part { text: text.replace(['\n', '\r', '\t'], " "), is_found });
        }
    }
}
