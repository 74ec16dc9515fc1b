//! Which characters are a word's, and how words are compared.
//!
//! No tables of Unicode: they would be a good part of what a browser downloads. Scripts are told apart
//! by their ranges, and what is not ASCII is folded by whoever drives this, who has such tables.

/// How a driver folds text that is not ASCII: `str::to_lowercase`, or the browser's own.
pub type Lowercase<'a> = &'a dyn Fn(&str) -> String;

/// A text in the form in which texts are compared, without regard to capitals.
#[must_use]
pub fn fold(text: &str, lowercase: Lowercase<'_>) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        // The one letter whose lower form depends on where it stands.
        false => lowercase(text).replace('ς', "σ"),
    }
}

/// A letter or digit of a script that has blanks between its words. What others write without blanks
/// ends no word and goes on with none, so that marks stand in it where they like.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, 'ª' | 'µ' | 'º' | '\u{c0}'..='\u{1fff}' | '\u{2c00}'..='\u{2dff}')
            && !matches!(c, '×' | '÷')
            && !is_sentence_mark(c)
}

/// Whether an `@` or the like behind that character begins something. In an address it does not.
pub(crate) fn begins_behind(before: Option<char>) -> bool {
    before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"@/.-".contains(c))
}

/// What ends a sentence or a part of one, in scripts that have signs of their own for it.
pub(crate) fn is_sentence_mark(c: char) -> bool {
    matches!(
        c,
        '։' | '،'
            | '؛'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '၊'
            | '။'
            | '።'
            | '។'
            | '…'
            | '、'
            | '。'
            | '，'
            | '．'
            | '：'
            | '；'
            | '！'
            | '？'
            | '｡'
            | '､'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_make_no_difference_in_any_script() {
        let lowercase: Lowercase<'_> = &|text| text.to_lowercase();
        assert_eq!(fold("Bob 2", lowercase), "bob 2");
        assert_eq!(fold("ÉMILE", lowercase), fold("émile", lowercase));
        assert_eq!(fold("ΛΌΓΟΣ", lowercase), fold("λόγοσ", lowercase));
        assert_eq!(fold("ASCII only", &|_| unreachable!()), "ascii only");
    }

    #[test]
    fn words_are_told_from_what_stands_between_them() {
        for c in "aZ9éßЖωאकʰ".chars() {
            assert!(is_word(c), "{c}");
        }
        for c in " _*-.,×،؟।。「王👍—“ \u{a0}".chars() {
            assert!(!is_word(c), "{c}");
        }
    }
}
