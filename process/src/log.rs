//! The log: to standard error, as much of it as `NETCHAT_LOG` says.

use std::io::IsTerminal as _;

use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What begins the name of each part of our own.
const OWN_PREFIX: &str = "netchat";
/// The parts of our own that write to the log.
const OWN_PARTS: [&str; 4] =
    ["netchat_core", "netchat_gateway", "netchat_process", "netchat_server"];

/// Why `NETCHAT_LOG` can't be used. The text is one line for the operator.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// A level that is none.
    #[error("NETCHAT_LOG: {0:?} is no level: off, error, warn, info, debug or trace")]
    Level(String),
    /// A part that writes nothing to the log.
    #[error("NETCHAT_LOG: there is no part {name:?}: {parts}", parts = OWN_PARTS.join(", "))]
    Part {
        /// What it was called.
        name: String,
    },
    /// It is not text.
    #[error("NETCHAT_LOG is not UTF-8")]
    NotText,
}

/// Writes the log to standard error. `NETCHAT_LOG` filters it: `warn`, or `info,netchat_gateway=debug`.
///
/// # Errors
/// [`LogError`], when it says something else.
pub fn init_log() -> Result<(), LogError> {
    let filter = match std::env::var("NETCHAT_LOG") {
        Ok(text) => parse_filter(&text)?,
        Err(std::env::VarError::NotPresent) => parse_filter("")?,
        Err(std::env::VarError::NotUnicode(_)) => return Err(LogError::NotText),
    };
    let is_coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(is_coloured)
        .with_writer(std::io::stderr)
        // Whoever read the log may have gone; then there is nobody to tell that either.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

/// Reads levels, each for everything or for one part.
fn parse_filter(text: &str) -> Result<Targets, LogError> {
    // The asset library tells about each file.
    let mut filter = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("memory_serve", LevelFilter::WARN);
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        filter = match word.split_once('=') {
            None => filter.with_default(parse_level(word)?),
            Some((part, level)) => {
                let name = part.split("::").next().unwrap_or(part);
                if name.is_empty() || name.starts_with(OWN_PREFIX) && !OWN_PARTS.contains(&name) {
                    return Err(LogError::Part { name: part.to_owned() });
                }
                filter.with_target(part, parse_level(level)?)
            }
        };
    }
    Ok(filter)
}

fn parse_level(text: &str) -> Result<LevelFilter, LogError> {
    // The library also takes numbers, and nothing at all.
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    text.parse().ok().filter(|_| is_word).ok_or_else(|| LogError::Level(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s17_what_is_no_level_is_refused_and_silences_nothing() {
        for (text, wrong) in [
            ("wran", LogError::Level("wran".to_owned())),
            ("info,3", LogError::Level("3".to_owned())),
            ("netchat_gateway=loud", LogError::Level("loud".to_owned())),
            ("netchat_gateway=", LogError::Level(String::new())),
            ("netchat_gatway=debug", LogError::Part { name: "netchat_gatway".to_owned() }),
            ("=debug", LogError::Part { name: String::new() }),
        ] {
            assert_eq!(parse_filter(text).err(), Some(wrong), "{text}");
        }
        let filter = parse_filter("WARN, netchat_gateway::bridge=debug").unwrap();
        assert_eq!(filter.default_level(), Some(LevelFilter::WARN));
        assert!(filter.would_enable("netchat_gateway::bridge", &tracing::Level::DEBUG));
        assert!(!filter.would_enable("netchat_gateway", &tracing::Level::INFO));
        assert_eq!(parse_filter("").unwrap().default_level(), Some(LevelFilter::INFO));
    }
}
