//! Lists of users as the original server prints them: Python tuples of an address and a name.

use std::fmt;
use std::net::SocketAddr;

/// Shown instead of an address where the operator hides them, and for who has none at present.
const HIDDEN: &str = "('hidden', 0)";

/// One user in a list: `(('196.42.77.126', 63411), 'WMRGE0003')`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Where the user is; `None` is written as `('hidden', 0)`.
    pub address: Option<RosterAddress>,
    /// Who it is.
    pub name: String,
}

/// Where a user is, as text: whoever reads a list shows it, and does nothing else with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterAddress {
    ip: String,
    port: u16,
}

impl From<SocketAddr> for RosterAddress {
    fn from(address: SocketAddr) -> Self {
        Self { ip: address.ip().to_canonical().to_string(), port: address.port() }
    }
}

impl RosterAddress {
    /// `None` if it can't be an address.
    fn parse(ip: &str, port: &str) -> Option<Self> {
        let is_address = ip.contains(['.', ':'])
            && ip.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:".contains(&byte));
        let port = port.parse().ok().filter(|_| is_address)?;
        Some(Self { ip: ip.to_owned(), port })
    }
}

/// A list of users: `[entry, entry]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roster {
    /// In the order in which they came online.
    pub entries: Vec<RosterEntry>,
}

impl fmt::Display for RosterEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(RosterAddress { ip, port }) => write!(f, "(('{ip}', {port}), ")?,
            None => write!(f, "({HIDDEN}, ")?,
        }
        f.write_str(&python_string(&self.name))?;
        f.write_str(")")
    }
}

impl fmt::Display for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, entry) in self.entries.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{entry}")?;
        }
        f.write_str("]")
    }
}

impl Roster {
    /// Reads a list; `None` if the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('[')?;
        let mut entries = Vec::new();
        loop {
            if rest == "]" {
                return Some(Self { entries });
            }
            let (entry, after) = parse_entry(rest)?;
            entries.push(entry);
            rest = after.strip_prefix(", ").unwrap_or(after);
        }
    }

    /// The names alone.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.name.clone()).collect()
    }
}

fn parse_entry(text: &str) -> Option<(RosterEntry, &str)> {
    let (ip, rest) = parse_python_string(text.strip_prefix("((")?)?;
    let (port, rest) = rest.strip_prefix(", ")?.split_once("), ")?;
    let (name, rest) = parse_python_string(rest)?;
    let address = RosterAddress::parse(&ip, port);
    Some((RosterEntry { address, name }, rest.strip_prefix(')')?))
}

/// A string as Python's `repr` writes it: single quotes unless that would need more escapes.
fn python_string(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut written = String::with_capacity(text.len() + 2);
    written.push(quote);
    for c in text.chars() {
        if c == quote || c == '\\' {
            written.push('\\');
        }
        written.push(c);
    }
    written.push(quote);
    written
}

/// Reads such a string from the beginning of a text, and what follows it.
fn parse_python_string(text: &str) -> Option<(String, &str)> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next().filter(|(_, c)| matches!(c, '\'' | '"'))?;
    let mut read = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => read.push(chars.next()?.1),
            c if c == quote => return Some((read, &text[at + c.len_utf8()..])),
            c => read.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(address: &str, name: &str) -> RosterEntry {
        let address = address.parse::<SocketAddr>().ok().map(RosterAddress::from);
        RosterEntry { address, name: name.to_owned() }
    }

    #[test]
    fn a_list_as_in_figure_3f() {
        let roster = Roster {
            entries: vec![
                entry("196.42.77.126:63411", "WMRGE0003"),
                entry("196.47.192.72:59313", "RBLCAM001"),
            ],
        };
        let text =
            "[(('196.42.77.126', 63411), 'WMRGE0003'), (('196.47.192.72', 59313), 'RBLCAM001')]";
        assert_eq!(roster.to_string(), text);
        assert_eq!(Roster::parse(text), Some(roster));
    }

    #[test]
    fn names_with_quotes_are_written_as_python_does() {
        for (name, written) in [
            ("o'neil", r#""o'neil""#),
            (r#"a"b"#, r#"'a"b'"#),
            (r#"a'b"c"#, r#"'a\'b"c'"#),
            (r"a\b", r"'a\\b'"),
        ] {
            assert_eq!(python_string(name), written);
            assert_eq!(parse_python_string(written), Some((name.to_owned(), "")));
        }
    }

    #[test]
    fn hidden_addresses_and_empty_lists() {
        let roster = Roster { entries: vec![entry("", "bob")] };
        assert_eq!(roster.to_string(), "[(('hidden', 0), 'bob')]");
        assert_eq!(Roster::parse(&roster.to_string()), Some(roster));
        assert_eq!(Roster::parse("[]"), Some(Roster::default()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in
            ["", "[", "]", "[(('1.2.3.4', 1), 'x'", "[((", "[(('1", "hello", "[(('a', 1), x)]"]
        {
            assert_eq!(Roster::parse(text), None, "{text}");
        }
    }
}
