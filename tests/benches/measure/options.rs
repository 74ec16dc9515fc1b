//! What can be chosen on the command line.

use std::time::Duration;

/// The choices for the speed of the server.
#[derive(Debug)]
pub(crate) struct Options {
    /// Senders, and as many recipients.
    pub(crate) pairs: usize,
    /// Messages of one sender that are under way at saturation; one measurement each.
    pub(crate) windows: Vec<u64>,
    pub(crate) rounds: usize,
    /// How long each measurement takes, without warming up.
    pub(crate) duration: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let duration = Duration::from_secs(3);
        Self { pairs: 50, windows: vec![8, 32], rounds: 5, duration }
    }
}

impl Options {
    /// Reads `--pairs 50 --windows 8,32 --rounds 5 --seconds 3`.
    ///
    /// # Errors
    /// The flag that can't be, in one line.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(flag) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
            let wrong = || format!("{flag} can't be {value}");
            let number = || value.parse().ok().filter(|&number| number > 0).ok_or_else(wrong);
            match *flag {
                "--pairs" => options.pairs = number()?,
                "--rounds" => options.rounds = number()?,
                "--seconds" => options.duration = Duration::from_secs(number()? as u64),
                "--windows" => {
                    let windows = value.split(',').map(|window| window.parse().ok());
                    options.windows = windows.collect::<Option<_>>().ok_or_else(wrong)?;
                }
                _ => return Err(format!("no such flag: {flag}")),
            }
        }
        Ok(options)
    }
}
