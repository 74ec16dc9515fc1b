//! The command line, without showing what may be a secret.

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::fail;

/// The exit code of a program that was called wrongly.
const USAGE: i32 = 2;

/// Reads the arguments; shows help, the version or what is wrong, and ends the program then.
#[must_use]
pub fn parse_arguments<T: Parser>(program: &str) -> T {
    let error = match T::try_parse() {
        Ok(arguments) => return arguments,
        Err(error) => error,
    };
    // A word that stands alone may be the rest of a password that was not quoted.
    let is_word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => !word.starts_with('-'),
        _ => false,
    };
    if error.kind() == ErrorKind::UnknownArgument && is_word {
        let _ = fail(program, &"a word too many: put a value that holds spaces into quotes");
        std::process::exit(USAGE);
    }
    error.exit()
}
