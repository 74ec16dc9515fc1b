//! What becomes of texts. They are written down as a browser would show them.

use proptest::prelude::*;

use super::inline::MARKS_NESTED_MAX;
use super::*;

fn is_name(name: &str) -> bool {
    ["bob", "Bob Ray", "王", "o'neil", "x."].contains(&name)
}

fn show_spans(spans: &[Span<'_>]) -> String {
    let show = |span: &Span<'_>| match span {
        Span::Text(text) => (*text).to_owned(),
        Span::Strong(spans) => format!("<b>{}</b>", show_spans(spans)),
        Span::Emphasis(spans) => format!("<i>{}</i>", show_spans(spans)),
        Span::Code(text) => format!("<code>{text}</code>"),
        Span::Link(address) => format!("<a>{address}</a>"),
        Span::Mention(name) => format!("<u>@{name}</u>"),
    };
    spans.iter().map(show).collect()
}

fn show(blocks: &[Block<'_>]) -> String {
    let show = |block: &Block<'_>| match block {
        Block::Paragraph(spans) => format!("<p>{}</p>", show_spans(spans)),
        Block::Code(text) => format!("<pre>{text}</pre>"),
        Block::Quote(spans) => format!("<q>{}</q>", show_spans(spans)),
    };
    blocks.iter().map(show).collect()
}

/// One paragraph is shown so.
#[track_caller]
fn check(text: &str, shown: &str) {
    assert_eq!(show(&blocks(text, &is_name)), format!("<p>{shown}</p>"), "{text}");
}

#[track_caller]
fn check_blocks(text: &str, shown: &str) {
    assert_eq!(show(&blocks(text, &is_name)), shown, "{text}");
}

#[track_caller]
fn stays(text: &str) {
    check(text, text);
}

#[test]
fn words_are_strong_or_emphasised() {
    check("a *b c* d", "a <b>b c</b> d");
    check("_a_, (*b*)!", "<i>a</i>, (<b>b</b>)!");
    check("*a _b_ c*", "<b>a <i>b</i> c</b>");
    check("_snake_case_", "<i>snake_case</i>");
    check("*a _b* c_", "<b>a _b</b> c_");
    check("*a *b*", "*a <b>b</b>");
    check("这是*重要*的", "这是<b>重要</b>的");
    for text in [
        "snake_case_name",
        "2*3*4",
        "2 * 3 * 4",
        "* a",
        "a *",
        "*a\nb*",
        "**a**",
        "__init__",
        "***",
        "*",
        "_",
        "a* b*",
        "*a *b",
    ] {
        stays(text);
    }
}

#[test]
fn code_is_as_it_is() {
    check("`a *b*` *c*", "<code>a *b*</code> <b>c</b>");
    check("``a`b`` ```c```", "<code>a`b</code> <code>c</code>");
    check("*`a*b`*", "<b><code>a*b</code></b>");
    check("`https://a.b @bob`", "<code>https://a.b @bob</code>");
    for text in ["`a", "``a`", "`a\nb`", "````a````", "`"] {
        stays(text);
    }
}

#[test]
fn addresses_are_links() {
    check("see https://a.org/b_c_d, or", "see <a>https://a.org/b_c_d</a>, or");
    check("(https://a.org/b_(c))", "(<a>https://a.org/b_(c)</a>)");
    check("[x](http://a.org)", "[x](<a>http://a.org</a>)");
    check("*https://a.org*", "<b><a>https://a.org</a></b>");
    check("见https://a.org。好", "见<a>https://a.org</a>。好");
    check("“https://a.org”", "“<a>https://a.org</a>”");
    for text in ["https:// alone", "xhttps://a.org", "javascript:alert(1) data:x", "http"] {
        stays(text);
    }
}

#[test]
fn names_that_are_known_are_mentions() {
    check("@bob, @Bob Ray!", "<u>@bob</u>, <u>@Bob Ray</u>!");
    check("@bob Ray @o'neil", "<u>@bob</u> Ray <u>@o'neil</u>");
    check("你好@王你好 (@x.)", "你好<u>@王</u>你好 (<u>@x.</u>)");
    check("_hi @bob_", "<i>hi <u>@bob</u></i>");
    check("@bob's", "<u>@bob</u>'s");
    for text in ["a@bob", "@bobby", "@eve", "@", "@@bob", "x.@bob", "@bobé", "@ bob"] {
        stays(text);
    }
}

#[test]
fn lines_are_code_or_quoted() {
    check_blocks("a\n> b\n> *c*\nd", "<p>a</p><q>b\n<b>c</b></q><p>d</p>");
    check_blocks("> b\n>c", "<q>b</q><p>>c</p>");
    check_blocks("a\n```\n*b*\n\n> c\n```\nd", "<p>a</p><pre>*b*\n\n> c</pre><p>d</p>");
    check_blocks("```rust\nfn a() {}\n``` \n", "<pre>fn a() {}</pre>");
    check_blocks("```let a = 1;\nlet b;\n```", "<pre>let a = 1;\nlet b;</pre>");
    check_blocks("```word\n```", "<pre>word</pre>");
    check_blocks("a\n\nb\n", "<p>a\n\nb</p>");
    check_blocks("", "");
    for text in ["```\na", "a ```\nb\n```", "```\n```", "```\n \n```", "a >\n b"] {
        stays(text);
    }
}

#[test]
fn long_texts_are_folded_at_a_line_or_a_word() {
    assert_eq!(fold_at("short"), None);
    let lines = |count| vec!["line"; count].join("\n");
    assert_eq!(fold_at(&lines(LINES_SHOWN_MAX)), None);
    assert_eq!(fold_at(&lines(LINES_SHOWN_MAX + 1)), Some(lines(LINES_SHOWN_MAX).len()));
    let words = "wörd ".repeat(CHARS_SHOWN_MAX / 5);
    assert_eq!(fold_at(&words), None);
    let more = format!("{words}word");
    assert_eq!(fold_at(&more), Some(words.len() - 1));
    assert_eq!(fold_at(&"é".repeat(CHARS_SHOWN_MAX + 1)), Some(2 * CHARS_SHOWN_MAX));
    assert_eq!(fold_at(&format!("{}\nb", "a".repeat(CHARS_SHOWN_MAX))), Some(CHARS_SHOWN_MAX));
}

#[test]
fn code_that_is_folded_is_still_code() {
    let text = format!("```\n{}```\n", "line\n".repeat(LINES_SHOWN_MAX + 5));
    let folded = first_blocks(&text, fold_at(&text).unwrap(), &is_name);
    let shown = vec!["line"; LINES_SHOWN_MAX - 1].join("\n");
    assert_eq!(show(&folded), format!("<pre>{shown}</pre>"));
    assert_eq!(show(&first_blocks(&text, 2, &is_name)), "<pre></pre>");
}

/// The texts that are shown, in order, and how deep marks stand in each other.
fn leaves<'a>(spans: &[Span<'a>], leaves: &mut Vec<&'a str>) -> usize {
    let depth = |span: &Span<'a>| match span {
        Span::Strong(inner) | Span::Emphasis(inner) => 1 + self::leaves(inner, leaves),
        Span::Text(text) | Span::Code(text) | Span::Link(text) | Span::Mention(text) => {
            leaves.push(text);
            0
        }
    };
    spans.iter().map(depth).max().unwrap_or(0)
}

/// What is shown is the text, in its order, and nothing of it is lost but marks.
fn check_nothing_is_lost(text: &str) {
    let mut shown = Vec::new();
    for block in blocks(text, &is_name) {
        match block {
            Block::Paragraph(spans) | Block::Quote(spans) => {
                assert!(leaves(&spans, &mut shown) <= MARKS_NESTED_MAX, "{text:?}");
            }
            Block::Code(code) => shown.push(code),
        }
    }
    let mut at = 0;
    let end = &text[text.len()..];
    for leaf in shown.into_iter().chain([end]) {
        let from = leaf.as_ptr().addr() - text.as_ptr().addr();
        let left_out = &text[at..from];
        for line in left_out.split('\n').filter(|line| !line.starts_with(FENCE)) {
            let is_mark = |c: char| "*_`@> ".contains(c);
            assert!(line.chars().all(is_mark), "{left_out:?} of {text:?}");
        }
        at = from + leaf.len();
    }
}

proptest! {
    #[test]
    fn nothing_is_lost(
        pieces in prop::collection::vec(
            prop_oneof![
                "[*_`> \n@()a-c.]",
                prop_oneof![
                    Just("```\n"), Just("\n```\n"), Just("\n> "), Just("https://"), Just("@bob"),
                    Just("@王"), Just("é"), Just("。"), Just("「"), Just("」"), Just("```rs\n"),
                ]
                .prop_map(str::to_owned),
                ".{0,3}",
            ],
            0..40,
        ),
    ) {
        let text = pieces.concat();
        check_nothing_is_lost(&text);
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            drop(first_blocks(&text, end, &is_name));
        }
        if let Some(at) = fold_at(&text) {
            assert!(at > 0 && text.is_char_boundary(at));
        }
    }
}

/// That it takes linear time is looked at with a clock, in the tests that have one.
#[test]
fn nothing_is_lost_of_hostile_texts() {
    for piece in ["*", "*a ", "_*", "`` ` ", "https://a(b)[", "@bob ", "```a\n", "```\n", "> *\n"] {
        check_nothing_is_lost(&piece.repeat(60_000 / piece.len()));
    }
}
