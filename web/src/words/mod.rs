//! The words of the page, in each of its languages: `web/locales`, made into Rust by `build.rs`.
//!
//! `TITLE.say(locale)` is a text; `Invited { name: &name, group: &group }.say(locale)` one with something
//! put into it. A value named `count` decides the form: by the browser, which knows of each language how
//! many forms it has.

pub(crate) mod values;

use std::fmt::{Display, Write as _};

use crate::intl;

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// A text that nothing is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(usize);

impl Word {
    /// Not inlined: it is called in hundreds of places.
    #[inline(never)]
    pub(crate) fn say(self, locale: Locale) -> &'static str {
        let lengths = LENGTHS[locale as usize][..=self.0].iter().map(|&length| usize::from(length));
        let (end, length) = lengths.fold((0, 0), |(end, _), length| (end + length, length));
        TEXTS[locale as usize].get(end - length..end).unwrap_or_default()
    }
}

impl Locale {
    /// The language of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.code() == code)
    }

    /// The first of these that the page speaks; they are in the order in which somebody wants them, and
    /// may name a country: `de-AT`.
    #[must_use]
    pub fn first_of<'a>(wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let language = |tag: &'a str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        let known = wanted.into_iter().find_map(|tag| Self::from_code(&language(tag)));
        known.unwrap_or_default()
    }
}

/// A text with its values: in the table, their numbers stand where they belong.
fn fill(text: &str, values: &[&dyn Display]) -> String {
    let mut filled = String::with_capacity(text.len());
    for c in text.chars() {
        match (c as usize).checked_sub(1).and_then(|at| values.get(at)) {
            // Writing into a text can't fail.
            Some(value) => drop(write!(filled, "{value}")),
            None => filled.push(c),
        }
    }
    filled
}

/// A number as people write it there: large ones in groups.
pub(crate) fn number(locale: Locale, number: usize) -> String {
    const UNGROUPED_MAX: usize = 9_999;
    match number {
        0..=UNGROUPED_MAX => number.to_string(),
        _ => intl::number(locale, number),
    }
}

/// Which of these forms a number has in a language: the last, if there is none of its own.
fn form(locale: Locale, count: usize, forms: &[&str]) -> usize {
    let name = intl::plural(locale, count);
    forms.iter().position(|form| *form == name).unwrap_or(forms.len() - 1)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_number_decides_the_form_and_large_ones_are_grouped() {
        let left = |count| composer::Room { count };
        assert_eq!(left(1).say(Locale::En), "1 byte left");
        assert_eq!(left(0).say(Locale::En), "0 bytes left");
        assert_eq!(left(1).say(Locale::De), "noch 1 Byte");
        assert_eq!(left(1_234).say(Locale::De), "noch 1234 Bytes");
        assert_eq!(left(12_345).say(Locale::En), "12,345 bytes left");
        assert_eq!(left(12_345).say(Locale::De), "noch 12.345 Bytes");
        // A language without a form of its own for one: what is said of all others.
        assert_eq!(form(Locale::En, 1, &["few", "other"]), 1);
    }

    #[test]
    fn values_stand_where_the_language_has_them() {
        let by = group::InvitedBy { name: &"bob", group: &"{name} 1" };
        assert_eq!(by.say(Locale::En), "bob invites you to {name} 1");
        assert_eq!(by.say(Locale::De), "bob lädt dich in {name} 1 ein");
    }

    #[test]
    fn what_nobody_speaks_here_is_said_in_english() {
        assert_eq!(Locale::first_of(["fr-FR", "de-AT", "en"]), Locale::De);
        assert_eq!(Locale::first_of(["EN-gb", "de"]), Locale::En);
        assert_eq!(Locale::first_of(["fr", "x"]), Locale::En);
        assert_eq!(Locale::first_of([]), Locale::En);
        for locale in Locale::ALL {
            assert_eq!(Locale::from_code(locale.code()), Some(locale));
        }
    }
}
