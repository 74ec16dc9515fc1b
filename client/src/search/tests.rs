//! Searches against a server that is a list.

use proptest::prelude::*;

use netchat_shared::extended::Receipts;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;

use super::*;
use crate::limits::SEARCH_KEPT_MESSAGES_MAX;
use crate::session::{Content, StoredAt};

const LOWERCASE: Lowercase<'_> = &|text| text.to_lowercase();

fn of(name: &str) -> Conversation {
    Conversation::User(name.parse().unwrap())
}

/// What a server has, in its order.
#[derive(Default)]
struct Log {
    entries: Vec<Arrival>,
    /// Those of them that change others.
    changes: Vec<Arrival>,
    lines_of_page: usize,
}

impl Log {
    fn new(lines_of_page: usize) -> Self {
        Self { lines_of_page, ..Self::default() }
    }

    fn add(&mut self, conversation: &str, kind: MessageKind, content: Content) -> Arrival {
        let sequence = self.entries.len() as u64 + 1;
        let id = MessageId(sequence.into());
        let time = UnixTime { millis: 1_000 * sequence };
        let arrival = Arrival {
            conversation: Some(of(conversation)),
            sender: "bob".parse().ok(),
            kind,
            content,
            stored: Some(StoredAt { sequence: Sequence(sequence), time, id }),
            receipts: Receipts::default(),
        };
        self.entries.push(arrival.clone());
        if arrival.kind.of().is_some() {
            self.changes.push(arrival.clone());
        }
        arrival
    }

    fn say(&mut self, conversation: &str, text: &str) -> Arrival {
        self.add(conversation, MessageKind::Text, Content::Text(text.to_owned()))
    }

    fn edit(&mut self, line: &Arrival, text: &str) -> Arrival {
        let of = Sequence(place(line));
        let conversation = line.conversation.as_ref().unwrap().to_string();
        self.add(&conversation, MessageKind::Edit(of), Content::Text(text.to_owned()))
    }

    fn take_back(&mut self, line: &Arrival) -> Arrival {
        let of = Sequence(place(line));
        self.entries[of.0 as usize - 1].content = Content::TakenBack;
        let conversation = line.conversation.as_ref().unwrap().to_string();
        self.add(&conversation, MessageKind::Deletion(of), Content::TakenBack)
    }

    /// A page, as a session tells it.
    fn page(&self, want: &Want) -> (Vec<Arrival>, bool) {
        let is_its = |entry: &&Arrival| {
            entry.kind.is_line()
                && entry.conversation.as_ref() == Some(&want.conversation)
                && want.before.is_none_or(|before| place(entry) < before.0)
        };
        let mut lines = self.entries.iter().rev().filter(is_its);
        let mut page: Vec<_> = lines.by_ref().take(self.lines_of_page).cloned().collect();
        let changes: Vec<_> = page.iter().filter_map(|line| self.last_change(line)).collect();
        page.extend(changes);
        page.sort_by_key(place);
        (page, lines.next().is_some())
    }

    fn last_change(&self, line: &Arrival) -> Option<Arrival> {
        let is_its = |entry: &&Arrival| entry.kind.of() == Some(Sequence(place(line)));
        self.changes.iter().rev().find(is_its).cloned()
    }
}

fn place(arrival: &Arrival) -> u64 {
    arrival.stored.unwrap().sequence.0
}

fn start(search: &mut Search, text: &str, conversations: &[&str]) {
    let conversations = conversations.iter().map(|name| of(name)).collect();
    search.start(text, conversations, LOWERCASE);
}

/// Answers one page.
fn step(search: &mut Search, log: &Log) -> bool {
    let Some(want) = search.want() else { return false };
    let (page, has_more) = log.page(&want);
    search.take_page(&want, &page, has_more, LOWERCASE);
    true
}

/// Answers all pages; says how many.
fn finish(search: &mut Search, log: &Log) -> usize {
    (0..).take_while(|_| step(search, log)).count()
}

/// What was found, the words in brackets.
fn found(search: &Search) -> Vec<String> {
    let show = |hit: &Hit| {
        let mut text = hit.line.text.to_string();
        for place in hit.places.iter().rev() {
            text.insert(place.end, ']');
            text.insert(place.start, '[');
        }
        format!("{}: {text}", hit.conversation)
    };
    search.hits().iter().map(show).collect()
}

#[test]
fn lines_are_found_in_all_conversations_from_the_latest_on() {
    let mut log = Log::new(2);
    for text in ["Lunch at noon?", "no", "Éclairs for lunch", "yes", "no lunch"] {
        log.say("carol", text);
    }
    log.say("dave", "lunch, then");
    log.say("eve", "lunch of another");
    let mut search = Search::default();
    start(&mut search, "LUNCH", &["carol", "dave"]);
    assert_eq!(search.walked(), Walked { lines: 0, since: None, is_whole: false, is_full: false });
    assert!(step(&mut search, &log));
    assert_eq!(found(&search), ["carol: no [lunch]"]);
    assert_eq!(search.walked().since, None, "nothing is known of dave");
    assert!(step(&mut search, &log));
    let since = Some(UnixTime { millis: 4_000 });
    assert_eq!(search.walked(), Walked { lines: 3, since, is_whole: false, is_full: false });
    assert_eq!(finish(&mut search, &log), 2);
    let all = [
        "dave: [lunch], then",
        "carol: no [lunch]",
        "carol: Éclairs for [lunch]",
        "carol: [Lunch] at noon?",
    ];
    assert_eq!(found(&search), all);
    assert_eq!(search.walked(), Walked { lines: 6, since: None, is_whole: true, is_full: false });
    assert_eq!(search.hits()[2].line.sequence, Sequence(3));
    start(&mut search, "lunch écl", &["carol", "dave"]);
    assert_eq!(found(&search), ["carol: [Écl]airs for [lunch]"]);
    start(&mut search, " ", &["carol", "eve"]);
    assert_eq!((search.want(), search.hits().len()), (None, 0));
}

#[test]
fn another_search_of_the_same_reads_nothing_again() {
    let mut log = Log::new(2);
    let texts = ["one", "two", "three", "one two", "two three"];
    texts.iter().for_each(|text| drop(log.say("carol", text)));
    let mut search = Search::default();
    start(&mut search, "one", &["carol"]);
    assert!(step(&mut search, &log));
    start(&mut search, "two", &["carol"]);
    assert_eq!(found(&search), ["carol: [two] three", "carol: one [two]"]);
    assert_eq!((search.walked().lines, finish(&mut search, &log)), (2, 2), "from there on");
    start(&mut search, "three", &["carol"]);
    assert_eq!(found(&search), ["carol: two [three]", "carol: [three]"]);
    assert!(search.walked().is_whole && search.want().is_none());
}

#[test]
fn the_latest_text_of_a_line_counts() {
    let mut log = Log::new(10);
    let lines = ["cat", "cat", "dog", "dog"].map(|text| log.say("carol", text));
    log.edit(&lines[0], "horse");
    log.edit(&lines[2], "cat, too");
    log.take_back(&lines[1]);
    let mut search = Search::default();
    start(&mut search, "cat", &["carol"]);
    finish(&mut search, &log);
    assert_eq!(found(&search), ["carol: [cat], too"]);
    let later = [
        log.edit(&lines[2], "cats"),
        log.edit(&lines[0], "cat again"),
        log.take_back(&lines[3]),
        log.say("carol", "cat 2"),
        log.say("eve", "cat 3"),
    ];
    later.iter().for_each(|arrival| search.take_arrival(arrival, LOWERCASE));
    let now = ["carol: [cat] 2", "carol: [cat]s", "carol: [cat] again"];
    assert_eq!(found(&search), now);
    // An earlier correction that comes late changes nothing.
    search.take_arrival(&log.entries[5], LOWERCASE);
    assert_eq!(found(&search), now);
    let deletion = log.take_back(&lines[2]);
    search.take_arrival(&deletion, LOWERCASE);
    assert_eq!(found(&search), [now[0], now[2]]);
    start(&mut search, "cat", &["carol"]);
    assert_eq!(found(&search), [now[0], now[2]], "the same is kept");
}

#[test]
fn what_arrives_while_a_page_is_under_way_is_not_lost() {
    let mut log = Log::new(10);
    let lines = ["cat", "dog"].map(|text| log.say("carol", text));
    let mut search = Search::default();
    start(&mut search, "cat", &["carol"]);
    let want = search.want().unwrap();
    let (page, has_more) = log.page(&want);
    let changes =
        [log.say("carol", "cat 2"), log.edit(&lines[1], "cat 3"), log.take_back(&lines[0])];
    changes.iter().for_each(|arrival| search.take_arrival(arrival, LOWERCASE));
    search.take_page(&want, &page, has_more, LOWERCASE);
    assert_eq!(found(&search), ["carol: [cat] 2", "carol: [cat] 3"]);
    // With too many, the page is asked for again.
    let mut search = Search::default();
    start(&mut search, "cat", &["carol"]);
    let want = search.want().unwrap();
    let (page, has_more) = log.page(&want);
    let change = log.edit(&lines[1], "cat 4");
    (0..=SEARCH_MEANWHILE_MAX + 1).for_each(|_| search.take_arrival(&change, LOWERCASE));
    search.take_page(&want, &page, has_more, LOWERCASE);
    assert_eq!(finish(&mut search, &log), 1);
    assert_eq!(found(&search), ["carol: [cat] 2", "carol: [cat] 4"]);
}

#[test]
fn it_stops_and_goes_on() {
    let mut log = Log::new(1);
    ["cat", "dog", "cat"].iter().for_each(|text| drop(log.say("carol", text)));
    let mut search = Search::default();
    start(&mut search, "cat", &["carol"]);
    let want = search.want().unwrap();
    assert_eq!(search.want(), None, "one at a time");
    search.stop();
    let (page, has_more) = log.page(&want);
    let other = Want { before: Some(Sequence(2)), ..want.clone() };
    search.take_page(&other, &[], false, LOWERCASE);
    assert_eq!(search.walked().lines, 0, "it was not asked for here");
    search.take_page(&want, &page, has_more, LOWERCASE);
    assert_eq!((found(&search).len(), search.want()), (1, None));
    search.go_on();
    let want = search.want();
    search.go_on();
    assert!(want.is_some() && search.want() == want, "that one has not come");
    search.take_page(&want.unwrap(), &[], true, LOWERCASE);
    assert!(search.walked().is_whole, "a page that leads nowhere is the last");
}

#[test]
fn what_is_kept_and_found_is_bounded() {
    let mut log = Log::new(4_000);
    let count = SEARCH_KEPT_MESSAGES_MAX + 3_000;
    (0..count).for_each(|index| drop(log.say("carol", &format!("line {index}"))));
    log.say("dave", "line");
    let mut search = Search::default();
    start(&mut search, "line 1", &["carol"]);
    finish(&mut search, &log);
    assert!(search.walked().is_full && search.hits().len() == SEARCH_HITS_MAX);
    start(&mut search, "line nowhere", &["carol"]);
    finish(&mut search, &log);
    let walked = search.walked();
    assert!(walked.is_whole && walked.lines == count && search.hits().is_empty());
    start(&mut search, "line 7777", &["carol"]);
    assert_eq!(search.walked().lines, SEARCH_KEPT_MESSAGES_MAX);
    assert_eq!(finish(&mut search, &log), 1);
    assert_eq!((search.walked().lines, search.walked().is_whole), (count, true));
    let arrival = log.say("carol", "line 77777");
    search.take_arrival(&arrival, LOWERCASE);
    assert_eq!(search.hits()[0].line.sequence, Sequence(place(&arrival)));
    start(&mut search, "line", &["dave"]);
    finish(&mut search, &log);
    start(&mut search, "line", &["dave"]);
    assert_eq!((found(&search), search.want()), (vec!["dave: [line]".to_owned()], None));
}

#[test]
fn an_excerpt_shows_what_was_looked_for() {
    let shown = |text: &str, words: &str| {
        let (mut log, mut search) = (Log::new(10), Search::default());
        log.say("bob", text);
        start(&mut search, words, &["bob"]);
        finish(&mut search, &log);
        let parts = search.hits()[0].excerpt().into_iter();
        let part = |part: Part| if part.is_found { format!("[{}]", part.text) } else { part.text };
        parts.map(part).collect::<String>()
    };
    assert_eq!(shown("An apple\na day", "day apple"), "An [apple] a [day]");
    assert_eq!(shown("apple", "apple"), "[apple]");
    let (before, behind) = ("é".repeat(100), "日".repeat(1_000));
    let expected = format!("…{}[apple]{}…", "é".repeat(40), "日".repeat(115));
    assert_eq!(shown(&format!("{before}apple{behind} apple"), "apple"), expected);
    let long = "a".repeat(200);
    assert_eq!(shown(&long, &long), format!("[{}]…", "a".repeat(160)));
}

#[test]
fn names_and_places_change() {
    let mut log = Log::new(1);
    ["cat", "dog"].iter().for_each(|text| drop(log.say("carol", text)));
    let mut search = Search::default();
    start(&mut search, "dog", &["carol"]);
    step(&mut search, &log);
    assert!(search.want().is_some());
    search.rename(&of("carol"), &of("Carol"));
    assert_eq!(found(&search), ["Carol: [dog]"]);
    assert_eq!(search.want().unwrap().conversation, of("Carol"));
    search.forget_places();
    assert_eq!((search.hits().len(), search.walked().lines), (0, 0));
    assert_eq!(search.want(), Some(Want { conversation: of("Carol"), before: None }));
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Say(bool, &'static str),
    Edit(prop::sample::Index, &'static str),
    TakeBack(prop::sample::Index),
    Start(&'static str),
    /// A page is asked for; the one before it comes.
    Ask,
    Answer,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = || prop::sample::select(vec!["cat", "dog", "CAT and dog", "", "É", "cat é"]);
    let step = prop_oneof![
        4 => (any::<bool>(), text()).prop_map(|(whom, text)| Step::Say(whom, text)),
        2 => (any::<prop::sample::Index>(), text()).prop_map(|(of, text)| Step::Edit(of, text)),
        1 => any::<prop::sample::Index>().prop_map(Step::TakeBack),
        1 => text().prop_map(Step::Start),
        4 => Just(Step::Ask),
        4 => Just(Step::Answer),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever happens in between: in the end, what is found is what is there.
    #[test]
    fn what_is_found_is_what_is_there(steps in steps()) {
        let mut log = Log::new(2);
        let mut search = Search::default();
        let mut under_way: Option<(Want, (Vec<Arrival>, bool))> = None;
        let mut text = "cat";
        start(&mut search, text, &["carol", "dave"]);
        for step in steps {
            let is_there = |entry: &&Arrival| {
                entry.kind.is_line() && entry.content != Content::TakenBack
            };
            let lines: Vec<_> = log.entries.iter().filter(is_there).cloned().collect();
            let arrival = match step {
                Step::Say(whom, text) => Some(log.say(if whom { "carol" } else { "dave" }, text)),
                Step::Edit(..) | Step::TakeBack(_) if lines.is_empty() => None,
                Step::Edit(of, text) => Some(log.edit(of.get(&lines), text)),
                Step::TakeBack(of) => Some(log.take_back(of.get(&lines))),
                Step::Start(words) => {
                    text = words;
                    start(&mut search, words, &["carol", "dave"]);
                    None
                }
                Step::Ask => {
                    if let Some(want) = search.want() {
                        under_way = Some((want.clone(), log.page(&want)));
                    }
                    None
                }
                Step::Answer => {
                    if let Some((want, (page, has_more))) = under_way.take() {
                        search.take_page(&want, &page, has_more, LOWERCASE);
                    }
                    None
                }
            };
            arrival.into_iter().for_each(|arrival| search.take_arrival(&arrival, LOWERCASE));
        }
        if let Some((want, (page, has_more))) = under_way {
            search.take_page(&want, &page, has_more, LOWERCASE);
        }
        finish(&mut search, &log);
        let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
        let is_found = |line: &&Arrival| {
            let change = log.last_change(line);
            let content = change.map_or(line.content.clone(), |change| change.content);
            matches!(content, Content::Text(text)
                if !words.is_empty() && words.iter().all(|word| text.to_lowercase().contains(word)))
        };
        let lines = log.entries.iter().rev().filter(|entry| entry.kind.is_line());
        let expected: Vec<_> = lines.filter(is_found).map(place).collect();
        let found: Vec<_> = search.hits().iter().map(|hit| hit.line.sequence.0).collect();
        assert_eq!(found, expected);
    }
}
