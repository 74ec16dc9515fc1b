//! Words, and where they are in a text.

use std::ops::Range;

use crate::limits::{SEARCH_PLACES_MAX, SEARCH_WORDS_MAX};
use crate::words::{Lowercase, fold};

/// What is looked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Folded, none of them empty.
    words: Vec<String>,
}

impl Query {
    /// Reads what a person typed. Words beyond the bound are not looked for.
    pub(super) fn new(text: &str, lowercase: Lowercase<'_>) -> Self {
        let text = fold(text, lowercase);
        let words = text.split_whitespace().take(SEARCH_WORDS_MAX);
        Self { words: words.map(str::to_owned).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Where the words are in a text, in order and apart; `None` if not all of them are.
    pub(super) fn find(&self, text: &str, lowercase: Lowercase<'_>) -> Option<Vec<Range<usize>>> {
        let folded = fold(text, lowercase);
        let has_all = self.words.iter().all(|word| folded.contains(word));
        (has_all && !self.is_empty()).then(|| self.places(text, lowercase))
    }

    /// A letter may be longer folded than it was, or shorter: so they are folded one by one.
    fn places(&self, text: &str, lowercase: Lowercase<'_>) -> Vec<Range<usize>> {
        let mut folded = String::with_capacity(text.len());
        // Where each letter ends, folded and in the text.
        let mut ends = Vec::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            folded.push_str(&fold(&text[at..end], lowercase));
            ends.push((folded.len(), end));
        }
        // Of the letter that holds that byte.
        let letter = |byte: usize| ends.partition_point(|(end, _)| *end <= byte);
        let mut is_found = vec![false; ends.len()];
        for (at, word) in self.words.iter().flat_map(|word| folded.match_indices(word.as_str())) {
            is_found[letter(at)..=letter(at + word.len() - 1)].fill(true);
        }
        let mut apart: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for (is_found, (_, end)) in is_found.into_iter().zip(ends) {
            let last = apart.last_mut().filter(|last| is_found && last.end == from);
            if let Some(last) = last {
                last.end = end;
            } else if is_found && apart.len() < SEARCH_PLACES_MAX {
                apart.push(from..end);
            }
            from = end;
        }
        apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are in the text where it has brackets; where it has none, not all of them are.
    #[track_caller]
    fn check(words: &str, marked: &str) {
        let lowercase: Lowercase<'_> = &|text| text.to_lowercase();
        let text = marked.replace(['[', ']'], "");
        let found = Query::new(words, lowercase).find(&text, lowercase);
        let mut shown = text;
        for place in found.unwrap_or_default().into_iter().rev() {
            shown.insert(place.end, ']');
            shown.insert(place.start, '[');
        }
        assert_eq!(shown, marked, "{words}");
    }

    #[test]
    fn all_words_are_found_in_any_order_and_in_capitals() {
        check("two ONE", "[one] and [Two], [one]s");
        check("one three", "one and two");
        check("na nan", "ba[nana]");
        check("é", "[É]t[é]");
        check("i", "[İ]stanb[i]l");
        check("straße", "die [STRAßE]");
        check("λόγος", "[ΛΌΓΟΣ]");
        check("王", "[王]小");
        check("", "one");
        check(" ", "one");
    }

    #[test]
    fn places_and_words_are_bounded() {
        let lowercase: Lowercase<'_> = &|text| text.to_lowercase();
        let many = "a ".repeat(SEARCH_PLACES_MAX + 1);
        let places = Query::new("a", lowercase).find(&many, lowercase).unwrap();
        assert_eq!(places.len(), SEARCH_PLACES_MAX);
        let words = format!("{many} b");
        assert!(Query::new(&words, lowercase).find("a", lowercase).is_some());
    }
}
