//! What is written and not sent.

use netchat_shared::sequence::Sequence;

/// What is written in the box of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// What it is to become; a message of its own if nothing else.
    pub about: Option<About>,
    /// What stood there before a correction was begun; it comes back when that is over.
    pub set_aside: String,
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
    /// It becomes an answer to a line.
    #[must_use]
    pub fn into_reply(self, of: Sequence) -> Self {
        Self { about: Some(About::Reply(of)), ..self.into_message() }
    }

    /// A correction of a line is written in its place.
    #[must_use]
    pub fn into_edit(self, of: Sequence, text: String) -> Self {
        let set_aside = self.into_message().text;
        Self { text, about: Some(About::Edit(of)), set_aside }
    }

    /// It becomes a message of its own. The text of a correction is the one that stands there already: it
    /// gives way to what was set aside.
    #[must_use]
    pub fn into_message(self) -> Self {
        let text = match self.about {
            Some(About::Edit(_)) => self.set_aside,
            Some(About::Reply(_)) | None => self.text,
        };
        Self { text, ..Self::default() }
    }

    /// It was sent.
    #[must_use]
    pub fn sent(self) -> Self {
        Self { text: self.set_aside, ..Self::default() }
    }

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
            Some(About::Edit(of)) => {
                let Self { text, set_aside, .. } = self;
                format!("e{}:{}#{set_aside}{text}", of.0, set_aside.len())
            }
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
            ("e", of) => {
                let (of, length) = of.split_once(':').unwrap_or((of, "0"));
                let (set_aside, text) = text.split_at_checked(length.parse().ok()?)?;
                let before = Self { text: set_aside.to_owned(), ..Self::default() };
                return Some(before.into_edit(place(of)?, text.to_owned()));
            }
            _ => return None,
        };
        Some(Self { text: text.to_owned(), about, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn drafts_read_back() {
        for about in [None, Some(About::Reply(Sequence(7))), Some(About::Edit(Sequence(8)))] {
            let set_aside = match about {
                Some(About::Edit(_)) => "ü set # aside".to_owned(),
                Some(About::Reply(_)) | None => String::new(),
            };
            let draft = Draft { text: "# two\nlines ü".to_owned(), about, set_aside };
            assert_eq!(Draft::from_text(&draft.to_text()), Some(draft));
        }
        let kept_before = Draft::default().into_edit(Sequence(7), "text".to_owned());
        assert_eq!(Draft::from_text("e7#text"), Some(kept_before));
        for rubbish in ["", "x", "x#y", "r#y", "-7#y", "ü#y", "e7:9#y", "e7:1#ü", "e7:x#y"] {
            assert_eq!(Draft::from_text(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn a_correction_sets_aside_what_stood_there_and_gives_it_back() {
        let typed = Draft { text: "half a thought".to_owned(), ..Draft::default() };
        let edit = typed.clone().into_edit(Sequence(7), "teh".to_owned());
        assert_eq!(edit.text, "teh");
        let other = edit.clone().into_edit(Sequence(8), "other".to_owned());
        for over in [edit.clone().into_message(), edit.clone().sent(), other.sent()] {
            assert_eq!(over, typed);
        }
        assert_eq!(edit.into_reply(Sequence(9)), typed.clone().into_reply(Sequence(9)));
        assert_eq!(typed.into_reply(Sequence(9)).sent(), Draft::default());
    }
}
