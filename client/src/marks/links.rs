//! Where a web address ends.

use crate::words::is_sentence_mark;

/// What becomes a link. Nothing else does: no address that runs a program.
const SCHEMES: [&str; 2] = ["https://", "http://"];

/// How deep brackets of an address stand in each other. At a deeper one it ends.
const BRACKETS_NESTED_MAX: usize = 8;

/// Brackets that an address may have, if both are there.
const BRACKETS: [(char, char); 10] = [
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
    ('（', '）'),
    ('［', '］'),
    ('「', '」'),
    ('『', '』'),
    ('【', '】'),
    ('《', '》'),
    ('〈', '〉'),
];

/// What may stand in an address and not at its end: there it belongs to the sentence, or is a mark.
const NOT_LAST: [char; 13] = ['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', '‘', '’', '·'];

/// How many bytes of a text that begins with an address are that address; `None` if it is none.
pub(super) fn link_length(text: &str) -> Option<usize> {
    let is_it = |scheme: &&&str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let scheme = SCHEMES.iter().find(is_it)?.len();
    let rest = &text[scheme..];
    let address = rest[..balanced(rest)].trim_end_matches(NOT_LAST);
    let begins_well = |c: char| c.is_ascii_alphanumeric() || c == '[' || !c.is_ascii();
    address.starts_with(begins_well).then_some(scheme + address.len())
}

/// How far a text goes without blanks, quotation marks and brackets that have no other.
fn balanced(text: &str) -> usize {
    let mut open = Vec::new();
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        let goes_on =
            match BRACKETS.iter().find(|(opening, closing)| c == *opening || c == *closing) {
                None => !ends(c),
                Some((opening, closing)) if c == *opening => {
                    open.push((*closing, at));
                    open.len() <= BRACKETS_NESTED_MAX
                }
                Some(_) => open.pop_if(|(closing, _)| c == *closing).is_some(),
            };
        if !goes_on {
            end = at;
            break;
        }
    }
    open.first().map_or(end, |(_, at)| *at)
}

/// What no address has: blanks, quotation marks, signs of sentences, and what is not seen.
fn ends(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_sentence_mark(c)
        || matches!(c, '<' | '>' | '"' | '`' | '«' | '»' | '‹' | '›' | '“' | '”' | '„')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text begins with an address, and that is so much of it.
    #[track_caller]
    fn check(text: &str, address: &str) {
        assert_eq!(link_length(text).map(|length| &text[..length]), Some(address), "{text}");
    }

    #[test]
    fn brackets_that_have_each_other_belong_to_it() {
        check("https://a.org/b_(c))", "https://a.org/b_(c)");
        check("https://a.org/b_(c).", "https://a.org/b_(c)");
        check("https://a.org/b) and", "https://a.org/b");
        check("https://a.org/b(c", "https://a.org/b");
        check("https://a.org/[(]", "https://a.org/");
        check("https://zh.org/《红楼梦》（书）」", "https://zh.org/《红楼梦》（书）");
        check("http://[::1]:8080/x", "http://[::1]:8080/x");
        let deep = format!("https://a.org/{}{}", "(".repeat(8), ")".repeat(8));
        check(&deep, &deep);
        let deeper = format!("https://a.org/{}{}", "(".repeat(9), ")".repeat(9));
        check(&deeper, "https://a.org/");
    }

    #[test]
    fn what_belongs_to_the_sentence_does_not_belong_to_it() {
        for behind in [
            ".",
            ",",
            "?!",
            "...",
            "…",
            "'",
            "’",
            "*",
            "_",
            "。",
            "、",
            "，见",
            "！",
            "」",
            "»",
            "”",
            "“",
            ")",
            "].",
            "）",
            "؟",
            "۔",
            "।",
            " x",
            "\nx",
            "<b>",
            "\"",
            "`",
            "\u{202e}gro",
            ".)",
        ] {
            check(&format!("https://a.org/b?c=d#e{behind}"), "https://a.org/b?c=d#e");
        }
        check("HTTPS://A.org/l’été/*x*/_y", "HTTPS://A.org/l’été/*x*/_y");
    }

    #[test]
    fn a_scheme_alone_is_none() {
        for text in
            ["https://", "https:// a", "http://.", "https:///a", "http://[", "https://)", "ftp://a"]
        {
            assert_eq!(link_length(text), None, "{text}");
        }
    }
}
