//! Emoji and their names, as the build writes them into a file that is fetched when it is wanted first.
//!
//! A line is a group (`# Smileys`), or an emoji and its names (`😀 grinning face;grinning`).

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
    /// The group it stands in.
    pub group: String,
}

/// All emoji, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Emojis(Vec<Emoji>);

impl Emojis {
    /// Reads the file; lines that are none are left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut group = String::new();
        let mut all = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("# ") {
                name.clone_into(&mut group);
            } else if let Some((sign, names)) = line.split_once(' ') {
                let mut names = names.split(';').map(str::to_owned);
                let Some(name) = names.next() else { continue };
                let short_names = names.collect();
                all.push(Emoji { sign: sign.to_owned(), name, short_names, group: group.clone() });
            }
        }
        Self(all)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Emoji] {
        &self.0
    }

    /// The groups, in their order.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for emoji in &self.0 {
            if groups.last() != Some(&emoji.group.as_str()) {
                groups.push(&emoji.group);
            }
        }
        groups
    }

    /// Those whose names fit: first those that begin so.
    #[must_use]
    pub fn find(&self, typed: &str) -> Vec<Emoji> {
        let typed = typed.trim().to_ascii_lowercase();
        let begins = |emoji: &&Emoji| {
            emoji.name.starts_with(&typed)
                || emoji.short_names.iter().any(|n| n.starts_with(&typed))
        };
        let holds = |emoji: &&Emoji| {
            emoji.name.contains(&typed) || emoji.short_names.iter().any(|n| n.contains(&typed))
        };
        let first = self.0.iter().filter(begins);
        let then = self.0.iter().filter(|emoji| !begins(emoji) && holds(emoji));
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
        let emojis = Emojis::parse(text);
        assert_eq!(emojis.groups(), ["Smileys", "Flags"]);
        let found = |typed: &str| -> Vec<String> {
            emojis.find(typed).into_iter().map(|emoji| emoji.sign).collect()
        };
        assert_eq!(found("face"), ["😂", "😀"], "what begins so comes first");
        assert_eq!(found("Joy"), ["😂"]);
        assert_eq!(found("checkered_"), ["🏁"]);
        assert!(found("nothing").is_empty());
        assert_eq!(Emojis::parse("").all(), []);
    }
}
