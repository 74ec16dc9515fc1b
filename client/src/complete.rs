//! How what is being typed could go on: people, groups, commands, emoji. And which of many names is
//! meant by a few letters.

use std::ops::Range;

use netchat_shared::limits::GROUP_NAME_CHARS_MAX;
use netchat_shared::name::{GroupName, UserName};

use crate::limits::COMPLETIONS_MAX;
use crate::slash::{COMMANDS, Command};
use crate::words::{Lowercase, begins_behind, fold, is_word};

/// An emoji is not looked for by less: `:D` and `:)` are none.
const EMOJI_CHARS_MIN: usize = 2;

/// A name may hold the sign that begins another. So many of them are tried, the nearest first.
const SIGNS_TRIED_MAX: usize = 4;

/// What can be completed, each in the order in which equally good ones are shown: the most recent
/// first.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Behind `@`.
    pub people: &'a [UserName],
    /// Behind `#`.
    pub groups: &'a [GroupName],
    /// Behind `:`, short names and what they stand for.
    pub emoji: &'a [(&'a str, &'a str)],
}

/// One way to go on.
#[derive(Debug, Clone, Copy)]
pub enum Choice<'a> {
    /// `@name`.
    Person(&'a UserName),
    /// `#name`.
    Group(&'a GroupName),
    /// `/name`, where a line begins with it.
    Command(&'static Command),
    /// A short name, and the emoji that takes its place.
    Emoji(&'a str, &'a str),
}

/// Ways to go on.
#[derive(Debug, Clone)]
pub struct Completions<'a> {
    /// The bytes of the text that are replaced, from the sign to the caret.
    pub typed: Range<usize>,
    /// The best first, [`COMPLETIONS_MAX`] at most, and at least one.
    pub choices: Vec<Choice<'a>>,
}

/// How well letters fit a name, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    BeginningOfWord,
    Within,
    Scattered,
}

impl Fit {
    /// The best first.
    const ALL: [Self; 5] =
        [Self::Whole, Self::Beginning, Self::BeginningOfWord, Self::Within, Self::Scattered];
}

/// How the text could go on at the caret, which is a position in bytes. `None` if nothing is known.
#[must_use]
pub fn complete<'a>(
    text: &str,
    caret: usize,
    known: &Known<'a>,
    lowercase: Lowercase<'_>,
) -> Option<Completions<'a>> {
    let before = text.get(..caret)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let near = before[line..].char_indices().rev().take(GROUP_NAME_CHARS_MAX + 1);
    let signs = near.filter(|(_, c)| matches!(c, '@' | '#' | '/' | ':'));
    let signs = signs.map(|(at, sign)| (line + at, sign));
    let begins = |at: &usize| begins_behind(before[..*at].chars().next_back());
    let ways = signs.filter(|(at, _)| begins(at)).take(SIGNS_TRIED_MAX).map(|(at, sign)| {
        let typed = &before[at + sign.len_utf8()..];
        let choices = choices(at, sign, typed, known, lowercase);
        Completions { typed: at..caret, choices }
    });
    ways.into_iter().find(|completions| !completions.choices.is_empty())
}

/// Which of these names, given in the order of their recency, fit what is typed, the best first:
/// as their places in the list.
#[must_use]
pub fn rank(typed: &str, names: &[&str], lowercase: Lowercase<'_>) -> Vec<usize> {
    ranked(typed.trim(), names, Fit::Scattered, lowercase)
}

impl Choice<'_> {
    /// What is put into the text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Person(name) => format!("@{name}"),
            Self::Group(name) => format!("#{name}"),
            Self::Command(command) => format!("/{}", command.name),
            Self::Emoji(_, emoji) => (*emoji).to_owned(),
        }
    }

    /// Whether more is typed behind it.
    fn goes_on(&self) -> bool {
        !matches!(self, Self::Command(command) if command.takes.is_empty())
    }
}

impl Completions<'_> {
    /// The text and the caret after one of the choices was taken in that text; `None` if there is no
    /// such choice, or it is another text.
    #[must_use]
    pub fn choose(&self, text: &str, choice: usize) -> Option<(String, usize)> {
        let choice = self.choices.get(choice)?;
        let (before, typed) = (text.get(..self.typed.start)?, text.get(self.typed.clone())?);
        let chosen = choice.text();
        let rest = without_end_of(&chosen, typed, text.get(self.typed.end..)?);
        let blank = match rest.chars().next() {
            Some(c) if c.is_whitespace() => "",
            _ if choice.goes_on() => " ",
            _ => "",
        };
        let mut caret = before.len() + chosen.len() + blank.len();
        if blank.is_empty() && choice.goes_on() && rest.starts_with(' ') {
            caret += 1;
        }
        Some((format!("{before}{chosen}{blank}{rest}"), caret))
    }
}

/// What stands behind the caret, without the rest of the word if that is chosen anyway.
fn without_end_of<'a>(chosen: &str, typed: &str, rest: &'a str) -> &'a str {
    let word = rest.len() - rest.trim_start_matches(is_word).len();
    let is_same = chosen
        .get(typed.len()..typed.len() + word)
        .is_some_and(|end| end.eq_ignore_ascii_case(&rest[..word]));
    if is_same { &rest[word..] } else { rest }
}

fn choices<'a>(
    at: usize,
    sign: char,
    typed: &str,
    known: &Known<'a>,
    lowercase: Lowercase<'_>,
) -> Vec<Choice<'a>> {
    if typed.trim() != typed {
        return Vec::new();
    }
    // A name with a blank is known by its beginning only: else every sentence would be one.
    let has_blank = typed.contains(char::is_whitespace);
    let worst = if has_blank { Fit::Beginning } else { Fit::Within };
    let best = |names: Vec<&str>| {
        ranked(typed, &names, worst, lowercase).into_iter().take(COMPLETIONS_MAX)
    };
    match sign {
        '@' => {
            let names = known.people.iter().map(UserName::as_str).collect();
            best(names).map(|index| Choice::Person(&known.people[index])).collect()
        }
        '#' => {
            let names = known.groups.iter().map(GroupName::as_str).collect();
            best(names).map(|index| Choice::Group(&known.groups[index])).collect()
        }
        '/' if at == 0 => {
            let names = COMMANDS.iter().map(|command| command.name).collect();
            best(names).map(|index| Choice::Command(&COMMANDS[index])).collect()
        }
        ':' if typed.chars().count() >= EMOJI_CHARS_MIN => {
            let names = known.emoji.iter().map(|(name, _)| *name).collect();
            let emoji = best(names).map(|index| known.emoji[index]);
            emoji.map(|(name, emoji)| Choice::Emoji(name, emoji)).collect()
        }
        _ => Vec::new(),
    }
}

/// The places of names that fit at least so well, the best first.
fn ranked(typed: &str, names: &[&str], worst: Fit, lowercase: Lowercase<'_>) -> Vec<usize> {
    let typed = fold(typed, lowercase);
    let fits: Vec<_> = names.iter().map(|name| fit(&typed, &fold(name, lowercase))).collect();
    let of = |wanted: Fit| {
        let all = fits.iter().enumerate();
        all.filter(move |(_, fit)| **fit == Some(wanted)).map(|(index, _)| index)
    };
    Fit::ALL.into_iter().filter(|fit| *fit <= worst).flat_map(of).collect()
}

/// How well letters fit a name, both folded.
fn fit(typed: &str, name: &str) -> Option<Fit> {
    let is_beginning_of_word =
        |at: usize| name[..at].chars().next_back().is_none_or(|before| !is_word(before));
    let mut letters = name.chars();
    if name.starts_with(typed) {
        Some(if name.len() == typed.len() { Fit::Whole } else { Fit::Beginning })
    } else if name.match_indices(typed).any(|(at, _)| is_beginning_of_word(at)) {
        Some(Fit::BeginningOfWord)
    } else if name.contains(typed) {
        Some(Fit::Within)
    } else if typed.chars().all(|wanted| letters.any(|letter| letter == wanted)) {
        Some(Fit::Scattered)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOWERCASE: Lowercase<'_> = &|text| text.to_lowercase();
    const EMOJI: [(&str, &str); 3] = [("tada", "🎉"), ("smile", "😄"), ("sweat_smile", "😅")];

    fn with_known<R>(run: impl FnOnce(&Known<'_>) -> R) -> R {
        let people = ["Émile", "bobby", "bob", "eve-bo", "Bob Ray", "x"];
        let people = people.map(|name| name.parse().unwrap());
        let groups = ["lab", "CS: Group", "Old lab"].map(|name| name.parse().unwrap());
        run(&Known { people: &people, groups: &groups, emoji: &EMOJI })
    }

    /// Where the caret is, a text has a bar.
    fn caret(marked: &str) -> (String, usize) {
        (marked.replacen('|', "", 1), marked.find('|').unwrap())
    }

    /// What can be chosen there.
    fn choices(marked: &str) -> Vec<String> {
        let (text, caret) = caret(marked);
        with_known(|known| {
            let completions = complete(&text, caret, known, LOWERCASE);
            let choices = completions.map(|it| it.choices).unwrap_or_default();
            choices.iter().map(Choice::text).collect()
        })
    }

    /// What the text is after the first of them was chosen.
    #[track_caller]
    fn check_chosen(marked: &str, expected: &str) {
        let (text, caret) = caret(marked);
        let (mut text, caret) = with_known(|known| {
            let completions = complete(&text, caret, known, LOWERCASE).unwrap();
            completions.choose(&text, 0).unwrap()
        });
        text.insert(caret, '|');
        assert_eq!(text, expected, "{marked}");
    }

    #[test]
    fn what_begins_so_comes_first_and_the_most_recent_of_it() {
        assert_eq!(choices("hi @bo|"), ["@bobby", "@bob", "@Bob Ray", "@eve-bo"]);
        assert_eq!(choices("@BOB|"), ["@bob", "@bobby", "@Bob Ray"]);
        assert_eq!(choices("(@bob r|"), ["@Bob Ray"]);
        assert_eq!(choices("@éM|"), ["@Émile"]);
        assert_eq!(choices("@|").len(), 6);
        assert_eq!(choices("#la|"), ["#lab", "#Old lab"]);
        assert_eq!(choices("#cs: g|"), ["#CS: Group"]);
        assert_eq!(choices("/en|"), ["/end", "/rename"]);
        assert_eq!(choices("/ex|")[..1], ["/exit"]);
        assert_eq!(choices("/e|").len(), COMPLETIONS_MAX);
        assert_eq!(choices("yes :smi|"), ["😄", "😅"]);
    }

    #[test]
    fn nothing_is_completed_elsewhere() {
        for text in [
            "bo|",
            "a@bo|",
            "@bob |",
            "@nobody|",
            "@bo\n|",
            "x /e|",
            "//e|",
            "/edit x|",
            ":s|",
            ":D|",
            "12:sm|",
            "https://ex|",
            "|",
            ": sm|",
        ] {
            assert_eq!(choices(text), Vec::<String>::new(), "{text}");
        }
        let elsewhere =
            |caret| with_known(|known| complete("@é", caret, known, LOWERCASE).is_none());
        assert!(elsewhere(2) && elsewhere(9));
    }

    #[test]
    fn a_choice_takes_the_place_of_what_was_typed() {
        check_chosen("hi @bobb|", "hi @bobby |");
        check_chosen("hi @bobb|, and", "hi @bobby |, and");
        check_chosen("@bobb| x", "@bobby |x");
        check_chosen("@bo|bby x", "@bobby |x");
        check_chosen("@bobb|\nx", "@bobby|\nx");
        check_chosen("@|hello", "@Émile |hello");
        check_chosen("#CS: G|", "#CS: Group |");
        check_chosen("/leav|", "/leave|");
        check_chosen("/CHA|", "/chat |");
        check_chosen("well :tad|", "well 🎉 |");
        let of_another_text = with_known(|known| {
            let completions = complete("hello @bob", 10, known, LOWERCASE).unwrap();
            (completions.choose("hi", 0), completions.choose("hello @bob", 8))
        });
        assert_eq!(of_another_text, (None, None));
    }

    #[test]
    fn a_name_is_found_by_a_few_letters() {
        let names = ["Weekly lab", "Alabama", "lab", "Last chance bar", "Bob", "Łab"];
        let found = |typed| rank(typed, &names, LOWERCASE).into_iter().map(|at| names[at]);
        let found = |typed| found(typed).collect::<Vec<_>>();
        assert_eq!(found("lab"), ["lab", "Weekly lab", "Alabama", "Last chance bar"]);
        assert_eq!(found("l"), ["lab", "Last chance bar", "Weekly lab", "Alabama"]);
        assert_eq!(found("łA"), ["Łab"]);
        assert_eq!(found("wkl"), ["Weekly lab"]);
        assert_eq!(found(" "), names);
        assert_eq!(found("xyz"), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn what_stands_around_it_stays(before in "[@#/:a-eé \n]{0,12}", after in "[a-e é\n]{0,4}") {
            let text = format!("{before}{after}");
            with_known(|known| {
                let Some(it) = complete(&text, before.len(), known, LOWERCASE) else { return };
                assert!((1..=COMPLETIONS_MAX).contains(&it.choices.len()));
                for choice in 0..it.choices.len() {
                    let (chosen, caret) = it.choose(&text, choice).unwrap();
                    let stays = &before[..it.typed.start];
                    assert!(chosen[..caret].starts_with(stays));
                    assert!(after.ends_with(&chosen[caret..]));
                }
            });
        }
    }
}
