//! Colours and marks, where there is a terminal that wants them.

use netchat_client::marks::{Block, Span, blocks};

use super::terminal::Line;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const ITALIC: &str = "\u{1b}[3m";
const UNDERLINED: &str = "\u{1b}[4m";
const RED: &str = "\u{1b}[31m";
const CYAN: &str = "\u{1b}[36m";
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
        match (line, self.is_coloured) {
            (Line::Message(sender, text), false) => format!("{sender}: {}\n", printable(text)),
            (Line::Message(sender, text), true) => {
                format!("{BOLD}{sender}{RESET}: {}\n", marked(&printable(text)))
            }
            (Line::Info(text) | Line::Problem(text), false) => format!("{}\n", printable(text)),
            (Line::Info(text), true) => format!("{DIM}{}{RESET}\n", printable(text)),
            (Line::Problem(text), true) => format!("{RED}{}{RESET}\n", printable(text)),
        }
    }
}

/// What somebody else wrote must not steer this terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

/// A text with its marks as a terminal shows them.
fn marked(text: &str) -> String {
    let block = |block: &Block<'_>| match block {
        Block::Paragraph(spans) => write_spans(spans, ""),
        Block::Code(code) => format!("{CYAN}{code}{RESET}"),
        Block::Quote(spans) => {
            let quoted = write_spans(spans, DIM).replace('\n', "\n> ");
            format!("{DIM}> {quoted}{RESET}")
        }
    };
    let blocks: Vec<_> = blocks(text, &|_| false).iter().map(block).collect();
    blocks.join("\n")
}

/// Spans among others of that style.
fn write_spans(spans: &[Span<'_>], outer: &str) -> String {
    let styled = |style: &str, text: &str| format!("{style}{text}{RESET}{outer}");
    let span = |span: &Span<'_>| match span {
        Span::Text(text) => (*text).to_owned(),
        Span::Strong(inner) => styled(BOLD, &write_spans(inner, &format!("{outer}{BOLD}"))),
        Span::Emphasis(inner) => styled(ITALIC, &write_spans(inner, &format!("{outer}{ITALIC}"))),
        Span::Code(code) => styled(CYAN, code),
        Span::Link(address) => styled(UNDERLINED, address),
        Span::Mention(name) => styled(BOLD, &format!("@{name}")),
    };
    spans.iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(is_coloured: bool, text: &str) -> String {
        Screen { is_coloured }.style(&Line::Message("bob".to_owned(), text.to_owned()))
    }

    #[test]
    fn escape_sequences_of_others_are_not_obeyed() {
        assert_eq!(style(false, "\u{1b}[2Jgone\u{7}"), "bob: \u{fffd}[2Jgone\u{fffd}\n");
        let coloured = style(true, "\u{1b}[2J *gone\u{7}*");
        let shown = "\u{fffd}[2J \u{1b}[1mgone\u{fffd}\u{1b}[0m\n";
        assert_eq!(coloured, format!("\u{1b}[1mbob\u{1b}[0m: {shown}"));
    }

    #[test]
    fn marks_are_seen_where_there_are_colours() {
        let shown = |text| style(true, text).replace('\u{1b}', "^");
        assert_eq!(
            shown("see https://a.org/x, *soon _or_ so* `now`"),
            "^[1mbob^[0m: see ^[4mhttps://a.org/x^[0m, \
             ^[1msoon ^[3mor^[0m^[1m so^[0m ^[36mnow^[0m\n"
        );
        assert_eq!(shown("> a\n> *b*\nc"), "^[1mbob^[0m: ^[2m> a\n> ^[1mb^[0m^[2m^[0m\nc\n");
        assert_eq!(shown("```\nlet *x*;\n```"), "^[1mbob^[0m: ^[36mlet *x*;^[0m\n");
    }

    #[test]
    fn texts_are_as_they_were_typed_where_there_are_none() {
        let text = "> a *b* _c_ `d`\n```\ne\n```\nhttps://a.org @bob";
        assert_eq!(style(false, text), format!("bob: {text}\n"));
    }
}
