//! What is written and not sent.

use netchat_shared::sequence::Sequence;

/// What is written in the box of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// What it is to become; a message of its own if nothing else.
    pub about: Option<About>,
}

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// It answers this line.
    Reply(Sequence),
    /// It takes the place of this line.
    Edit(Sequence),
}

impl Draft {
    /// There is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.about.is_none()
    }

    /// As text, to be kept.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self.about {
            None => format!("-#{}", self.text),
            Some(About::Reply(of)) => format!("r{}#{}", of.0, self.text),
            Some(About::Edit(of)) => format!("e{}#{}", of.0, self.text),
        }
    }

    /// Reads it back; `None` if it is not one.
    #[must_use]
    pub fn from_text(kept: &str) -> Option<Self> {
        let (about, text) = kept.split_once('#')?;
        let place = |place: &str| Sequence::parse(place);
        let about = match about.split_at_checked(1)? {
            ("-", "") => None,
            ("r", of) => Some(About::Reply(place(of)?)),
            ("e", of) => Some(About::Edit(place(of)?)),
            _ => return None,
        };
        Some(Self { text: text.to_owned(), about })
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn drafts_read_back() {
        for about in [None, Some(About::Reply(Sequence(7))), Some(About::Edit(Sequence(8)))] {
            let draft = Draft { text: "# two\nlines ü".to_owned(), about };
            assert_eq!(Draft::from_text(&draft.to_text()), Some(draft));
        }
        for rubbish in ["", "x", "x#y", "r#y", "-7#y", "ü#y"] {
            assert_eq!(Draft::from_text(rubbish), None, "{rubbish}");
        }
    }
}
