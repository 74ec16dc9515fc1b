//! What makes two names the same, or so alike that one could be taken for the other.
//!
//! A name is compared in two ways. *Folded* (compatibility characters replaced, case ignored: Unicode
//! 3.13, D146) it is whose it is: whoever signs in as `BOB` means bob. By its *look* (the skeleton of
//! UTS 39, 4) it is what others take it for: nobody else may be called `b0b`, or `bоb` with a Cyrillic
//! letter. Names of accounts from before these rules stay as they are; a new one is held to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use caseless::Caseless as _;
use netchat_shared::name::{GroupName, NameError, RESERVED, UserName};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_security::confusable_detection::skeleton;

use crate::limits::MARKS_PER_LETTER_MAX;

/// How a name compares with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameKeys {
    folded: Arc<str>,
    look: Arc<str>,
}

/// Why somebody can't have a new name. The text is one line for a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameRefused {
    /// It can't be a name at all.
    #[error("{0}")]
    Impossible(#[from] NameError),
    /// It holds a character that can't be seen.
    #[error("a name can't contain invisible or blank characters")]
    Invisible,
    /// It holds a character that has no meaning (yet), so that nobody knows what it looks like.
    #[error("a name can't contain the character U+{:04X}", u32::from(*.0))]
    Unknown(char),
    /// It holds a character that would be taken for one that a name can't contain.
    #[error("a name can't contain what looks like “{0}”")]
    LooksLike(char),
    /// It piles marks up.
    #[error("a letter of a name has at most {MARKS_PER_LETTER_MAX} marks")]
    Marks,
    /// It looks too much like somebody's.
    #[error("this name looks too much like {0}: choose another")]
    Alike(String),
    /// Several accounts of before have this name in different spellings.
    #[error("several have this name, in different spellings: write yours as you chose it")]
    Several,
}

/// Whose names are like a given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<T> {
    /// Nobody's.
    Nobody,
    /// This one's is the same, perhaps in another spelling.
    Same(T),
    /// Several of before have the same in different spellings.
    Several,
    /// This one's is another, but looks the same.
    Alike(T),
}

impl<T> Found<T> {
    /// What stands for whoever was found; nobody, if nothing does.
    pub(crate) fn and_then<U>(self, of: impl FnOnce(T) -> Option<U>) -> Found<U> {
        match self {
            Self::Nobody => Found::Nobody,
            Self::Several => Found::Several,
            Self::Same(found) => of(found).map_or(Found::Nobody, Found::Same),
            Self::Alike(found) => of(found).map_or(Found::Nobody, Found::Alike),
        }
    }
}

/// Who has which name, found by any spelling of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameIndex<T> {
    /// `None`: several have it.
    by_folded: BTreeMap<Arc<str>, Option<T>>,
    /// The first who came with that look.
    by_look: BTreeMap<Arc<str>, T>,
}

impl NameKeys {
    /// The keys of a name.
    #[must_use]
    pub fn of(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let folded: Arc<str> = fold(name).into();
        let shown: String = name.nfkc().collect();
        let look = fold(&skeleton(&shown).collect::<String>());
        let look = if *look == *folded { Arc::clone(&folded) } else { look.into() };
        Self { folded, look }
    }

    /// The same for all spellings of one name.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The same for all names that look alike.
    #[must_use]
    pub fn look(&self) -> &str {
        &self.look
    }

    fn are_alike(&self, other: &Self) -> bool {
        self.folded == other.folded || self.look == other.look
    }
}

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        Self { by_folded: BTreeMap::new(), by_look: BTreeMap::new() }
    }
}

impl<T: Copy + Eq> NameIndex<T> {
    /// Notes whose name it is. Answers whose name of before is like it.
    pub(crate) fn insert(&mut self, keys: &NameKeys, of: T) -> Option<T> {
        let same = self.by_folded.get(&keys.folded).copied();
        let holder = if same.is_some() { None } else { Some(of) };
        self.by_folded.insert(Arc::clone(&keys.folded), holder);
        let alike = self.by_look.get(&keys.look).copied();
        if alike.is_none() {
            self.by_look.insert(Arc::clone(&keys.look), of);
        }
        same.flatten().or(alike)
    }

    /// It is free again. Only a name that nobody else has been noted with is ever given up.
    pub(crate) fn remove(&mut self, keys: &NameKeys, of: T) {
        if self.by_folded.get(&keys.folded) == Some(&Some(of)) {
            self.by_folded.remove(&keys.folded);
        }
        if self.by_look.get(&keys.look) == Some(&of) {
            self.by_look.remove(&keys.look);
        }
    }

    pub(crate) fn find(&self, keys: &NameKeys) -> Found<T> {
        match (self.by_folded.get(&keys.folded), self.by_look.get(&keys.look)) {
            (Some(Some(same)), _) => Found::Same(*same),
            (Some(None), _) => Found::Several,
            (None, Some(alike)) => Found::Alike(*alike),
            (None, None) => Found::Nobody,
        }
    }
}

/// Whether somebody new may be called that, whoever else there is.
pub(crate) fn check_new_user(name: &UserName) -> Result<NameKeys, NameRefused> {
    let text = name.as_str();
    // With something like a colon, one could sign as another: a message is shown as `name: text`.
    match skeleton(text).chain(text.nfkc()).any(|c| c == ':') {
        true => Err(NameRefused::LooksLike(':')),
        false => check_new::<UserName>(text),
    }
}

/// Whether a new group may be called that, whichever others there are.
pub(crate) fn check_new_group(name: &GroupName) -> Result<NameKeys, NameRefused> {
    check_new::<GroupName>(name.as_str())
}

fn check_new<N: std::str::FromStr<Err = NameError>>(text: &str) -> Result<NameKeys, NameRefused> {
    let mut marks = 0;
    for c in text.nfd() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS_PER_LETTER_MAX {
            return Err(NameRefused::Marks);
        }
    }
    if text.chars().next().is_some_and(is_combining_mark) {
        return Err(NameRefused::Marks);
    }
    text.chars().try_for_each(check_character)?;
    // In whatever spelling, it must be a name. It may be longer in this one.
    match text.nfkc().collect::<String>().parse::<N>() {
        Ok(_) | Err(NameError::TooLong { .. }) => {}
        Err(why) => return Err(why.into()),
    }
    let keys = NameKeys::of(text);
    match RESERVED.iter().any(|word| keys.are_alike(&NameKeys::of(word))) {
        true => Err(NameError::Reserved.into()),
        false => Ok(keys),
    }
}

/// What is shown has a shape. Characters that are not assigned yet are refused since a later version
/// of Unicode may say that they are the same as others.
fn check_character(c: char) -> Result<(), NameRefused> {
    let category = c.general_category();
    let is_blank = is_blank(c)
        || category == GeneralCategory::SpaceSeparator && c != ' '
        || matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        );
    let is_unknown = matches!(category, GeneralCategory::Unassigned | GeneralCategory::PrivateUse);
    match (is_blank, is_unknown) {
        (true, _) => Err(NameRefused::Invisible),
        (false, true) => Err(NameRefused::Unknown(c)),
        (false, false) => Ok(()),
    }
}

/// Without regard to case, compatibility characters and what can't be seen; blanks count once.
fn fold(text: &str) -> String {
    let folded: String = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => {
            let once = text.nfd().default_case_fold().nfkc();
            let twice = once.default_case_fold().nfkc();
            twice.filter(|&c| !is_blank(c)).collect()
        }
    };
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is not shown by default (`Default_Ignorable_Code_Point`, Unicode 5.21), and what is shown as
/// nothing, although Unicode does not call it blank.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // An empty Braille cell, an object that is not there, a note without a head, a filler.
        | '\u{2800}' | '\u{fffc}' | '\u{1d159}' | '\u{16fe4}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str) -> Result<NameKeys, NameRefused> {
        check_new_user(&name.parse()?)
    }

    fn found(of: &[&str], name: &str) -> Found<usize> {
        let mut index = NameIndex::default();
        for (at, name) in of.iter().enumerate() {
            index.insert(&NameKeys::of(name), at);
        }
        index.find(&NameKeys::of(name))
    }

    #[test]
    fn a_name_is_the_same_in_every_spelling() {
        for [name, spelling] in [
            ["bob", "BOB"],
            ["bob", "ｂｏｂ"],
            ["Renée", "RENE\u{301}E"],
            ["Straße", "STRASSE"],
            ["σίσυφος", "ΣΊΣΥΦΟΣ"],
            ["a b", "A  b"],
            ["bob", "bo\u{3164}b"],
            ["fi", "ﬁ"],
        ] {
            assert_eq!(found(&[name], spelling), Found::Same(0), "{name} {spelling}");
        }
        for other in ["bobby", "rob", "Renee", "bób"] {
            assert_eq!(found(&["bob", "Renée"], other), Found::Nobody, "{other}");
        }
    }

    #[test]
    fn another_name_that_looks_the_same_is_found() {
        for [name, alike] in [
            ["bob", "bоb"],
            ["bob", "B0B"],
            ["BOB", "ВОВ"],
            ["paypal", "paypaI"],
            ["user1", "userl"],
            ["modern", "modem"],
        ] {
            assert_eq!(found(&[name], alike), Found::Alike(0), "{name} {alike}");
            assert_eq!(found(&[alike], name), Found::Alike(0), "{alike} {name}");
        }
        assert_eq!(found(&["ian"], "lan"), Found::Nobody, "in these spellings they differ");
    }

    #[test]
    fn several_of_before_are_told_apart_by_their_spelling_alone() {
        assert_eq!(found(&["bob", "Bob"], "BOB"), Found::Several);
        assert_eq!(found(&["bob", "b0b"], "BOB"), Found::Same(0), "the other only looks like it");
        let (mut index, keys) = (NameIndex::default(), NameKeys::of("bob"));
        assert_eq!(index.insert(&keys, 1), None);
        assert_eq!(index.insert(&NameKeys::of("Bob"), 2), Some(1));
        let mut index = NameIndex::default();
        index.insert(&keys, 1);
        index.remove(&keys, 1);
        assert_eq!(index, NameIndex::default());
    }

    #[test]
    fn a_new_name_can_be_seen_and_told_from_words_of_the_protocol() {
        for name in
            ["bob", "Renée", "王", "a b", "o'neil", "x-1_2.3", "\u{1f980}", "ế", "नमस्ते", "ครับ"]
        {
            assert!(check(name).is_ok(), "{name:?}: {:?}", check(name));
        }
        for name in ["a\u{3164}", "a\u{2800}b", "a\u{a0}b", "a\u{34f}b", "a\u{fe0f}", "\u{115f}"] {
            assert_eq!(check(name), Err(NameRefused::Invisible), "{name:?}");
        }
        for name in ["a\u{e000}", "a\u{378}"] {
            assert!(matches!(check(name), Err(NameRefused::Unknown(_))), "{name:?}");
        }
        assert!(check(&format!("a{}", "\u{301}".repeat(4))).is_ok());
        assert_eq!(check(&format!("a{}", "\u{301}".repeat(5))), Err(NameRefused::Marks));
        assert_eq!(check(&format!("é{}", "\u{323}".repeat(4))), Err(NameRefused::Marks));
        assert_eq!(check("\u{301}a"), Err(NameRefused::Marks));
        let reserved = Err(NameRefused::Impossible(NameError::Reserved));
        for name in ["ЅЕRVER", "ＳＥＲＶＥＲ", "a11", "AlI", "LEАVE"] {
            assert_eq!(check(name), reserved, "{name}");
        }
        for name in ["bob：", "bob꞉ x", "bob∶"] {
            assert_eq!(check(name), Err(NameRefused::LooksLike(':')), "{name}");
        }
        assert_eq!(check("a＃b"), Err(NameError::Character('#').into()));
        let group = |name: &str| check_new_group(&name.parse().unwrap());
        assert!(group("CS: Group").is_ok());
        assert_eq!(group("ЅЕRVER"), reserved);
    }

    proptest! {
        /// Whatever was folded is folded: keys of keys are the same.
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{1,32}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn no_name_is_a_surprise(text in "\\PC{1,32}") {
            if let Ok(name) = text.parse::<UserName>() {
                let _ = check_new_user(&name);
                prop_assert_eq!(NameKeys::of(&name), NameKeys::of(&name));
            }
        }
    }
}
