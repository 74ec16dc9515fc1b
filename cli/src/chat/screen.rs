//! Colours, where there is a terminal that wants them.

use super::terminal::Line;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const RESET: &str = "\u{1b}[0m";

/// How lines are written.
#[derive(Debug)]
pub(crate) struct Screen {
    is_coloured: bool,
}

impl Screen {
    /// `NO_COLOR` turns colours off (<https://no-color.org>).
    pub(crate) fn new(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_coloured: is_terminal && !refused }
    }

    pub(crate) fn style(&self, line: &Line) -> String {
        let (name, text, style) = match line {
            Line::Message(sender, text) => (sender.as_str(), printable(text), BOLD),
            Line::Info(text) => ("", printable(text), DIM),
            Line::Problem(text) => ("", printable(text), RED),
        };
        match (name, self.is_coloured) {
            ("", false) => format!("{text}\n"),
            ("", true) => format!("{style}{text}{RESET}\n"),
            (name, false) => format!("{name}: {text}\n"),
            (name, true) => format!("{style}{name}{RESET}: {text}\n"),
        }
    }
}

/// What somebody else wrote must not steer this terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_others_are_not_obeyed() {
        let line = Line::Message("bob".to_owned(), "\u{1b}[2Jgone\u{7}".to_owned());
        assert_eq!(Screen { is_coloured: false }.style(&line), "bob: \u{fffd}[2Jgone\u{fffd}\n");
    }
}
