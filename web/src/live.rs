//! The store as the page lives on it: plain data, and a signal for each thing that is shown.
//!
//! Nothing of the data is in a signal: whatever is drawn reads it, and looks again when its own thing
//! has changed. So an event costs what it changes, however much is here.

use std::collections::HashMap;
use std::hash::Hash;

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;

use crate::store::{Message, MessageKey, Store, Thing};
use crate::{clock, device};

/// The store and its signals.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    store: StoredValue<Store, LocalStorage>,
    things: StoredValue<Vec<RwSignal<()>>>,
    rows: Watched<MessageKey>,
    details: Watched<MessageKey>,
    entries: Watched<Conversation>,
}

/// A signal for each of those that are drawn at present.
type Watched<K> = StoredValue<HashMap<K, RwSignal<()>>>;

impl Live {
    /// A page on which nobody is signed in.
    #[must_use]
    pub fn new() -> Self {
        Self {
            store: StoredValue::new_local(Store::new(clock::day_of, device::lowercase)),
            things: StoredValue::new(Thing::ALL.iter().map(|_| RwSignal::new(())).collect()),
            rows: StoredValue::new(HashMap::new()),
            details: StoredValue::new(HashMap::new()),
            entries: StoredValue::new(HashMap::new()),
        }
    }

    /// Reads what is there now.
    pub fn read<T>(self, read: impl FnOnce(&Store) -> T) -> T {
        self.store.with_value(read)
    }

    /// Changes it. Nothing is drawn before [`Self::tell`].
    pub fn change<T>(self, change: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store.write_value();
        change(&mut store)
    }

    /// Whatever has changed is drawn anew.
    pub fn tell(self) {
        let touched = self.change(Store::take_touched);
        self.things.with_value(|things| {
            for (thing, signal) in Thing::ALL.iter().zip(things) {
                if touched.has(*thing) {
                    signal.notify();
                }
            }
        });
        if touched.is_everything() {
            notify(self.rows, None);
            notify(self.details, None);
            notify(self.entries, None);
        } else {
            notify(self.rows, Some(touched.rows()));
            notify(self.details, Some(touched.rows()));
            notify(self.entries, Some(touched.entries()));
        }
    }

    /// Whatever is drawn looks again whenever that thing is touched, also when it is as before.
    pub(crate) fn track(self, thing: Thing) {
        let signal = self.things.with_value(|things| things.get(thing as usize).copied());
        signal.inspect(|signal| signal.track());
    }

    /// The rows of these messages look again, and whatever has changed meanwhile is drawn with them: a row
    /// by itself would be drawn as what it is among others than those that are there.
    pub(crate) fn tell_rows(self, keys: &[MessageKey]) {
        self.tell();
        notify(self.rows, Some(keys));
    }

    /// Something of the store, read again whenever that thing changes, and passed on when it differs.
    pub(crate) fn part<T>(
        self,
        thing: Thing,
        read: impl Fn(&Store) -> T + Send + Sync + 'static,
    ) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        self.boxed_part(thing, Box::new(read))
    }

    /// One memo for each type that is read, and not for each reader.
    fn boxed_part<T>(self, thing: Thing, read: Box<dyn Fn(&Store) -> T + Send + Sync>) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| {
            self.track(thing);
            self.read(&read)
        })
    }

    /// For a row: called while it is drawn, and forgotten with it.
    pub(crate) fn watch_row(self, key: MessageKey) -> RwSignal<()> {
        watch(self.rows, key)
    }

    /// For the details of a message: called while they are drawn, and forgotten with them.
    pub(crate) fn watch_details(self, key: MessageKey) -> RwSignal<()> {
        watch(self.details, key)
    }

    /// For an entry of the list: called while it is drawn, and forgotten with it.
    pub(crate) fn watch_entry(self, conversation: Conversation) -> RwSignal<()> {
        watch(self.entries, conversation)
    }

    /// Something of a message, read again when its row changes.
    pub(crate) fn of_message<T: Default + 'static>(
        self,
        key: MessageKey,
        row: RwSignal<()>,
        read: fn(&Message) -> T,
    ) -> impl Fn() -> T + Copy + Send + Sync + 'static {
        move || {
            row.track();
            self.read(|store| store.message(key).map(read).unwrap_or_default())
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

fn watch<K: Hash + Eq + Clone + Send + Sync + 'static>(
    watched: Watched<K>,
    key: K,
) -> RwSignal<()> {
    let signal = RwSignal::new(());
    watched.update_value(|all| {
        all.insert(key.clone(), signal);
    });
    // It may be drawn anew before the old one is gone: only one's own signal is taken away.
    on_cleanup(move || {
        watched.try_update_value(|all| {
            if all.get(&key) == Some(&signal) {
                all.remove(&key);
            }
        });
    });
    signal
}

/// Those that are drawn look again: all, or these.
fn notify<K: Hash + Eq + Send + Sync + 'static>(watched: Watched<K>, keys: Option<&[K]>) {
    let signals: Vec<_> = watched.with_value(|all| match keys {
        Some(keys) => keys.iter().filter_map(|key| all.get(key).copied()).collect(),
        None => all.values().copied().collect(),
    });
    signals.iter().for_each(|signal| signal.notify());
}
