//! Emoji and their names, as the build writes them into a file that is fetched when it is wanted first.
//!
//! A line is a group (`# Smileys`), or an emoji, its name, its short names, and further words
//! (`😀 grinsendes Gesicht;grinning|froh;grinning face`). Each language has its file.

use crate::words::Locale;

/// Most that are found at once.
const FOUND_MAX: usize = 64;

/// An emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emoji {
    /// The sign.
    pub sign: String,
    /// What it is called.
    pub name: String,
    /// What one types between two colons for it; at least one.
    pub short_names: Vec<String>,
    /// All that it is found by, in small letters.
    words: String,
    /// The group it stands in.
    pub group: String,
}

/// All emoji, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Emojis {
    /// The language of their names.
    pub locale: Locale,
    all: Vec<Emoji>,
}

impl Emojis {
    /// Reads the file of a language, and the same in small letters; lines that are none are left out.
    #[must_use]
    pub fn parse(locale: Locale, text: &str, small: &str) -> Self {
        let mut group = String::new();
        let mut all = Vec::new();
        for (line, small) in text.lines().zip(small.lines()) {
            if let Some(name) = line.strip_prefix("# ") {
                name.clone_into(&mut group);
            } else if let (Some((sign, names)), Some((_, words))) =
                (line.split_once(' '), small.split_once(' '))
            {
                let names = names.split('|').next().unwrap_or_default();
                let mut names = names.split(';').map(str::to_owned);
                let Some(name) = names.next() else { continue };
                let (sign, words) = (sign.to_owned(), words.replace('|', ";"));
                let (short_names, group) = (names.collect(), group.clone());
                all.push(Emoji { sign, name, short_names, words, group });
            }
        }
        Self { locale, all }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Emoji] {
        &self.all
    }

    /// The groups, in their order.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for emoji in &self.all {
            if groups.last() != Some(&emoji.group.as_str()) {
                groups.push(&emoji.group);
            }
        }
        groups
    }

    /// Those whose words fit what was typed, in small letters: first those that begin so.
    #[must_use]
    pub fn find(&self, typed: &str) -> Vec<Emoji> {
        let begins = |emoji: &&Emoji| emoji.words.split(';').any(|word| word.starts_with(typed));
        let first = self.all.iter().filter(begins);
        let holds = |emoji: &&Emoji| !begins(emoji) && emoji.words.contains(typed);
        let then = self.all.iter().filter(holds);
        first.chain(then).take(FOUND_MAX).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn emoji_are_read_and_found_by_their_names() {
        let text = "# Smileys\n😀 grinning face;grinning\n😂 face with tears of joy;joy\nrubbish\n# Flags\n🏁 chequered flag;checkered_flag\n";
        let emojis = Emojis::parse(Locale::En, text, text);
        assert_eq!(emojis.groups(), ["Smileys", "Flags"]);
        let found = |typed: &str| -> Vec<String> {
            emojis.find(typed).into_iter().map(|emoji| emoji.sign).collect()
        };
        assert_eq!(found("face"), ["😂", "😀"], "what begins so comes first");
        assert_eq!(found("joy"), ["😂"]);
        assert_eq!(found("checkered_"), ["🏁"]);
        assert!(found("nothing").is_empty());
        assert_eq!(Emojis::parse(Locale::En, "", "").all(), []);
    }

    #[test]
    fn emoji_are_found_by_the_words_of_a_language_and_by_their_english_ones() {
        let text = "# Smileys\n😀 Grinsendes Gesicht;grinning|froh;Ärger;grinning face\n";
        let emojis = Emojis::parse(Locale::De, text, &text.to_lowercase());
        let [emoji] = emojis.all() else { panic!("{emojis:?}") };
        assert_eq!(
            (emoji.name.as_str(), &emoji.short_names[..]),
            ("Grinsendes Gesicht", &["grinning".to_owned()][..])
        );
        for typed in ["grinsend", "gesicht", "froh", "ärger", "grinning face"] {
            assert_eq!(emojis.find(typed).len(), 1, "{typed}");
        }
        assert!(emojis.find("|").is_empty());
    }
}
