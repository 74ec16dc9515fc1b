//! The lines of one conversation that are here, and which of them are shown.
//!
//! Lines are known in runs: within one, none is missing; between two, some may be. What is shown
//! is a window over one run, of at most [`ROWS_MAX`] lines however long the run is, and more only on a
//! screen that they do not fill. Nothing here knows what a line says or where it stands on the screen.

use netchat_shared::sequence::Sequence;

use super::MessageKey;

/// Most lines that are shown at once. A window moves by a third of what it may show.
const ROWS_MAX: usize = 150;
/// The same on the tallest screen.
const ROWS_MAX_TALL: usize = 600;
/// Most lines of one conversation that are kept while others arrive. The earliest make room, and can be
/// asked for again.
const LINES_MAX: usize = 20_000;

/// The lines of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Those that have a place in the log, in its order.
    lines: Vec<Line>,
    /// Those that have none: one's own that wait. They stand last.
    unplaced: Vec<MessageKey>,
    /// In order, and apart from each other.
    runs: Vec<Run>,
}

/// A line and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub sequence: Sequence,
    /// Its name on this page.
    pub key: MessageKey,
}

/// From `from` to `to`, both included, every line is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    from: Sequence,
    to: Sequence,
}

/// The end of the log: a run that reaches it goes on with what arrives.
const END: Sequence = Sequence::MAX;

/// Which lines are shown: the edges are places, so that lines which come in elsewhere move nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first line shown; `None` begins with the run.
    from: Option<Sequence>,
    /// The last line shown; `None` follows the end.
    to: Option<Sequence>,
    /// Most lines that it shows.
    rows_max: usize,
}

/// What became of a window that was to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It shows other lines now.
    Yes,
    /// There is nothing beyond.
    No,
    /// There may be lines before this place, which are not here.
    MissingBefore(Sequence),
    /// There may be lines behind this place, which are not here.
    MissingAfter(Sequence),
}

impl Timeline {
    /// Puts a line where it belongs. The one that is there already, if there is one.
    pub fn insert(&mut self, sequence: Sequence, key: MessageKey) -> Option<MessageKey> {
        let at = self.position(sequence);
        match self.lines.get(at) {
            Some(line) if line.sequence == sequence => Some(line.key),
            Some(_) | None => {
                self.lines.insert(at, Line { sequence, key });
                None
            }
        }
    }

    /// A line came by itself: from there on, everything does.
    pub fn follows_from(&mut self, sequence: Sequence) {
        self.know(sequence, END);
    }

    /// From one place to the other, both included, every line is here.
    pub fn know(&mut self, from: Sequence, to: Sequence) {
        if from > to {
            return;
        }
        let mut run = Run { from, to };
        self.runs.retain(|other| {
            let touches = other.from <= run.to.next() && run.from <= other.to.next();
            if touches {
                run = Run { from: run.from.min(other.from), to: run.to.max(other.to) };
            }
            !touches
        });
        let at = self.runs.partition_point(|other| other.from < run.from);
        self.runs.insert(at, run);
    }

    /// A line whose place is not told: it stands behind those that have one.
    pub fn push(&mut self, key: MessageKey) {
        let place = self.last_sequence().unwrap_or_default().next();
        self.insert(place, key);
        self.follows_from(place);
    }

    /// A line without a place, at the end.
    pub fn push_unplaced(&mut self, key: MessageKey) {
        self.unplaced.push(key);
    }

    /// A line that had no place has one now.
    pub fn place(&mut self, key: MessageKey, sequence: Sequence) {
        self.unplaced.retain(|other| *other != key);
        if self.insert(sequence, key).is_none() {
            self.follows_from(sequence);
        }
    }

    /// A line that had no place stands behind the others, where its place is never told.
    pub fn settle(&mut self, key: MessageKey) {
        if self.unplaced.contains(&key) {
            self.remove_unplaced(key);
            self.push(key);
        }
    }

    /// Takes a line that has no place away.
    pub fn remove_unplaced(&mut self, key: MessageKey) {
        self.unplaced.retain(|other| *other != key);
    }

    /// The line of that place.
    #[must_use]
    pub fn find(&self, sequence: Sequence) -> Option<MessageKey> {
        let line = self.lines.get(self.position(sequence))?;
        (line.sequence == sequence).then_some(line.key)
    }

    /// All lines that have a place, in order. Some may be missing between them.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines behind that place.
    #[must_use]
    pub fn lines_after(&self, sequence: Sequence) -> &[Line] {
        &self.lines[self.position(sequence.next())..]
    }

    /// Those without a place, in order.
    #[must_use]
    pub fn unplaced(&self) -> &[MessageKey] {
        &self.unplaced
    }

    /// The last line.
    #[must_use]
    pub fn last(&self) -> Option<MessageKey> {
        self.unplaced.last().copied().or_else(|| self.lines.last().map(|line| line.key))
    }

    /// The place of the last line that has one.
    #[must_use]
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.lines.last().map(|line| line.sequence)
    }

    /// Whether there is nothing before that place, or everything before it is here.
    #[must_use]
    pub fn is_known(&self, from: Sequence) -> bool {
        self.run(from).is_some_and(|run| run.to == END)
    }

    /// Places mean nothing any more: lines that have one are forgotten, and answered.
    pub fn forget_places(&mut self) -> Vec<MessageKey> {
        self.runs.clear();
        self.lines.drain(..).map(|line| line.key).collect()
    }

    /// Forgets some of the earliest lines if there are too many, but none of a window; answers which.
    pub fn make_room(&mut self, shown: Option<Window>) -> Vec<MessageKey> {
        if self.lines.len() <= LINES_MAX {
            return Vec::new();
        }
        let kept = shown.map_or(self.lines.len(), |window| self.span(window).0);
        let count = kept.min(LINES_MAX / 10);
        let forgotten: Vec<_> = self.lines.drain(..count).map(|line| line.key).collect();
        if let Some(first) = self.lines.first().map(|line| line.sequence) {
            self.runs.retain(|run| run.to >= first);
            if let Some(run) = self.runs.first_mut() {
                run.from = run.from.max(first);
            }
        }
        forgotten
    }

    /// The lines that a window shows, in order.
    #[must_use]
    pub fn shown(&self, window: Window) -> Vec<MessageKey> {
        let (from, to) = self.span(window);
        let lines = self.lines[from..to].iter().map(|line| line.key);
        let unplaced = &self.unplaced[self.unplaced.len().saturating_sub(window.rows_max)..];
        match window.to {
            None => lines.chain(unplaced.iter().copied()).collect(),
            Some(_) => lines.collect(),
        }
    }

    /// The line before the first that a window shows, if it is here and none is missing between.
    #[must_use]
    pub fn before(&self, window: Window) -> Option<MessageKey> {
        let (from, _) = self.span(window);
        let at = from.checked_sub(1).filter(|at| *at >= self.bounds(self.run_of(window)).0)?;
        Some(self.lines[at].key)
    }

    fn position(&self, sequence: Sequence) -> usize {
        self.lines.partition_point(|line| line.sequence < sequence)
    }

    fn run(&self, around: Sequence) -> Option<Run> {
        self.runs.iter().find(|run| run.from <= around && around <= run.to).copied()
    }

    /// The run that a window is over: what follows the end, if nothing else is known.
    fn run_of(&self, window: Window) -> Run {
        let around = window.to.unwrap_or(END);
        self.run(around).unwrap_or(Run { from: END, to: END })
    }

    /// The indexes of a run's lines.
    fn bounds(&self, run: Run) -> (usize, usize) {
        (self.position(run.from), self.position(run.to.next()))
    }

    /// The indexes of the lines that a window shows.
    fn span(&self, window: Window) -> (usize, usize) {
        let (first, last) = self.bounds(self.run_of(window));
        let from = window.from.map_or(first, |from| self.position(from)).clamp(first, last);
        let to = window.to.map_or(last, |to| self.position(to.next())).clamp(from, last);
        (from, to)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self { from: None, to: None, rows_max: ROWS_MAX }
    }
}

impl Window {
    /// At the end of a conversation, and following it.
    #[must_use]
    pub fn at_end(timeline: &Timeline) -> Self {
        let mut window = Self::default();
        window.fit(timeline, true);
        window
    }

    /// Around a place: some lines before it, the rest behind.
    #[must_use]
    pub fn around(timeline: &Timeline, sequence: Sequence) -> Self {
        let Some(run) = timeline.run(sequence) else { return Self::at_end(timeline) };
        let (first, last) = timeline.bounds(run);
        let mut window = Self { to: Some(sequence), ..Self::default() };
        let from = timeline.position(sequence).saturating_sub(window.step()).max(first);
        window.set(timeline, from, (from + window.rows_max).min(last));
        window
    }

    /// Whether so many rows are as many as it shows.
    #[must_use]
    pub fn is_full(self, rows: usize) -> bool {
        rows >= self.rows_max
    }

    /// Shows twice as many lines from now on, unless those are too many.
    pub fn widen(&mut self) {
        self.rows_max = ROWS_MAX_TALL.min(self.rows_max * 2);
    }

    fn step(self) -> usize {
        self.rows_max / 3
    }

    /// Whether what arrives is shown.
    #[must_use]
    pub fn is_at_end(self) -> bool {
        self.to.is_none()
    }

    /// At the end, more lines came behind a place than are shown further at once: only the last of them are shown
    /// now, and nobody could have read the others. False if there are not so many.
    pub fn hurry(&mut self, timeline: &Timeline, drawn: Sequence) -> bool {
        let (from, to) = timeline.span(*self);
        let begin = to.saturating_sub(self.step());
        let hurries = self.is_at_end() && begin > from.max(timeline.position(drawn.next()));
        if hurries {
            self.from = Some(timeline.lines[begin].sequence);
        }
        hurries
    }

    /// Keeps the window within its bound after lines came in: at the end if the reader is there, else
    /// where it begins.
    pub fn fit(&mut self, timeline: &Timeline, follows: bool) {
        let (from, to) = timeline.span(*self);
        if to - from <= self.rows_max {
            return;
        }
        if follows && self.is_at_end() {
            self.from = Some(timeline.lines[to - self.rows_max].sequence);
        } else {
            self.set(timeline, from, from + self.rows_max);
        }
    }

    /// Shows earlier lines, and fewer of the last if there would be too many; but who is at the end keeps it.
    pub fn earlier(&mut self, timeline: &Timeline, keeps_end: bool) -> Moved {
        let run = timeline.run_of(*self);
        let (first, _) = timeline.bounds(run);
        let (from, to) = timeline.span(*self);
        if keeps_end && to - from >= self.rows_max {
            return Moved::No;
        }
        if from == first {
            return match run.from {
                Sequence::ZERO => Moved::No,
                place => Moved::MissingBefore(place),
            };
        }
        let earliest = if keeps_end { to.saturating_sub(self.rows_max) } else { 0 };
        let from = from.saturating_sub(self.step()).max(first).max(earliest);
        self.set(timeline, from, to.min(from + self.rows_max));
        Moved::Yes
    }

    /// Shows later lines, and fewer of the first if there would be too many.
    pub fn later(&mut self, timeline: &Timeline) -> Moved {
        if self.is_at_end() {
            return Moved::No;
        }
        let run = timeline.run_of(*self);
        let (_, last) = timeline.bounds(run);
        let (from, to) = timeline.span(*self);
        if to == last && run.to == END {
            self.to = None;
            return Moved::Yes;
        }
        if to == last {
            return Moved::MissingAfter(run.to);
        }
        let to = (to + self.step()).min(last);
        self.set(timeline, from.max(to.saturating_sub(self.rows_max)), to);
        Moved::Yes
    }

    /// Shows these lines. A window that ends with a run that goes on by itself stays open.
    fn set(&mut self, timeline: &Timeline, from: usize, to: usize) {
        let run = timeline.run_of(*self);
        let ends = to == timeline.bounds(run).1 && run.to == END;
        let places: Vec<_> = timeline.lines[from..to].iter().map(|line| line.sequence).collect();
        self.from = places.first().copied();
        self.to = places.last().copied().filter(|_| !ends);
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn timeline(places: impl IntoIterator<Item = u64>) -> Timeline {
        let mut timeline = Timeline::default();
        for place in places {
            timeline.insert(Sequence(place), MessageKey(place));
        }
        timeline
    }

    /// What is shown, as the first and the last, and how many.
    fn sketch(timeline: &Timeline, window: Window) -> (u64, u64, usize) {
        let shown = timeline.shown(window);
        let edge = |key: Option<&MessageKey>| key.map_or(0, |key| key.0);
        (edge(shown.first()), edge(shown.last()), shown.len())
    }

    #[test]
    fn a_long_conversation_is_shown_by_its_end() {
        let mut timeline = timeline(1..=1_000);
        timeline.know(Sequence(1), END);
        let mut window = Window::at_end(&timeline);
        assert_eq!(sketch(&timeline, window), (851, 1_000, 150));
        for place in 1_001..=1_200 {
            timeline.insert(Sequence(place), MessageKey(place));
            timeline.follows_from(Sequence(place));
            window.fit(&timeline, true);
        }
        assert_eq!(sketch(&timeline, window), (1_051, 1_200, 150));
        timeline.push_unplaced(MessageKey(9_999));
        assert_eq!(sketch(&timeline, window), (1_051, 9_999, 151));
        timeline.place(MessageKey(9_999), Sequence(1_201));
        assert_eq!(timeline.shown(window).last(), Some(&MessageKey(9_999)));
    }

    #[test]
    fn nothing_that_arrives_moves_who_reads_earlier_lines() {
        let mut timeline = timeline(1..=1_000);
        timeline.know(Sequence::ZERO, END);
        let mut window = Window::at_end(&timeline);
        while window.earlier(&timeline, false) == Moved::Yes {}
        assert_eq!(sketch(&timeline, window), (1, 150, 150));
        assert_eq!(window.earlier(&timeline, false), Moved::No, "it is the beginning");
        let before = timeline.shown(window);
        for place in 1_001..=1_500 {
            timeline.insert(Sequence(place), MessageKey(place));
            window.fit(&timeline, false);
        }
        assert_eq!(timeline.shown(window), before);
        while window.later(&timeline) == Moved::Yes {}
        assert_eq!(sketch(&timeline, window), (1_351, 1_500, 150));
        assert!(window.is_at_end());
    }

    #[test]
    fn who_is_at_the_end_keeps_it_and_a_tall_screen_shows_more() {
        let mut timeline = timeline(1..=1_000);
        timeline.know(Sequence::ZERO, END);
        let mut window = Window::at_end(&timeline);
        assert_eq!(window.earlier(&timeline, true), Moved::No, "no more may be shown");
        assert_eq!(sketch(&timeline, window), (851, 1_000, 150));
        for expected in [(701, 1_000, 300), (401, 1_000, 600), (401, 1_000, 600)] {
            window.widen();
            while window.earlier(&timeline, true) == Moved::Yes {}
            assert_eq!(sketch(&timeline, window), expected);
            assert!(window.is_at_end());
        }
        assert_eq!(window.earlier(&timeline, false), Moved::Yes);
        assert_eq!(sketch(&timeline, window), (201, 800, 600));
    }

    #[test]
    fn who_reads_near_the_end_keeps_the_beginning_when_much_arrives() {
        let mut timeline = timeline(1..=100);
        timeline.know(Sequence::ZERO, END);
        let mut window = Window::at_end(&timeline);
        for place in 101..=400 {
            timeline.insert(Sequence(place), MessageKey(place));
            window.fit(&timeline, false);
        }
        assert_eq!(sketch(&timeline, window), (1, 150, 150));
    }

    #[test]
    fn of_what_comes_too_fast_to_be_read_the_last_is_shown_and_the_rest_afterwards() {
        let mut timeline = timeline(1..=100);
        timeline.know(Sequence::ZERO, END);
        let mut window = Window::at_end(&timeline);
        let arrive = |timeline: &mut Timeline, places: std::ops::RangeInclusive<u64>| {
            for place in places {
                timeline.insert(Sequence(place), MessageKey(place));
            }
        };
        arrive(&mut timeline, 101..=150);
        assert!(!window.hurry(&timeline, Sequence(100)), "as many as a window moves by");
        assert_eq!(sketch(&timeline, window), (1, 150, 150));
        arrive(&mut timeline, 151..=1_000);
        assert!(window.hurry(&timeline, Sequence(150)));
        assert_eq!(sketch(&timeline, window), (951, 1_000, 50));
        assert!(!window.hurry(&timeline, Sequence(1_000)));
        while window.earlier(&timeline, true) == Moved::Yes {}
        assert_eq!(sketch(&timeline, window), (851, 1_000, 150));
    }

    #[test]
    fn what_is_missing_is_asked_for_and_no_window_crosses_a_gap() {
        let mut timeline = timeline((1..=100).chain(501..=600));
        timeline.know(Sequence(40), Sequence(100));
        timeline.know(Sequence(501), END);
        let mut window = Window::at_end(&timeline);
        assert_eq!(sketch(&timeline, window), (501, 600, 100));
        assert_eq!(window.earlier(&timeline, false), Moved::MissingBefore(Sequence(501)));
        let mut other = Window::around(&timeline, Sequence(70));
        assert_eq!(sketch(&timeline, other), (40, 100, 61));
        assert_eq!(other.later(&timeline), Moved::MissingAfter(Sequence(100)));
        assert_eq!(other.earlier(&timeline, false), Moved::MissingBefore(Sequence(40)));
        // The page that closes the gap.
        timeline.insert(Sequence(300), MessageKey(300));
        timeline.know(Sequence(101), Sequence(500));
        window.fit(&timeline, true);
        assert_eq!(sketch(&timeline, window), (52, 600, 150));
        assert_eq!(window.earlier(&timeline, false), Moved::Yes);
        assert_eq!(sketch(&timeline, window), (40, 588, 150));
        while other.later(&timeline) == Moved::Yes {}
        assert!(other.is_at_end());
    }

    #[test]
    fn a_place_is_one_line_however_often_it_comes() {
        let mut timeline = timeline([3, 1, 2]);
        assert_eq!(timeline.insert(Sequence(2), MessageKey(77)), Some(MessageKey(2)));
        let order: Vec<_> = timeline.lines().iter().map(|line| line.sequence.0).collect();
        assert_eq!(order, [1, 2, 3]);
        assert_eq!(timeline.find(Sequence(3)), Some(MessageKey(3)));
        assert_eq!(timeline.find(Sequence(4)), None);
        assert_eq!(timeline.lines_after(Sequence(1)).len(), 2);
    }

    #[test]
    fn the_earliest_make_room_but_none_that_is_read() {
        let mut timeline = timeline(1..=20_001);
        timeline.know(Sequence::ZERO, END);
        let reads = Window::around(&timeline, Sequence(1));
        assert_eq!(timeline.make_room(Some(reads)), []);
        let forgotten = timeline.make_room(Some(Window::at_end(&timeline)));
        assert_eq!((forgotten.len(), forgotten[0]), (2_000, MessageKey(1)));
        let mut window = Window::around(&timeline, Sequence(2_001));
        assert_eq!(window.earlier(&timeline, false), Moved::MissingBefore(Sequence(2_001)));
    }
}
