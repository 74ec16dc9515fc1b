//! What is marked in a text: code, quotes, `*strong*`, `_emphasis_`, web addresses and names.
//!
//! A text is read once, in linear time, whatever it is. What is not marked as it should be is text.

mod inline;
mod links;

use crate::limits::{CHARS_SHOWN_MAX, LINES_SHOWN_MAX};

/// Whether that is the name of somebody who is known.
pub type IsName<'a> = &'a dyn Fn(&str) -> bool;

/// Some lines of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// Lines as they are.
    Paragraph(Vec<Span<'a>>),
    /// Code between two lines of three backticks.
    Code(&'a str),
    /// Lines behind `> `.
    Quote(Vec<Span<'a>>),
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span<'a> {
    /// Shown as it is; may hold line ends.
    Text(&'a str),
    /// Between two `*`.
    Strong(Vec<Self>),
    /// Between two `_`.
    Emphasis(Vec<Self>),
    /// Between backticks.
    Code(&'a str),
    /// A web address.
    Link(&'a str),
    /// The name behind an `@`.
    Mention(&'a str),
}

/// The line that ends code, and the beginning of one that begins it.
const FENCE: &str = "```";

/// What a quoted line begins with.
const QUOTE: &str = "> ";

/// Longest word behind the backticks that says in which language code is. It is not shown.
const LANGUAGE_BYTES_MAX: usize = 16;

/// Reads a text.
#[must_use]
pub fn blocks<'a>(text: &'a str, is_name: IsName<'_>) -> Vec<Block<'a>> {
    first_blocks(text, text.len(), is_name)
}

/// Reads the first so many bytes of a text ([`fold_at`]), as a part of it: code that goes on there is
/// code.
///
/// # Panics
/// If that is within a character, or behind the text.
#[must_use]
pub fn first_blocks<'a>(text: &'a str, end: usize, is_name: IsName<'_>) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let shown = &text[..end];
    let mut paragraph_from = 0;
    let mut may_have_fences = true;
    let mut at = 0;
    while at < end {
        let fence = if may_have_fences { Fence::find(&text[at..]) } else { Fence::None };
        may_have_fences &= fence != Fence::Unclosed;
        let (block, length) = if let Fence::Code { from, to, next } = fence {
            (Block::Code(&shown[end.min(at + from)..end.min(at + to)]), next)
        } else if shown[at..].starts_with(QUOTE) {
            let (quoted, length) = read_quote(&shown[at..], is_name);
            (Block::Quote(quoted), length)
        } else {
            at += line_length(&shown[at..]);
            continue;
        };
        push_paragraph(&mut blocks, &shown[paragraph_from..at], is_name);
        blocks.push(block);
        at += length;
        paragraph_from = at;
    }
    if paragraph_from < end {
        push_paragraph(&mut blocks, &shown[paragraph_from..], is_name);
    }
    blocks
}

/// Where a long text is folded: behind the last whole line or word of what is shown of it. `None` if
/// it is short.
#[must_use]
pub fn fold_at(text: &str) -> Option<usize> {
    let lines_end = text.match_indices('\n').nth(LINES_SHOWN_MAX - 1).map(|(at, _)| at);
    let chars_end = text.char_indices().nth(CHARS_SHOWN_MAX).map(|(at, _)| match text[..at] {
        // A blank that comes next is as good as one before.
        _ if text[at..].starts_with(char::is_whitespace) => at,
        ref shown => shown.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(at),
    });
    lines_end.into_iter().chain(chars_end).min()
}

/// What the beginning of a text is as code.
#[derive(Debug, PartialEq, Eq)]
enum Fence {
    /// None.
    None,
    /// It would be, but it has no end; neither has what follows.
    Unclosed,
    /// What is between the marks, and where the line behind them begins.
    Code { from: usize, to: usize, next: usize },
}

impl Fence {
    fn find(text: &str) -> Self {
        let Some(behind) = text.strip_prefix(FENCE) else { return Self::None };
        let first = &behind[..line_length(behind)];
        if first.contains('`') {
            return Self::None;
        }
        let body_from = FENCE.len() + first.len();
        let mut close = body_from;
        let line = loop {
            let line = &text[close..close + line_length(&text[close..])];
            match line {
                "" => return Self::Unclosed,
                line if line.trim_end() == FENCE => break line,
                line => close += line.len(),
            }
        };
        // The first line says the language, or is the first line of the code.
        let is_language = body_from < close && is_language(first.trim());
        let from = if is_language { body_from } else { FENCE.len() };
        match text[from..close].trim() {
            "" => Self::None,
            _ => Self::Code { from, to: close - 1, next: close + line.len() },
        }
    }
}

fn is_language(word: &str) -> bool {
    word.len() <= LANGUAGE_BYTES_MAX
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-#._".contains(&byte))
}

/// Reads the lines that a text begins with and that are quoted; and says how long they are.
fn read_quote<'a>(text: &'a str, is_name: IsName<'_>) -> (Vec<Span<'a>>, usize) {
    let mut quoted = Vec::new();
    let mut at = 0;
    while text[at..].starts_with(QUOTE) {
        let end = at + line_length(&text[at..]);
        let is_last = !text[end..].starts_with(QUOTE);
        let line = &text[at + QUOTE.len()..end];
        inline::read(if is_last { without_end(line) } else { line }, is_name, &mut quoted);
        at = end;
    }
    (quoted, at)
}

/// Adds lines that are neither code nor quoted, if there are any.
fn push_paragraph<'a>(blocks: &mut Vec<Block<'a>>, lines: &'a str, is_name: IsName<'_>) {
    let mut spans = Vec::new();
    inline::read(without_end(lines), is_name, &mut spans);
    if !spans.is_empty() {
        blocks.push(Block::Paragraph(spans));
    }
}

fn without_end(lines: &str) -> &str {
    lines.strip_suffix('\n').unwrap_or(lines)
}

/// How long the first line of a text is, with its end.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

#[cfg(test)]
mod tests;
