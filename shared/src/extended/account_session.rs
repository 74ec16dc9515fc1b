//! Sessions of an account, as their owner sees them: what a sign-in left, and what it is good for until it
//! is ended. Links come and go under them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::fields::{Line, fields, parse_text, parse_time};
use crate::body::encode_text;
use crate::hex;
use crate::limits::DEVICE_NAME_CHARS_MAX;
use crate::time::UnixTime;

/// Names a session of an account to its owner. Nobody can resume with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountSessionId(pub u64);

/// What a client calls itself, for its user to know it by: one line of at most
/// [`DEVICE_NAME_CHARS_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceName(String);

/// It is no name of a device: empty, too long, or more than one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the name of a device is a line of 1 to {DEVICE_NAME_CHARS_MAX} characters")]
pub struct DeviceNameError;

/// A session of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountSession {
    /// Its id.
    pub id: AccountSessionId,
    /// Since when.
    pub since: UnixTime,
    /// When its client signed in or left last.
    pub seen: UnixTime,
    /// Its client is connected at present.
    pub is_online: bool,
    /// It is the one that asks.
    pub is_this: bool,
    /// What its client calls itself; `None`: it did not say.
    pub device: Option<DeviceName>,
}

impl AccountSessionId {
    pub(super) fn parse(field: &str) -> Option<Self> {
        let id = hex::parse_exact(field, 16)?;
        u64::try_from(id).ok().map(Self)
    }
}

impl fmt::Display for AccountSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl DeviceName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceName {
    type Err = DeviceNameError;

    fn from_str(text: &str) -> Result<Self, DeviceNameError> {
        let text = text.trim();
        let is_line = !text.is_empty() && !text.contains(char::is_control);
        match is_line && text.chars().count() <= DEVICE_NAME_CHARS_MAX {
            true => Ok(Self(text.to_owned())),
            false => Err(DeviceNameError),
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AccountSession {
    pub(super) fn write(&self, line: Line) -> Line {
        line.display(self.id)
            .number(self.since.millis)
            .number(self.seen.millis)
            .text(if self.is_online { "online" } else { "away" })
            .text(if self.is_this { "this" } else { "other" })
            .text(self.device.as_ref().map_or_else(String::new, |it| encode_text(it.as_str())))
    }

    pub(super) fn parse(rest: &str) -> Option<Self> {
        let [id, since, seen, online, this, device] = fields(rest)?;
        Some(Self {
            id: AccountSessionId::parse(id)?,
            since: parse_time(since)?,
            seen: parse_time(seen)?,
            is_online: parse_either(online, "online", "away")?,
            is_this: parse_either(this, "this", "other")?,
            device: match device {
                "" => None,
                device => Some(parse_text(device)?),
            },
        })
    }
}

fn parse_either(field: &str, yes: &str, no: &str) -> Option<bool> {
    match field {
        _ if field == yes => Some(true),
        _ if field == no => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_a_name_of_one_line() {
        let name = |text: &str| text.parse::<DeviceName>();
        assert_eq!(name(" Firefox on Linux ").unwrap().as_str(), "Firefox on Linux");
        let longest = "ü".repeat(DEVICE_NAME_CHARS_MAX);
        assert!(name(&longest).is_ok());
        for text in ["", "  ", "two\nlines", "\u{1b}[2J", &format!("{longest}x")] {
            assert_eq!(name(text), Err(DeviceNameError), "{text:?}");
        }
    }
}
