//! Texts that somebody else wrote keep nobody's page busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use netchat_client::marks::{blocks, fold_at};

/// The best of some runs: others use the processor too.
fn time_of(text: &str) -> Duration {
    let run = |_| {
        let start = Instant::now();
        black_box((blocks(text, &|name| name == "bob"), fold_at(text)));
        start.elapsed()
    };
    (0..3).map(run).min().unwrap_or_default()
}

/// Ten times the text takes about ten times as long; in the square, it would be a hundred times.
#[test]
fn marks_are_read_in_linear_time() {
    for piece in [
        "*",
        "* *a",
        "*a ",
        "_*",
        "a*",
        "`",
        "` ``",
        "`a``b```c",
        "[(",
        "https://(",
        "https://a(b)[",
        "http://h",
        "@",
        "@bob ",
        " @a",
        "```\n",
        "```a\n",
        "> ",
        "> *\n",
        "\n",
        "```\n\n",
        "*a* _b_ ",
        "(https://a.b/",
        "。",
        "`\n",
    ] {
        let of_length = |length: usize| piece.repeat(length / piece.len());
        let (short, long) = (time_of(&of_length(6_000)), time_of(&of_length(60_000)));
        let limit = 40 * short + Duration::from_millis(20);
        assert!(long < limit, "{piece:?}: {short:?} and {long:?}");
    }
}
