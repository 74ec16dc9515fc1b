//! What is marked in a line.

use netchat_shared::limits::USER_NAME_CHARS_MAX;

use super::links::link_length;
use super::{IsName, Span};
use crate::words::{begins_behind, is_word};

/// How deep marks stand in each other. The outermost one of more is text.
pub(super) const MARKS_NESTED_MAX: usize = 4;

/// Most backticks in a row that begin or end code. More are text.
const TICKS_MAX: usize = 3;

/// Something in a text that is not plain.
struct Token {
    from: usize,
    to: usize,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A mark that could begin something, and is text as long as nothing ends it.
    Opening(Mark),
    Begin,
    End(Mark),
    /// Code, with so many backticks at each end.
    Code(usize),
    Link,
    Mention,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Strong,
    Emphasis,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    is_name: IsName<'a>,
    tokens: Vec<Token>,
    /// Those tokens of this line which wait for their end: [`MARKS_NESTED_MAX`] at most.
    opening: Vec<usize>,
    /// In the rest of this line, no code ends with so many backticks.
    is_unclosed: [bool; TICKS_MAX + 1],
}

/// Reads lines; a mark ends in the line in which it begins.
pub(super) fn read<'a>(text: &'a str, is_name: IsName<'_>, spans: &mut Vec<Span<'a>>) {
    let mut reader = Reader {
        text,
        at: 0,
        is_name,
        tokens: Vec::new(),
        opening: Vec::new(),
        is_unclosed: [false; TICKS_MAX + 1],
    };
    while let Some(c) = reader.rest().chars().next() {
        reader.at += match c {
            '\n' => reader.begin_line(),
            '*' => reader.read_mark(Mark::Strong, c),
            '_' => reader.read_mark(Mark::Emphasis, c),
            '`' => reader.read_code(),
            'h' | 'H' => reader.read_link(),
            '@' => reader.read_mention(),
            c => c.len_utf8(),
        };
    }
    put_together(text, reader.tokens, spans);
}

/// Each of these reads at its place, and answers how far it goes.
impl Reader<'_> {
    fn begin_line(&mut self) -> usize {
        self.opening.clear();
        self.is_unclosed = Default::default();
        1
    }

    /// A mark: alone, and beside no letter outside of what it marks.
    fn read_mark(&mut self, mark: Mark, sign: char) -> usize {
        let length = run(self.rest(), sign);
        if length > 1 {
            return length;
        }
        let (before, after) = (self.before(), self.rest().chars().nth(1));
        let ends = before.is_some_and(|c| !c.is_whitespace()) && !after.is_some_and(is_word);
        let begins = after.is_some_and(|c| !c.is_whitespace()) && !before.is_some_and(is_word);
        let is_its = |at: &usize| self.tokens[*at].what == What::Opening(mark);
        if let Some(depth) = self.opening.iter().rposition(is_its).filter(|_| ends) {
            let begin = self.opening[depth];
            self.tokens[begin].what = What::Begin;
            self.opening.truncate(depth);
            self.push(1, What::End(mark));
        } else if begins {
            if self.opening.len() == MARKS_NESTED_MAX {
                self.opening.remove(0);
            }
            self.opening.push(self.tokens.len());
            self.push(1, What::Opening(mark));
        }
        1
    }

    fn read_code(&mut self) -> usize {
        let ticks = run(self.rest(), '`');
        if ticks > TICKS_MAX || self.is_unclosed[ticks] {
            return ticks;
        }
        let Some(length) = code_length(&self.rest()[ticks..], ticks) else {
            self.is_unclosed[ticks] = true;
            return ticks;
        };
        self.push(2 * ticks + length, What::Code(ticks))
    }

    fn read_link(&mut self) -> usize {
        let is_in_word = self.before().is_some_and(|c| c.is_ascii_alphanumeric());
        match link_length(self.rest()).filter(|_| !is_in_word) {
            Some(length) => self.push(length, What::Link),
            None => 1,
        }
    }

    /// The longest name there that is somebody's. What goes on as a word is not their name.
    fn read_mention(&mut self) -> usize {
        if !begins_behind(self.before()) {
            return 1;
        }
        let rest = &self.rest()[1..];
        let ends = rest.char_indices().chain([(rest.len(), '\n')]);
        let mut name_length = None;
        for (end, c) in ends.take(USER_NAME_CHARS_MAX + 1) {
            if end > 0 && !is_word(c) && (self.is_name)(&rest[..end]) {
                name_length = Some(end);
            }
            if matches!(c, '#' | ';' | ':' | '`') || c.is_control() {
                break;
            }
        }
        match name_length {
            Some(length) => self.push(1 + length, What::Mention),
            None => 1,
        }
    }

    fn push(&mut self, length: usize, what: What) -> usize {
        self.tokens.push(Token { from: self.at, to: self.at + length, what });
        length
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }
}

/// How often a text begins with that sign of one byte.
fn run(text: &str, sign: char) -> usize {
    text.len() - text.trim_start_matches(sign).len()
}

/// How much of a line comes before so many backticks, neither more nor fewer.
fn code_length(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find(['`', '\n'])?;
        match run(&text[at..], '`') {
            0 => return None,
            length if length == ticks => return Some(at),
            length => at += length,
        }
    }
}

fn put_together<'a>(text: &'a str, tokens: Vec<Token>, spans: &mut Vec<Span<'a>>) {
    let mut outer = Vec::new();
    let mut plain_from = 0;
    let is_text = |token: &Token| matches!(token.what, What::Opening(_));
    for Token { from, to, what } in tokens.into_iter().filter(|token| !is_text(token)) {
        if plain_from < from {
            spans.push(Span::Text(&text[plain_from..from]));
        }
        plain_from = to;
        match what {
            What::Opening(_) => {}
            What::Begin => outer.push(std::mem::take(spans)),
            What::End(mark) => {
                let marked = std::mem::replace(spans, outer.pop().unwrap_or_default());
                spans.push(match mark {
                    Mark::Strong => Span::Strong(marked),
                    Mark::Emphasis => Span::Emphasis(marked),
                });
            }
            What::Code(ticks) => spans.push(Span::Code(&text[from + ticks..to - ticks])),
            What::Link => spans.push(Span::Link(&text[from..to])),
            What::Mention => spans.push(Span::Mention(&text[from + 1..to])),
        }
    }
    if plain_from < text.len() {
        spans.push(Span::Text(&text[plain_from..]));
    }
}
