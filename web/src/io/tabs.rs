//! Other tabs of the same browser: what one of them does to what they share, all of them follow.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{BroadcastChannel, MessageEvent};

const CHANNEL: &str = "netchat";

/// What a tab tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The person has signed out.
    SignedOut,
    /// What is written and not sent is another.
    Drafts,
    /// What is set of this browser is another.
    Settings,
}

impl Word {
    const ALL: [(Self, &str); 3] =
        [(Self::SignedOut, "signed-out"), (Self::Drafts, "drafts"), (Self::Settings, "settings")];

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(word, _)| *word == self).map_or("", |(_, text)| text)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == text).map(|(word, _)| *word)
    }
}

/// The way to the other tabs. It lives as long as the page.
#[derive(Default)]
pub(super) struct Tabs(Option<(BroadcastChannel, OnMessage)>);

type OnMessage = Closure<dyn FnMut(MessageEvent)>;

impl Tabs {
    /// Hears them from now on. A browser without such a way has tabs that know nothing of each other.
    pub(super) fn hear(mut on_word: impl FnMut(Word) + 'static) -> Self {
        let Ok(channel) = BroadcastChannel::new(CHANNEL) else { return Self(None) };
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(word) = event.data().as_string().and_then(|text| Word::parse(&text)) {
                on_word(word);
            }
        });
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Self(Some((channel, on_message)))
    }

    /// Tells the others.
    pub(super) fn tell(&self, word: Word) {
        if let Some((channel, _)) = &self.0 {
            // A text can always be posted.
            let _ = channel.post_message(&word.text().into());
        }
    }
}
