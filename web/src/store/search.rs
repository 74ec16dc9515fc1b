//! Finding messages: what is looked for, where, and what the session is to fetch for it.

use netchat_client::search::{Search, Want};
use netchat_client::session::{Arrival, Content, StoredAt};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{HistoryFrom, Receipts};
use netchat_shared::kind::MessageKind;

use super::{SearchIntent, Store, Thing};

/// What is looked for, and where.
#[derive(Debug)]
pub struct Searching {
    /// What was found, and how far it has come.
    pub search: Search,
    /// What is looked for.
    pub text: String,
    /// The one conversation that is looked through; all of them if there is none.
    pub within: Option<Conversation>,
    /// The person wants no more of it.
    pub is_stopped: bool,
    /// The page that was asked for.
    asked: Option<Want>,
    lowercase: fn(&str) -> String,
}

impl Searching {
    pub(super) fn new(lowercase: fn(&str) -> String) -> Self {
        let (search, text, within) = (Search::default(), String::new(), None);
        Self { search, text, within, is_stopped: false, asked: None, lowercase }
    }

    pub(super) fn lowercase(&self) -> fn(&str) -> String {
        self.lowercase
    }

    /// Something is looked for.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        !self.text.trim().is_empty()
    }

    fn stop(&mut self) {
        self.search.stop();
        self.is_stopped = true;
    }

    fn go_on(&mut self) {
        self.search.go_on();
        self.is_stopped = false;
    }

    pub(super) fn rename(&mut self, from: &Conversation, to: &Conversation) {
        self.search.rename(from, to);
        self.asked.take_if(|asked| asked.conversation == *from);
        self.within.iter_mut().filter(|within| *within == from).for_each(|it| *it = to.clone());
    }

    pub(super) fn forget_places(&mut self) {
        self.search.forget_places();
        self.asked = None;
    }
}

impl Store {
    /// What the person wants found.
    pub fn search(&mut self, intent: SearchIntent) {
        match intent {
            SearchIntent::LookFor(text, within) => self.look_for(text, within),
            SearchIntent::Stop => self.searching.stop(),
            SearchIntent::GoOn => self.searching.go_on(),
        }
        self.touched.thing(Thing::Search);
    }

    /// Looks for all words of a text, in one conversation or in all that are listed.
    fn look_for(&mut self, text: String, within: Option<Conversation>) {
        let of = within.clone().map_or_else(|| self.listed(), |within| vec![within]);
        let Searching { search, lowercase, .. } = &mut self.searching;
        search.start(&text, of, &*lowercase);
        (self.searching.text, self.searching.within) = (text, within);
        self.searching.is_stopped = false;
    }

    /// What is to be asked of the server now.
    pub fn page_to_search(&mut self) -> Option<Want> {
        let want = self.searching.search.want()?;
        self.searching.asked = Some(want.clone());
        Some(want)
    }

    /// What was to be asked can't be now: it is wanted again.
    pub fn put_search_back(&mut self) {
        self.searching.asked = None;
        self.searching.search.put_back();
    }

    /// A page came; whether it was for the search alone: then it is no line of what is read.
    pub(super) fn search_page(
        &mut self,
        conversation: &Conversation,
        from: HistoryFrom,
        page: &[Arrival],
        has_more: bool,
    ) -> bool {
        let Searching { search, asked, lowercase, .. } = &mut self.searching;
        let is_it = |want: &mut Want| {
            want.conversation == *conversation && HistoryFrom::Before(want.before) == from
        };
        let Some(want) = asked.take_if(is_it) else { return false };
        search.take_page(&want, page, has_more, &*lowercase);
        self.touched.thing(Thing::Search);
        let thread = self.threads.get(conversation);
        thread.is_none_or(|thread| thread.asked != Some(from))
    }

    /// Something arrived that may be looked for.
    pub(super) fn search_arrival(&mut self, arrival: &Arrival) {
        let Searching { search, lowercase, .. } = &mut self.searching;
        search.take_arrival(arrival, &*lowercase);
        if self.searching.is_looking() {
            self.touched.thing(Thing::Search);
        }
    }

    /// Something of one's own was stored: nobody else tells of it.
    pub(super) fn search_own(
        &mut self,
        stored: StoredAt,
        conversation: Conversation,
        kind: MessageKind,
        content: Content,
    ) {
        self.search_arrival(&Arrival {
            conversation: Some(conversation),
            sender: self.me.clone(),
            kind,
            content,
            stored: Some(stored),
            receipts: Receipts::default(),
        });
    }
}
