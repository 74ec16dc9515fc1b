//! Secrets among the settings: from a file, standard input, a variable or a flag, and shown by none.
//!
//! What a process was started with, everybody on the machine may read. So a program that was given a
//! secret by a flag or a variable starts itself anew, with the secret in a pipe that only it can read.

use std::convert::Infallible;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::secret_file::{SecretFileError, read_secret};

/// Bytes of a secret that are passed on: enough to see that it is too long.
const SECRET_BYTES_MAX: usize = 4_000;

/// A secret as it was given. Its `Debug` form shows nothing of it, and it is wiped when it is dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

/// The ways to give a secret beside `--flag-file`.
#[derive(Debug, Clone, Copy)]
pub struct SecretSetting {
    /// The flag, without its hyphens.
    pub flag: &'static str,
    /// The variables, the first that is set counts.
    pub variables: &'static [&'static str],
}

impl SecretText {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl FromStr for SecretText {
    type Err = Infallible;

    /// Takes anything: whether it can be what it is for is said without showing it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Reads a secret from a file that only its owner may read, without the line's end; `-` is a line of
/// standard input.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_secret_line(path: &Path) -> Result<SecretText, SecretFileError> {
    let line = |text: &str| {
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok::<_, Infallible>(SecretText::from(text.strip_suffix('\r').unwrap_or(text)))
    };
    if path != Path::new("-") {
        return read_secret(path, line);
    }
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().lock().read_line(&mut text);
    read.map_err(|source| SecretFileError::Read { path: path.to_owned(), source })?;
    line(&text).map_err(|never| match never {})
}

/// Starts the program anew if its flags or variables hold secrets. To be called before anything else,
/// while there is one thread. If the system does not let it, the program goes on as it was started.
pub fn hide_secrets(settings: &[SecretSetting]) {
    let given: Vec<OsString> = env::args_os().skip(1).collect();
    let variable = |name: &&'static str| env::var_os(name);
    let Some((arguments, secrets)) = split_secrets(given, settings, &variable) else { return };
    // An error is no secret; whoever looks now sees what was there before.
    let _ = start_anew(arguments, &secrets, settings);
}

/// Takes the secrets out of the arguments; each leaves a flag for a file that is still to be named.
/// `None` if there is none.
fn split_secrets(
    given: Vec<OsString>,
    settings: &[SecretSetting],
    variable: &dyn Fn(&&'static str) -> Option<OsString>,
) -> Option<(Vec<OsString>, Vec<Secret>)> {
    let (mut arguments, mut secrets) = (Vec::new(), Vec::new());
    let mut has_file = vec![false; settings.len()];
    let mut given = given.into_iter();
    while let Some(argument) = given.next() {
        let setting = settings.iter().position(|setting| names(&argument, setting.flag));
        for (setting, has_file) in settings.iter().zip(&mut has_file) {
            *has_file |= names(&argument, &format!("{}-file", setting.flag));
        }
        let Some(setting) = setting else {
            arguments.push(argument);
            continue;
        };
        let value = match argument.as_bytes().iter().position(|&byte| byte == b'=') {
            Some(at) => Some(OsStr::from_bytes(&argument.as_bytes()[at + 1..]).to_owned()),
            None => given.next(),
        };
        match value {
            Some(value) => secrets.push(Secret { setting, value }),
            // The value is missing: that is said in the usual way.
            None => arguments.push(argument),
        }
    }
    for (at, setting) in settings.iter().enumerate() {
        let is_given = has_file[at] || secrets.iter().any(|secret| secret.setting == at);
        let value = setting.variables.iter().find_map(variable);
        if let Some(value) = value.filter(|_| !is_given) {
            secrets.push(Secret { setting: at, value });
        }
    }
    (!secrets.is_empty()).then_some((arguments, secrets))
}

#[derive(Debug, PartialEq, Eq)]
struct Secret {
    /// Its place among the settings.
    setting: usize,
    value: OsString,
}

/// Whether an argument is this flag, with or without its value.
fn names(argument: &OsStr, flag: &str) -> bool {
    let flag =
        argument.as_bytes().strip_prefix(b"--").and_then(|rest| rest.strip_prefix(flag.as_bytes()));
    flag.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
}

fn start_anew(
    mut arguments: Vec<OsString>,
    secrets: &[Secret],
    settings: &[SecretSetting],
) -> io::Result<Infallible> {
    let mut pipes = Vec::new();
    for secret in secrets {
        let pipe = pipe_with(secret.value.as_bytes())?;
        let flag = settings[secret.setting].flag;
        arguments.push(format!("--{flag}-file=/dev/fd/{}", pipe.as_raw_fd()).into());
        pipes.push(pipe);
    }
    let mut program = Command::new(env::current_exe()?);
    if let Some(name) = env::args_os().next() {
        program.arg0(name);
    }
    for name in settings.iter().flat_map(|setting| setting.variables) {
        program.env_remove(name);
    }
    Err(program.args(arguments).exec())
}

/// A pipe that stays open when the program starts anew, and holds these bytes.
fn pipe_with(bytes: &[u8]) -> io::Result<OwnedFd> {
    let (reader, writer) = rustix::pipe::pipe()?;
    let bytes = &bytes[..bytes.len().min(SECRET_BYTES_MAX)];
    std::fs::File::from(writer).write_all(bytes)?;
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [SecretSetting; 2] = [
        SecretSetting { flag: "password", variables: &["NEW", "OLD"] },
        SecretSetting { flag: "server-password", variables: &["SERVER"] },
    ];

    /// The place of each secret's setting, and the secret.
    type Found = Vec<(usize, String)>;

    fn split(given: &[&str], set: &[(&str, &str)]) -> Option<(Vec<OsString>, Found)> {
        let variable = |name: &&'static str| {
            set.iter().find(|(set, _)| set == name).map(|(_, value)| OsString::from(value))
        };
        let given = given.iter().map(OsString::from).collect();
        let (arguments, secrets) = split_secrets(given, &SETTINGS, &variable)?;
        let text =
            |secret: Secret| (secret.setting, secret.value.into_string().unwrap_or_default());
        Some((arguments, secrets.into_iter().map(text).collect()))
    }

    #[test]
    fn secrets_are_taken_out_of_flags_and_variables() {
        let (arguments, secrets) =
            split(&["chat", "--password", "-one", "--name=bob", "--server-password=t=wo"], &[])
                .unwrap();
        assert_eq!(arguments, ["chat", "--name=bob"]);
        assert_eq!(secrets, [(0, "-one".to_owned()), (1, "t=wo".to_owned())]);
        let (arguments, secrets) = split(&["up"], &[("OLD", "old"), ("NEW", "new")]).unwrap();
        assert_eq!(arguments, ["up"]);
        assert_eq!(secrets, [(0, "new".to_owned())]);
    }

    #[test]
    fn a_flag_wins_and_a_file_is_left_alone() {
        let (_, secrets) = split(&["--password=flag"], &[("NEW", "variable")]).unwrap();
        assert_eq!(secrets, [(0, "flag".to_owned())]);
        assert_eq!(split(&["--password-file", "secret", "--passwordless"], &[("NEW", "x")]), None);
        assert_eq!(split(&["chat", "--password"], &[]), None, "the value is missing");
    }

    #[test]
    fn a_line_of_a_file_is_read_and_shown_by_nothing() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        for text in ["secret words", "secret words\n", "secret words\r\n"] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let secret = read_secret_line(&path).unwrap();
            assert_eq!(secret.reveal(), "secret words");
            assert_eq!(format!("{secret:?}"), "SecretText(…)");
        }
    }
}
