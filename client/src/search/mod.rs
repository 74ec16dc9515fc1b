//! Search: the client reads histories and looks itself. A server is asked for nothing but pages.
//!
//! A state machine without I/O. Its driver asks for the pages that [`Search::want`] names, passes them
//! in, and shows [`Search::hits`]. It also passes in what arrives meanwhile, and what it says itself
//! once that is stored, so that what was read stays what is there: the latest text of a line counts.

mod excerpt;
mod kept;
mod query;

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use netchat_shared::conversation::Conversation;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

pub use self::excerpt::Part;
use self::kept::{Change, Kept, Reach, find, read_page};
use self::query::Query;
use crate::limits::{SEARCH_HITS_MAX, SEARCH_MEANWHILE_MAX};
use crate::session::Arrival;
use crate::words::Lowercase;

/// A page that is wanted, as
/// [`Session::request_history_to_search`](crate::session::Session::request_history_to_search) asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Of which conversation.
    pub conversation: Conversation,
    /// What comes before this place; its end if there is none.
    pub before: Option<Sequence>,
}

/// A line of a conversation, as it is at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub sequence: Sequence,
    /// When it was stored.
    pub time: UnixTime,
    /// Who said it; `None` if that was lost.
    pub sender: Option<UserName>,
    /// What it says.
    pub text: Arc<str>,
    /// Where the correction stands that holds.
    edited: Sequence,
}

/// A line in which all words are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where it was said.
    pub conversation: Conversation,
    /// What was.
    pub line: Line,
    /// Where in its text the words are, in bytes, in order and apart; of many, the first.
    pub places: Vec<Range<usize>>,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// So many lines were looked at.
    pub lines: usize,
    /// Everything that was said since was looked at; `None` if that can't be said yet, or if there is
    /// nothing before either.
    pub since: Option<UnixTime>,
    /// There is nothing more to look at.
    pub is_whole: bool,
    /// There are [`SEARCH_HITS_MAX`] hits: it looks no further.
    pub is_full: bool,
}

/// A search, and what was read for it and for those before it.
#[derive(Debug, Default)]
pub struct Search {
    kept: Kept,
    run: Run,
    asked: Option<Asked>,
    is_stopped: bool,
}

/// What is looked for at present.
#[derive(Debug, Default)]
struct Run {
    query: Query,
    walks: Vec<Walk>,
    /// The latest first.
    hits: Vec<Hit>,
    lines: usize,
    is_full: bool,
}

/// How far one conversation was looked through.
#[derive(Debug)]
struct Walk {
    conversation: Conversation,
    reach: Reach,
}

/// The page under way.
#[derive(Debug)]
struct Asked {
    want: Want,
    /// What arrived meanwhile: the page may be from before or after it. One more than the bound if
    /// there is more, and the page is asked for again.
    meanwhile: Vec<Arrival>,
    /// It is to be asked for once more.
    again: bool,
}

impl Search {
    /// Looks for lines of these conversations, each given once, in which all words of the text are, in capitals or not.
    /// What was read before is looked through at once; the rest from the latest to the earliest.
    pub fn start(&mut self, text: &str, of: Vec<Conversation>, lowercase: Lowercase<'_>) {
        self.kept.begin(&of);
        self.run = Run { query: Query::new(text, lowercase), ..Run::default() };
        self.is_stopped = false;
        for conversation in of {
            let (lines, reach) = self.kept.lines(&conversation);
            self.run.look_through(&conversation, lines, lowercase);
            self.run.walks.push(Walk { conversation, reach });
        }
    }

    /// Asks for no more, until it is to go on. A page under way may still be passed in.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Goes on, also when a page that was asked for will not come any more.
    pub fn go_on(&mut self) {
        self.is_stopped = false;
        self.put_back();
    }

    /// The page that was wanted could not be asked for: it is wanted again.
    pub fn put_back(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.again = true;
        }
    }

    /// The page to ask for now. One is under way at a time.
    #[must_use]
    pub fn want(&mut self) -> Option<Want> {
        if self.is_stopped {
            return None;
        }
        if let Some(asked) = &mut self.asked {
            return std::mem::take(&mut asked.again).then(|| asked.want.clone());
        }
        let want = self.run.next()?;
        self.asked = Some(Asked { want: want.clone(), meanwhile: Vec::new(), again: false });
        Some(want)
    }

    /// Takes the page that answers what was wanted, and whether there are more before it. The answer
    /// to anything else, which others asked for, is none.
    pub fn take_page(
        &mut self,
        want: &Want,
        page: &[Arrival],
        has_more: bool,
        lowercase: Lowercase<'_>,
    ) {
        let Some(asked) = self.asked.take_if(|asked| asked.want == *want) else { return };
        if asked.meanwhile.len() > SEARCH_MEANWHILE_MAX {
            return;
        }
        let Want { conversation, before } = asked.want;
        let (lines, reach) = read_page(page, before, has_more);
        self.kept.add_page(&conversation, before, &lines, reach);
        self.run.take_page(&conversation, before, (&lines, reach), lowercase);
        for arrival in &asked.meanwhile {
            self.change(&conversation, arrival, lowercase);
        }
    }

    /// Takes what arrived, and one's own once it is stored.
    pub fn take_arrival(&mut self, arrival: &Arrival, lowercase: Lowercase<'_>) {
        let Some(conversation) = &arrival.conversation else { return };
        if let Some(asked) = self.asked.as_mut().filter(|it| it.want.conversation == *conversation)
            && asked.meanwhile.len() <= SEARCH_MEANWHILE_MAX
        {
            asked.meanwhile.push(arrival.clone());
        }
        self.change(conversation, arrival, lowercase);
    }

    /// What was found so far, the latest first.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.run.hits
    }

    /// How far it has come.
    #[must_use]
    pub fn walked(&self) -> Walked {
        let left = || self.run.walks.iter().filter(|walk| !walk.reach.is_whole);
        let times = left().map(|walk| walk.reach.from.map(|(_, time)| time));
        // The time that is reached in all of them; none if it is not known of one.
        let since = times.reduce(|one, other| Some(one?.max(other?))).flatten();
        let Run { lines, is_full, .. } = self.run;
        Walked { lines, since, is_whole: left().next().is_none(), is_full }
    }

    /// A conversation is called otherwise from now on.
    pub fn rename(&mut self, from: &Conversation, to: &Conversation) {
        self.kept.rename(from, to);
        let hits = self.run.hits.iter_mut().map(|hit| &mut hit.conversation);
        let walks = self.run.walks.iter_mut().map(|walk| &mut walk.conversation);
        hits.chain(walks).filter(|it| *it == from).for_each(|it| *it = to.clone());
        self.asked.take_if(|asked| asked.want.conversation == *from);
    }

    /// Places mean nothing any more: everything is read anew.
    pub fn forget_places(&mut self) {
        self.kept = Kept::default();
        self.asked = None;
        self.run.begin_again();
    }

    fn change(&mut self, of: &Conversation, arrival: &Arrival, lowercase: Lowercase<'_>) {
        if let Some(change) = Change::of(arrival) {
            self.run.change(of, &change, self.kept.lines(of).0, lowercase);
            self.kept.change(of, change);
        }
    }
}

impl Run {
    /// What is read next: where the latest was not looked at.
    fn next(&self) -> Option<Want> {
        if self.is_full || self.query.is_empty() {
            return None;
        }
        let left = self.walks.iter().filter(|walk| !walk.reach.is_whole);
        let next = left.min_by_key(|walk| Reverse(walk.reach.before().unwrap_or(Sequence::MAX)))?;
        Some(Want { conversation: next.conversation.clone(), before: next.reach.before() })
    }

    fn begin_again(&mut self) {
        self.walks.iter_mut().for_each(|walk| walk.reach = Reach::default());
        self.hits.clear();
        self.lines = 0;
        self.is_full = false;
    }

    /// Looks at a page, if it goes on where one of the walks is.
    fn take_page(
        &mut self,
        of: &Conversation,
        before: Option<Sequence>,
        (lines, reach): (&[Line], Reach),
        lowercase: Lowercase<'_>,
    ) {
        let is_it = |walk: &&mut Walk| {
            walk.conversation == *of && !walk.reach.is_whole && walk.reach.before() == before
        };
        if let Some(walk) = self.walks.iter_mut().find(is_it) {
            walk.reach = reach;
            self.look_through(of, lines, lowercase);
        }
    }

    fn look_through(&mut self, of: &Conversation, lines: &[Line], lowercase: Lowercase<'_>) {
        self.lines += lines.len();
        lines.iter().for_each(|line| self.look_at(of, line, lowercase));
    }

    fn look_at(&mut self, of: &Conversation, line: &Line, lowercase: Lowercase<'_>) {
        let Some(places) = self.query.find(&line.text, lowercase) else { return };
        let at = self.hits.partition_point(|hit| hit.line.sequence > line.sequence);
        self.hits.insert(at, Hit { conversation: of.clone(), line: line.clone(), places });
        self.hits.truncate(SEARCH_HITS_MAX);
        self.is_full |= self.hits.len() == SEARCH_HITS_MAX;
    }

    /// Folds what arrived: a line, or what changes one of those that are kept, or a hit.
    fn change(
        &mut self,
        of: &Conversation,
        change: &Change<'_>,
        kept: &[Line],
        lowercase: Lowercase<'_>,
    ) {
        let is_it = |walk: &Walk| walk.conversation == *of && walk.reach.holds(change);
        if !self.walks.iter().any(is_it) {
            return;
        }
        match change {
            Change::Line(line) => {
                if find(kept, line.sequence).is_err() && self.hit(of, line.sequence).is_none() {
                    self.look_through(of, std::slice::from_ref(line), lowercase);
                }
            }
            Change::Edit(sequence, at, text) => {
                let hit = self.hit(of, *sequence).map(|index| self.hits.remove(index).line);
                let kept = || find(kept, *sequence).ok().map(|index| kept[index].clone());
                if let Some(mut line) = hit.or_else(kept) {
                    line.edit(*at, text);
                    self.look_at(of, &line, lowercase);
                }
            }
            Change::TakenBack(sequence) => {
                if let Some(index) = self.hit(of, *sequence) {
                    self.hits.remove(index);
                }
            }
        }
    }

    fn hit(&self, of: &Conversation, sequence: Sequence) -> Option<usize> {
        let is_it = |hit: &Hit| hit.line.sequence == sequence && hit.conversation == *of;
        self.hits.iter().position(is_it)
    }
}

#[cfg(test)]
mod tests;
