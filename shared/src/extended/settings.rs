//! What a client keeps for its user at the server: a text of its own making, which nobody else is told.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::delivered::word;
use super::fields::{Line, fields, parse_sequence, parse_text};
use crate::body::encode_text;
use crate::limits::SETTINGS_BYTES_MAX;
use crate::sequence::Sequence;

/// A person's settings: any text of at most [`SETTINGS_BYTES_MAX`] bytes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SettingsText(String);

/// It is too long to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("settings take at most {SETTINGS_BYTES_MAX} bytes")]
pub struct SettingsTooLong;

/// Settings as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSettings {
    /// Since that place in the log: those with the latest place hold.
    pub sequence: Sequence,
    /// What they say.
    pub text: SettingsText,
}

/// Why settings are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Their user has stored as much as one account may.
    StorageQuota,
    /// They are based on others than those that are kept.
    Outdated,
    /// Storage failed: to be tried again.
    NotStored,
}

impl NotKept {
    pub(super) const ALL: [(Self, &'static str); 3] = [
        (Self::StorageQuota, "storage-quota"),
        (Self::Outdated, "outdated"),
        (Self::NotStored, "not-stored"),
    ];

    pub(super) fn write(self, line: Line) -> Line {
        line.text(word(&Self::ALL, self))
    }
}

impl SettingsText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SettingsText {
    type Err = SettingsTooLong;

    fn from_str(text: &str) -> Result<Self, SettingsTooLong> {
        match text.len() <= SETTINGS_BYTES_MAX {
            true => Ok(Self(text.to_owned())),
            false => Err(SettingsTooLong),
        }
    }
}

/// Shows nothing of them: they are nobody else's business.
impl fmt::Debug for SettingsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SettingsText({} bytes)", self.0.len())
    }
}

impl KeptSettings {
    /// `None`: nothing is kept.
    pub(super) fn write(kept: Option<&Self>, line: Line) -> Line {
        let text = kept.map_or_else(String::new, |kept| encode_text(kept.text.as_str()));
        line.optional_sequence(kept.map(|kept| kept.sequence)).text(text)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let [sequence, text] = fields(text)?;
        let (sequence, text) = (parse_sequence(sequence)?, parse_text(text)?);
        Some(Self { sequence, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_a_bound_and_show_nothing_of_themselves() {
        let longest = "x".repeat(SETTINGS_BYTES_MAX);
        let settings: SettingsText = longest.parse().unwrap();
        assert_eq!(parse_text(&encode_text(settings.as_str())), Some(settings.clone()));
        assert_eq!(format!("{settings:?}"), "SettingsText(8192 bytes)");
        assert_eq!((longest + "x").parse::<SettingsText>(), Err(SettingsTooLong));
        assert_eq!(parse_text::<SettingsText>("*"), None);
    }
}
