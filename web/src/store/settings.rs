//! What the person has set: of this browser, and of themselves.

use std::collections::BTreeMap;

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{SettingsText, conversation_from_wire, conversation_to_wire};

use crate::words::{Locale, notice};

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
    /// The language of the page, if it is not to be that of the system.
    pub language: Option<Locale>,
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
    /// Conversations of which one hears not of everything: as many as the server keeps.
    apart: BTreeMap<Conversation, Hears>,
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

/// The server keeps no more settings of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

impl NoRoom {
    /// A line for the person.
    #[must_use]
    pub fn say(self, locale: Locale) -> &'static str {
        notice::SETTINGS_FULL.say(locale)
    }
}

/// One thing that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the fields")]
pub enum Setting {
    Theme(Theme),
    Compact(bool),
    Sound(bool),
    Notifications(bool),
    Language(Option<Locale>),
    HidesTyping(bool),
    Hears(Conversation, Hears),
}

impl Settings {
    /// Sets one thing. The server keeps a bounded text: what it has no room for is not set.
    pub(super) fn set(&mut self, setting: Setting) -> Result<(), NoRoom> {
        match setting {
            Setting::Theme(theme) => self.device.theme = theme,
            Setting::Compact(is_compact) => self.device.is_compact = is_compact,
            Setting::Sound(has_sound) => self.device.has_sound = has_sound,
            Setting::Notifications(has) => self.device.has_notifications = has,
            Setting::Language(language) => self.device.language = language,
            Setting::HidesTyping(hides) => {
                let person = PersonSettings { hides_typing: hides, ..self.person.clone() };
                return self.set_person(person);
            }
            Setting::Hears(conversation, hears) => {
                let mut person = self.person.clone();
                person.set_hears(conversation, hears);
                return self.set_person(person);
            }
        }
        Ok(())
    }

    fn set_person(&mut self, person: PersonSettings) -> Result<(), NoRoom> {
        person.to_text()?;
        self.person = person;
        Ok(())
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
        let language = self.language.map_or("", Locale::code);
        format!("{}#{flags}#{language}", self.theme.word())
    }

    /// Reads it back; what is not there is as in the beginning.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let (theme, rest) = text.split_once('#').unwrap_or((text, ""));
        let (flags, language) = rest.split_once('#').unwrap_or((rest, ""));
        let flag = |at: usize| flags.as_bytes().get(at) == Some(&b'1');
        Self {
            theme: Theme::from_word(theme).unwrap_or_default(),
            is_compact: flag(0),
            has_sound: flag(1),
            has_notifications: flag(2),
            language: Locale::from_code(language),
        }
    }
}

impl PersonSettings {
    /// Of which messages of a conversation one is told.
    #[must_use]
    pub fn hears(&self, conversation: &Conversation) -> Hears {
        self.apart.get(conversation).copied().unwrap_or_default()
    }

    fn set_hears(&mut self, conversation: Conversation, hears: Hears) {
        match hears {
            Hears::All => self.apart.remove(&conversation),
            Hears::Mentions | Hears::Nothing => self.apart.insert(conversation, hears),
        };
    }

    /// A group is called otherwise.
    pub(super) fn rename(&mut self, from: &Conversation, to: &Conversation) {
        if let Some(hears) = self.apart.remove(from) {
            self.apart.insert(to.clone(), hears);
        }
    }

    /// What another session has set, with what was set here beside it: for each thing, what differs from
    /// `base`, which both had before.
    pub(super) fn merged(base: &Self, mine: &Self, theirs: Self) -> Self {
        let mut merged = theirs;
        if mine.hides_typing != base.hides_typing {
            merged.hides_typing = mine.hides_typing;
        }
        for conversation in base.apart.keys().chain(mine.apart.keys()) {
            let hears = mine.hears(conversation);
            if hears != base.hears(conversation) {
                merged.set_hears(conversation.clone(), hears);
            }
        }
        merged
    }

    /// As text, to be kept at the server, if it is not too long for that.
    ///
    /// # Errors
    /// It is.
    pub fn to_text(&self) -> Result<SettingsText, NoRoom> {
        let mut text = String::from(if self.hides_typing { "hides-typing\n" } else { "" });
        for (conversation, hears) in &self.apart {
            let word = if *hears == Hears::Nothing { "none" } else { "mentions" };
            text.push_str(word);
            text.push(' ');
            text.push_str(&conversation_to_wire(conversation));
            text.push('\n');
        }
        text.parse().map_err(|_| NoRoom)
    }

    /// Reads it back; lines of a newer version are left out.
    #[must_use]
    pub fn from_text(text: &SettingsText) -> Self {
        let mut settings = Self::default();
        for line in text.as_str().lines() {
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
            language: Some(Locale::De),
        };
        assert_eq!(DeviceSettings::from_text(&device.to_text()), device);
        let before = DeviceSettings { language: None, ..device };
        assert_eq!(DeviceSettings::from_text("dark#101"), before, "of an earlier version");
        assert_eq!(DeviceSettings::from_text("rubbish"), DeviceSettings::default());
        let mut person = PersonSettings { hides_typing: true, ..PersonSettings::default() };
        person.set_hears(Conversation::Everyone, Hears::Mentions);
        person.set_hears(Conversation::Group("CS: Group".parse().unwrap()), Hears::Nothing);
        assert_eq!(PersonSettings::from_text(&person.to_text().unwrap()), person);
        let later = "none x\nlater\n".parse().unwrap();
        assert_eq!(PersonSettings::from_text(&later), PersonSettings::default());
        person.set_hears(Conversation::Everyone, Hears::All);
        assert_eq!(person.hears(&Conversation::Everyone), Hears::All);
    }

    #[test]
    fn what_two_sessions_have_set_holds_both_and_ones_own_where_they_differ() {
        let group = |name: &str| Conversation::Group(name.parse().unwrap());
        let of = |hides_typing: bool, muted: &[&str]| {
            let muted = muted.iter().map(|name| (group(name), Hears::Nothing));
            PersonSettings { hides_typing, apart: muted.collect() }
        };
        let base = of(false, &["a", "b", "c"]);
        let (mine, theirs) = (of(false, &["b", "c", "mine"]), of(true, &["a", "b", "theirs"]));
        let expected = of(true, &["b", "mine", "theirs"]);
        assert_eq!(PersonSettings::merged(&base, &mine, theirs), expected);
    }

    #[test]
    fn what_there_is_no_room_for_is_not_set_and_that_is_told() {
        let mut settings = Settings::default();
        let mute = |n: u32| {
            let name = format!("{n:060}").parse().unwrap();
            Setting::Hears(Conversation::Group(name), Hears::Nothing)
        };
        let full = (0..1_000).find(|n| settings.set(mute(*n)).is_err()).unwrap();
        assert!(full > 100, "{full}");
        let before = settings.clone();
        assert_eq!(settings.set(mute(full)), Err(NoRoom));
        assert_eq!(settings, before, "none of those before makes room unasked");
        let Setting::Hears(first, _) = mute(0) else { unreachable!() };
        assert_eq!(settings.set(Setting::Hears(first, Hears::All)), Ok(()));
        assert_eq!(settings.set(mute(full)), Ok(()));
    }
}
