//! What a message and a page cost, so many messages being stored; and what a purge costs those who
//! write meanwhile.

use std::path::Path;
use std::time::Duration;

use netchat_core::storage::{ConversationId, Purge, Query, Sequence, UserId, Write};
use netchat_shared::extended::HistoryFrom;
use netchat_shared::time::UnixTime;
use rusqlite::{Connection, OpenFlags};

use super::storage::{Database, PAIRS};
use crate::latencies::Latencies;

/// How often each question is asked.
const QUESTIONS: usize = 200;
/// Lines that a client asks for.
const PAGE_LINES: u16 = 50;
/// How long a load beside a purge, or without one, takes.
const LOAD: Duration = Duration::from_secs(5);

pub(crate) fn bench(most: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("bench.db");
    let mut database = Database::open(&path);
    println!("\nmessages stored in SQLite, one to one; pages with the way to the thread and back");
    let mut size = 1_000;
    while size <= most {
        let (new, before) = (size - database.messages, storage_thread_nanos());
        let took = database.store(new).as_secs_f64() * 1e6 / new as f64;
        let cpu = (storage_thread_nanos() - before) as f64 / 1e3 / new as f64;
        println!("  {size:>9}: {took:.2} µs a message since the last size, {cpu:.2} of CPU");
        ask(&mut database);
        size *= 10;
    }
    purge(&mut database, &path);
}

fn ask(database: &mut Database) {
    let middle = Sequence(database.head.0 / 2);
    let limit = PAGE_LINES;
    ask_often(database, "backlog from the middle", |user, _| Query::Backlog(user, middle));
    ask_often(database, "history, its latest page", |user, conversation| {
        Query::History(user, conversation, HistoryFrom::Before(None), limit)
    });
    ask_often(database, "history from the middle", |user, conversation| {
        Query::History(user, conversation, HistoryFrom::Before(Some(middle)), limit)
    });
    ask_often(database, "history on from the middle", |user, conversation| {
        Query::History(user, conversation, HistoryFrom::After(middle), limit)
    });
    let time = UnixTime { millis: database.time.millis / 2 };
    ask_often(database, "history from a time on", |user, conversation| {
        Query::History(user, conversation, HistoryFrom::At(time), limit)
    });
    ask_often(database, "overview, with what is not read", |user, _| Query::Overview(user, None));
}

fn ask_often(
    database: &mut Database,
    what: &str,
    question: impl Fn(UserId, ConversationId) -> Query,
) {
    let (mut latencies, mut lines) = (Latencies::default(), 0);
    for index in 0..QUESTIONS {
        let user = database.somebody(index);
        // Conversations are numbered in the order in which their first messages came.
        let conversation = ConversationId((index % PAIRS) as u32 + 1);
        let (latency, length) = database.ask(question(user, conversation));
        latencies.push(latency);
        lines = lines.max(length);
    }
    println!("             {what}, {lines} messages: {latencies}");
}

fn purge(database: &mut Database, path: &Path) {
    database.receive_all();
    let (alone, messages) = database.store_for(LOAD);
    let alone_p99 = alone.percentile(99);
    println!("  at the full rate, {} messages/s: {alone}", per_second(messages));
    let before = count(path);
    let purge = Purge {
        messages_before: Some(database.time),
        tokens_before: UnixTime::default(),
        guests: Vec::new(),
        known_to: database.head,
    };
    database.receive_all();
    database.request(Write::Purge(purge));
    let (beside, messages) = database.store_for(LOAD);
    let purged = (before + messages).saturating_sub(count(path));
    let ratio = beside.percentile(99).as_secs_f64() / alone_p99.as_secs_f64();
    println!("  beside a purge, {} messages/s: {beside}", per_second(messages));
    println!("  purged {}/s of {before}; p99 {ratio:.2} times", per_second(purged));
}

fn per_second(count: u64) -> u64 {
    count / LOAD.as_secs()
}

/// How many messages the database holds.
fn count(path: &Path) -> u64 {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.query_one("SELECT count(*) FROM message", [], |row| row.get(0)).unwrap()
}

/// What the storage thread has taken of CPU.
fn storage_thread_nanos() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let threads = tasks.filter_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let times = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        (name.trim() == "storage").then(|| times.split(' ').next()?.parse::<u64>().ok()).flatten()
    });
    threads.sum()
}
