//! What the person has set: of this browser, and of themselves.

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{conversation_from_wire, conversation_to_wire};

/// Most conversations that are set apart from the others. Further ones are told so.
const APART_MAX: usize = 128;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Of this browser.
    pub device: DeviceSettings,
    /// Of the person: kept at the server, the same in all their sessions.
    pub person: PersonSettings,
}

/// What belongs to this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceSettings {
    /// Light or dark.
    pub theme: Theme,
    /// More messages on a screen.
    pub is_compact: bool,
    /// A sound for what arrives.
    pub has_sound: bool,
    /// Notices of the system for what arrives.
    pub has_notifications: bool,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "named like what they are")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// What belongs to the person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonSettings {
    /// Others don't see that one is writing.
    pub hides_typing: bool,
    /// Conversations of which one hears not of everything, in their order.
    apart: Vec<(Conversation, Hears)>,
}

/// Of which messages one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hears {
    /// Of all.
    #[default]
    All,
    /// Of those that name one.
    Mentions,
    /// Of none: the conversation is muted.
    Nothing,
}

/// One thing that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the fields")]
pub enum Setting {
    Theme(Theme),
    Compact(bool),
    Sound(bool),
    Notifications(bool),
    HidesTyping(bool),
    Hears(Conversation, Hears),
}

impl Settings {
    /// Sets one thing.
    pub(super) fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Theme(theme) => self.device.theme = theme,
            Setting::Compact(is_compact) => self.device.is_compact = is_compact,
            Setting::Sound(has_sound) => self.device.has_sound = has_sound,
            Setting::Notifications(has) => self.device.has_notifications = has,
            Setting::HidesTyping(hides) => self.person.hides_typing = hides,
            Setting::Hears(conversation, hears) => self.person.set_hears(conversation, hears),
        }
    }
}

impl Theme {
    /// Its name where it is kept, and on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.word() == word)
    }
}

impl DeviceSettings {
    /// As text, to be kept in the browser.
    #[must_use]
    pub fn to_text(self) -> String {
        let flags = [self.is_compact, self.has_sound, self.has_notifications];
        let flags: String = flags.iter().map(|&flag| if flag { '1' } else { '0' }).collect();
        format!("{}#{flags}", self.theme.word())
    }

    /// Reads it back; what is not there is as in the beginning.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let (theme, flags) = text.split_once('#').unwrap_or((text, ""));
        let flag = |at: usize| flags.as_bytes().get(at) == Some(&b'1');
        Self {
            theme: Theme::from_word(theme).unwrap_or_default(),
            is_compact: flag(0),
            has_sound: flag(1),
            has_notifications: flag(2),
        }
    }
}

impl PersonSettings {
    /// Of which messages of a conversation one is told.
    #[must_use]
    pub fn hears(&self, conversation: &Conversation) -> Hears {
        let apart = self.apart.iter().find(|(other, _)| other == conversation);
        apart.map_or(Hears::All, |(_, hears)| *hears)
    }

    fn set_hears(&mut self, conversation: Conversation, hears: Hears) {
        self.apart.retain(|(other, _)| *other != conversation);
        if hears != Hears::All {
            if self.apart.len() >= APART_MAX {
                self.apart.remove(0);
            }
            self.apart.push((conversation, hears));
        }
    }

    /// A group is called otherwise: whether that changes anything.
    pub(super) fn rename(&mut self, from: &Conversation, to: &Conversation) -> bool {
        let renamed = self.apart.iter_mut().find(|(other, _)| other == from);
        renamed.map(|(conversation, _)| *conversation = to.clone()).is_some()
    }

    /// As text, to be kept at the server.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from(if self.hides_typing { "hides-typing\n" } else { "" });
        for (conversation, hears) in &self.apart {
            let word = if *hears == Hears::Nothing { "none" } else { "mentions" };
            text.push_str(word);
            text.push(' ');
            text.push_str(&conversation_to_wire(conversation));
            text.push('\n');
        }
        text
    }

    /// Reads it back; lines of a newer version are left out.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut settings = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                None if line == "hides-typing" => settings.hides_typing = true,
                Some((word @ ("none" | "mentions"), conversation)) => {
                    if let Some(conversation) = conversation_from_wire(conversation) {
                        let hears = if word == "none" { Hears::Nothing } else { Hears::Mentions };
                        settings.set_hears(conversation, hears);
                    }
                }
                Some(_) | None => {}
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_set_reads_back() {
        let device = DeviceSettings {
            theme: Theme::Dark,
            is_compact: true,
            has_sound: false,
            has_notifications: true,
        };
        assert_eq!(DeviceSettings::from_text(&device.to_text()), device);
        assert_eq!(DeviceSettings::from_text("rubbish"), DeviceSettings::default());
        let mut person = PersonSettings { hides_typing: true, ..PersonSettings::default() };
        person.set_hears(Conversation::Everyone, Hears::Mentions);
        person.set_hears(Conversation::Group("CS: Group".parse().unwrap()), Hears::Nothing);
        assert_eq!(PersonSettings::from_text(&person.to_text()), person);
        assert_eq!(PersonSettings::from_text("none x\nlater\n"), PersonSettings::default());
        person.set_hears(Conversation::Everyone, Hears::All);
        assert_eq!(person.hears(&Conversation::Everyone), Hears::All);
    }
}
