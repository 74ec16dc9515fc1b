//! The thread: what comes out of it, and when.

use netchat_process::Clock;
use tokio::sync::mpsc::unbounded_channel;

use super::super::Store as _;
use super::super::{Request, Storage};
use super::*;

#[test]
fn entries_come_before_the_answers_and_everything_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut responses) = unbounded_channel();
    let path = folder.path().join("netchat.db");
    let (storage, snapshot) =
        Storage::start(Database::open(&path).unwrap(), Clock::start(), sender).unwrap();
    assert_eq!(snapshot.head, Sequence::ZERO);
    let requests = 700;
    for at in 0..requests {
        let write = Write::Append(vec![user(&format!("user {at}"), false)]);
        storage.request(Request::Write(Ticket(2 * at), write)).unwrap();
        let query = Query::Backlog(ALICE, Sequence(0));
        storage.request(Request::Load(Ticket(2 * at + 1), query)).unwrap();
    }
    let (mut stored, mut loaded, mut head) = (Vec::new(), Vec::new(), Sequence::ZERO);
    while stored.len() < requests as usize || loaded.len() < requests as usize {
        let batch = responses.blocking_recv().unwrap();
        for entry in batch.entries {
            assert_eq!(entry.sequence, head.next());
            head = entry.sequence;
        }
        for (ticket, answer) in batch.stored {
            let Stored::Placed(placed) = answer else { panic!("{answer:?}") };
            assert!(matches!(placed[0], Placed::At(place) if place <= head));
            stored.push(ticket.0);
        }
        for (ticket, answer) in batch.loaded {
            assert!(matches!(answer, Loaded::Page { complete_to, .. } if complete_to <= head));
            loaded.push(ticket.0);
        }
    }
    assert!(stored.is_sorted() && loaded.is_sorted());
    drop(storage);
    assert!(responses.blocking_recv().is_none());
    assert_eq!(Database::open(&path).unwrap().snapshot().unwrap().head, Sequence(requests));
}
