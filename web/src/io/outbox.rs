//! What is sent and not stored yet, kept in the browser (IndexedDB) by account, so that it goes out
//! whatever ends: the tab, the browser, the session. Whoever opens the page next takes it over; a message is
//! one message, whoever sends it again.
//!
//! Writes are queued and done one transaction at a time; a transaction waits for nothing but its own
//! requests.

use std::collections::VecDeque;
use std::rc::Rc;

use idb::{
    Database, DatabaseEvent as _, Error, Factory, KeyRange, ObjectStoreParams, Query,
    TransactionMode, TransactionResult,
};
use leptos::task::spawn_local;
use netchat_client::session::Outgoing;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sorted::SortedMap;
use wasm_bindgen::JsValue;

use super::{Shared, drain, tell};
use crate::clock::now;
use crate::words::notice;

const DATABASE: &str = "netchat";
const VERSION: u32 = 1;
const OUTBOX: &str = "outbox";

/// What is kept, and what is still to be written.
#[derive(Default)]
pub(super) struct Outbox {
    database: Option<Rc<Database>>,
    /// The browser keeps nothing: that was said.
    has_failed: bool,
    writes: VecDeque<Write>,
    is_writing: bool,
    /// Where each message stands: they are in the order of these keys.
    keys: SortedMap<MessageId, String>,
    last_key: u64,
}

enum Write {
    Put { key: String, line: String },
    Delete { key: String },
}

impl Outbox {
    /// Whether what waits is kept here, and need not be elsewhere.
    pub(super) fn keeps(&self) -> bool {
        self.database.is_some() && !self.has_failed
    }

    /// A message waits: it is kept.
    pub(super) fn put(&mut self, person: &UserName, outgoing: &Outgoing) {
        if self.keys.contains_key(&outgoing.id) {
            return;
        }
        self.last_key = (self.last_key + 1).max(now().calendar.millis * 1_000);
        let key = format!("{}{:020}", prefix(person), self.last_key);
        self.keys.insert(outgoing.id, key.clone());
        self.writes.push_back(Write::Put { key, line: outgoing.to_text() });
    }

    /// A message waits no more.
    pub(super) fn settle(&mut self, id: MessageId) {
        if let Some(key) = self.keys.remove(&id) {
            self.writes.push_back(Write::Delete { key });
        }
    }

    /// The person has signed out: what waited is dropped, as they were asked. What waits of those who were
    /// here before, and have not signed out, stays.
    pub(super) fn forget(&mut self, person: &UserName) {
        let prefix = prefix(person);
        let keys = std::mem::take(&mut self.keys).into_iter();
        let (own, others): (Vec<_>, Vec<_>) = keys.partition(|(_, key)| key.starts_with(&prefix));
        self.keys = others.into_iter().collect();
        self.writes.extend(own.into_iter().map(|(_, key)| Write::Delete { key }));
    }
}

/// Names hold no `#`: nobody's keys begin with another's.
fn prefix(person: &UserName) -> String {
    format!("{person}#")
}

/// Opens the database, and takes over what waits there.
pub(super) fn open(client: &Shared) {
    let this = client.clone();
    spawn_local(async move {
        match open_database().await {
            Ok(database) => {
                this.borrow_mut().outbox.database = Some(Rc::new(database));
                // What began to wait before, and what an earlier version kept elsewhere.
                this.borrow_mut().keep_waiting();
                take_over(&this);
            }
            Err(_) => fail(&this),
        }
        write(&this);
    });
}

/// What waits of this person, from other tabs and from before, goes out from here.
pub(super) fn take_over(client: &Shared) {
    let (database, person) = {
        let client = client.borrow();
        (client.outbox.database.clone(), client.person.clone())
    };
    let (Some(database), Some(person)) = (database, person) else { return };
    let this = client.clone();
    spawn_local(async move {
        let kept = load(&database, &person).await.unwrap_or_default();
        if this.borrow().person.as_ref() == Some(&person) {
            this.borrow_mut().adopt(kept);
            drain(&this);
            tell(&this);
        }
    });
}

/// Writes what is to be written, unless that is under way.
pub(super) fn write(client: &Shared) {
    let (database, writes) = {
        let outbox = &mut client.borrow_mut().outbox;
        let Some(database) = outbox.database.clone().filter(|_| !outbox.is_writing) else { return };
        if outbox.writes.is_empty() {
            return;
        }
        outbox.is_writing = true;
        (database, std::mem::take(&mut outbox.writes))
    };
    let this = client.clone();
    spawn_local(async move {
        let written = commit(&database, writes).await;
        this.borrow_mut().outbox.is_writing = false;
        match written {
            Ok(TransactionResult::Committed) => write(&this),
            Ok(TransactionResult::Aborted) | Err(_) => fail(&this),
        }
    });
}

/// Nothing can be kept (a private window, a full disk): what waits is kept with the tab.
fn fail(client: &Shared) {
    if std::mem::replace(&mut client.borrow_mut().outbox.has_failed, true) {
        return;
    }
    let live = client.borrow().live;
    live.change(|store| store.say_word(notice::NOTHING_KEPT));
    client.borrow_mut().keep();
    tell(client);
}

async fn open_database() -> Result<Database, Error> {
    let mut request = Factory::new()?.open(DATABASE, Some(VERSION))?;
    request.on_upgrade_needed(|event| {
        if let Ok(database) = event.database() {
            // It is made once, with the database itself.
            let _ = database.create_object_store(OUTBOX, ObjectStoreParams::new());
        }
    });
    let mut database = request.await?;
    // A newer version of the page, in another tab, is not kept waiting.
    database.on_version_change(|event| {
        if let Some(database) = event.target() {
            Database::from(wasm_bindgen::JsCast::unchecked_into::<web_sys::IdbDatabase>(database))
                .close();
        }
    });
    Ok(database)
}

async fn load(database: &Database, person: &UserName) -> Result<Vec<(String, Outgoing)>, Error> {
    let transaction = database.transaction(&[OUTBOX], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(OUTBOX)?;
    let (from, to) = (prefix(person), format!("{person}$"));
    let range = || -> Result<Query, Error> {
        Ok(KeyRange::bound(&from.as_str().into(), &to.as_str().into(), None, Some(true))?.into())
    };
    let keys = store.get_all_keys(Some(range()?), None)?.await?;
    let lines = store.get_all(Some(range()?), None)?.await?;
    let text = |value: &JsValue| value.as_string();
    let kept = keys
        .iter()
        .zip(&lines)
        .filter_map(|(key, line)| Some((text(key)?, Outgoing::from_text(&text(line)?)?)));
    Ok(kept.collect())
}

async fn commit(database: &Database, writes: VecDeque<Write>) -> Result<TransactionResult, Error> {
    let transaction = database.transaction(&[OUTBOX], TransactionMode::ReadWrite)?;
    let store = transaction.object_store(OUTBOX)?;
    for write in writes {
        // What counts is that the transaction is complete.
        match write {
            Write::Put { key, line } => drop(store.put(&line.into(), Some(&key.into()))?),
            Write::Delete { key } => drop(store.delete(JsValue::from(key))?),
        }
    }
    transaction.commit()?.await
}

impl super::Client {
    /// Everything that waits in the session is kept.
    pub(super) fn keep_waiting(&mut self) {
        if let Some(saved) = self.session.saved() {
            saved.waiting().iter().for_each(|outgoing| self.outbox.put(saved.name(), outgoing));
        }
    }

    fn adopt(&mut self, kept: Vec<(String, Outgoing)>) {
        let now = now();
        for (key, outgoing) in &kept {
            self.outbox.keys.insert(outgoing.id, key.clone());
            self.live.change(|store| store.add_waiting(now.calendar, outgoing));
        }
        let waiting = kept.into_iter().map(|(_, outgoing)| outgoing).collect();
        self.session.adopt(now.monotonic, waiting);
    }
}
