//! Links in texts.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Shown as it is.
    Text(String),
    /// An address to follow.
    Link(String),
}

/// Splits a text at the web addresses in it. Only `http` and `https` become links.
#[must_use]
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min()
    {
        let end = rest[at..].find(|c: char| c.is_whitespace() || "<>\"".contains(c));
        let end = end.map_or(rest.len(), |length| at + length);
        // Punctuation behind an address belongs to the sentence.
        let link = rest[at..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']);
        plain.push_str(&rest[..at]);
        if link.ends_with("//") {
            plain.push_str(link);
        } else {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Link(link.to_owned()));
        }
        rest = &rest[at + link.len()..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let link = |text: &str| Piece::Link(text.to_owned());
        assert_eq!(pieces("hello"), [text("hello")]);
        assert_eq!(
            pieces("see https://example.org/a?b=c, or http://x.org."),
            [
                text("see "),
                link("https://example.org/a?b=c"),
                text(", or "),
                link("http://x.org"),
                text(".")
            ]
        );
        assert_eq!(pieces("javascript:alert(1) data:x"), [text("javascript:alert(1) data:x")]);
        assert_eq!(pieces("https:// alone"), [text("https:// alone")]);
        assert_eq!(pieces("\"https://a.b\"<i>"), [text("\""), link("https://a.b"), text("\"<i>")]);
        assert_eq!(pieces(""), []);
    }
}
