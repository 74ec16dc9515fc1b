//! Nothing is lost, doubled or out of order: sessions of ours with real sockets, processes and disks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use netchat_client::session::{Content, Event, Progress};
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_tests::classic::ClassicClient;
use netchat_tests::client::Client;
use netchat_tests::process::{PATIENCE, Parts, System};
use netchat_tests::proxy::Proxy;
use netchat_tests::simulation::network::Conditions;
use netchat_tests::terminal::Terminal;
use rusqlite::Connection;
use tokio::time::timeout;

/// The text of a message that arrives; `None` for any other event.
fn text(event: Event) -> Option<String> {
    let Event::Arrived(arrival) = event else { return None };
    match arrival.content {
        Content::Text(text) => Some(text),
        Content::Corrupted | Content::TakenBack | Content::Reaction(_) | Content::Unknown => {
            panic!("a text")
        }
    }
}

/// Who has received something of one's own; `None` for any other event.
fn receipt(event: Event) -> Option<String> {
    let Event::Progress(_, Progress::Received(name)) = event else { return None };
    Some(name.to_string())
}

#[tokio::test]
async fn two_thousand_messages_over_a_bad_network() {
    const EACH: usize = 1_000;
    let system = System::start(&[]).await;
    let proxy = Proxy::bad(system.udp, Conditions::BAD, 1).await;
    let mut alice = Client::sign_in(proxy.address, "alice").await;
    let mut bob = Client::sign_in(proxy.address, "bob").await;
    let started = Instant::now();
    for n in 0..EACH {
        alice.send("bob", &format!("a{n}"));
        bob.send("alice", &format!("b{n}"));
    }
    let (mut at_alice, mut at_bob) = (Vec::new(), Vec::new());
    let exchange = async {
        while at_alice.len() < EACH
            || at_bob.len() < EACH
            || !alice.is_settled()
            || !bob.is_settled()
        {
            tokio::select! {
                event = alice.event() => at_alice.extend(text(event)),
                event = bob.event() => at_bob.extend(text(event)),
            }
        }
    };
    timeout(Duration::from_secs(60), exchange).await.expect("within 60 s");
    println!("2,000 messages at 30 % loss: {:?}", started.elapsed());
    let expected = |sender: char| (0..EACH).map(|n| format!("{sender}{n}")).collect::<Vec<_>>();
    assert!(at_bob == expected('a'), "{at_bob:?}");
    assert!(at_alice == expected('b'), "{at_alice:?}");
}

/// What a load of messages has come to.
#[derive(Default)]
struct Ledger {
    texts: BTreeMap<MessageId, String>,
    /// What the server has confirmed, by its place.
    confirmed: BTreeMap<Sequence, String>,
    received: Vec<String>,
}

impl Ledger {
    fn note_sender(&mut self, event: &Event) {
        if let Event::Progress(id, Progress::Stored(stored, _)) = event {
            self.confirmed.insert(stored.sequence, self.texts[id].clone());
        }
    }

    /// Keeps a few messages under way.
    fn send(&mut self, sender: &mut Client) {
        while self.texts.len() < self.confirmed.len() + 20 {
            let text = format!("message {}", self.texts.len());
            self.texts.insert(sender.send("bob", &text), text);
        }
    }

    /// Everything confirmed is on the disk, which is whole.
    fn check_disk(&self, folder: &std::path::Path) {
        let database = Connection::open(folder.join("netchat.db")).unwrap();
        let whole: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let mut rows = database.prepare("SELECT seq FROM message").unwrap();
        let rows = rows.query_map([], |row| row.get::<_, u64>(0)).unwrap();
        let rows: BTreeSet<u64> = rows.map(Result::unwrap).collect();
        for sequence in self.confirmed.keys() {
            assert!(rows.contains(&sequence.0), "{sequence:?} was confirmed and is gone");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_killed_two_hundred_times_loses_nothing_it_confirmed() {
    const KILLS: usize = 200;
    let mut system = Parts::start().await;
    let mut alice = Client::sign_in(system.udp, "alice").await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let mut ledger = Ledger::default();
    for kill in 0..KILLS {
        // Some more are confirmed, and then a little time passes, different each round.
        let enough = ledger.confirmed.len() + 5;
        let mut pause = None;
        let load = async {
            loop {
                ledger.send(&mut alice);
                if pause.is_none() && ledger.confirmed.len() >= enough {
                    let wait = Duration::from_micros(97 * (kill as u64 * 31 % 200));
                    pause = Some(tokio::time::Instant::now() + wait);
                }
                let deadline = pause.unwrap_or_else(|| tokio::time::Instant::now() + PATIENCE);
                tokio::select! {
                    event = alice.event() => ledger.note_sender(&event),
                    event = bob.event() => ledger.received.extend(text(event)),
                    () = tokio::time::sleep_until(deadline) => return,
                }
            }
        };
        timeout(PATIENCE, load).await.unwrap_or_else(|_| panic!("no progress before kill {kill}"));
        system.kill_server().await;
        ledger.check_disk(system.folder.path());
        system.start_server().await;
    }
    let sent = ledger.texts.len();
    let drain = async {
        while ledger.received.len() < sent || !alice.is_settled() {
            tokio::select! {
                event = alice.event() => ledger.note_sender(&event),
                event = bob.event() => ledger.received.extend(text(event)),
            }
        }
    };
    timeout(PATIENCE, drain).await.expect("drained");
    println!("{KILLS} kills, {sent} messages");
    let expected: Vec<_> = (0..sent).map(|n| format!("message {n}")).collect();
    assert!(ledger.received == expected, "once each, and in order");
}

#[tokio::test]
async fn sessions_follow_their_clients_to_other_addresses() {
    let system = System::start(&[]).await;
    let mut alice = Client::sign_in(system.udp, "alice").await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    for n in 0..20 {
        bob.move_address().await;
        // Bob has something to say from his new address; else he would be found by his keep-alive.
        bob.send("alice", "here");
        alice.send("bob", &format!("message {n}"));
        let arrives = async {
            loop {
                tokio::select! {
                    _ = alice.event() => {}
                    event = bob.event() => if let Some(text) = text(event) { return text },
                }
            }
        };
        let arrived = timeout(PATIENCE, arrives).await.expect("it arrives");
        assert_eq!(arrived, format!("message {n}"));
    }
}

#[tokio::test]
async fn a_classic_and_our_client_tell_each_other_the_truth() {
    let system = System::start(&[]).await;
    let mut dan = ClassicClient::sign_in(system.udp, "dan", "d").await;
    let mut alice = Client::sign_in(system.udp, "alice").await;
    alice.send("dan", "hello");
    assert_eq!(alice.until(receipt).await, "dan");
    dan.shows("alice: hello").await;
    dan.chats("alice", "hello yourself").await;
    assert_eq!(alice.until(text).await, "hello yourself");
    // The receipt leaves with the next packet of the session that is driven here.
    let shown = async {
        dan.shows("SERVER: SENT").await;
        dan.shows("SERVER: alice RECEIVED").await;
    };
    tokio::select! {
        () = shown => {}
        _ = alice.until(text) => panic!("nothing more was sent"),
    }
}

#[tokio::test]
async fn two_sessions_of_one_user_both_receive_and_one_receipt_counts() {
    let system = System::start(&[]).await;
    let mut alice = Client::sign_in(system.udp, "alice").await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let mut elsewhere = Client::sign_in(system.udp, "bob").await;
    alice.send("bob", "both of you");
    // The second is not driven yet: it has not received when the receipt comes.
    let (received_by, arrived) = tokio::join!(alice.until(receipt), bob.until(text));
    assert_eq!((received_by.as_str(), arrived.as_str()), ("bob", "both of you"));
    assert_eq!(elsewhere.until(text).await, "both of you");
    // What one of them writes, the other shows too.
    elsewhere.send("alice", "from my other machine");
    let (at_alice, at_bob, _) =
        tokio::join!(alice.until(text), bob.until(text), elsewhere.until(receipt));
    assert_eq!(
        (at_alice.as_str(), at_bob.as_str()),
        ("from my other machine", "from my other machine")
    );
}

#[tokio::test]
async fn groups_survive_a_restart() {
    let mut system = Parts::start().await;
    let address = system.udp.to_string();
    let mut bob = Terminal::signed_in(&address, "bob", &[]).await;
    let mut alice = Terminal::signed_in(&address, "alice", &[]).await;
    alice.types("/newgroup CS: Group: bob").await;
    alice.waits_for("You are now in: CS: Group").await;
    alice.ends().await;
    bob.waits_for(
        "alice invites you to CS: Group: /accept CS: Group, /decline CS: Group or /block alice",
    )
    .await;
    bob.types("/accept CS: Group").await;
    bob.waits_for("You are now in: CS: Group").await;
    system.kill_server().await;
    system.start_server().await;
    let mut dan = ClassicClient::sign_in(system.udp, "bob", "bobspassword").await;
    dan.sends("CHECK_FOR_GROUP#CS: Group").await;
    dan.shows("OLD_GROUP#CS: Group").await;
    let mut alice = Terminal::signed_in(&address, "alice", &[]).await;
    dan.chats_in("CS: Group", "still a member").await;
    alice.waits_for("[CS: Group] bob: still a member").await;
}

/// An invitation, a request to join, who was removed and what a group is called: all of it is there when
/// the server was killed, and whoever was away learns of it.
#[tokio::test]
async fn what_was_decided_about_a_group_survives_a_server_that_is_killed() {
    let mut system = Parts::start().await;
    let address = system.udp.to_string();
    let mut alice = Terminal::signed_in(&address, "alice", &[]).await;
    let mut bob = Terminal::signed_in(&address, "bob", &[]).await;
    ClassicClient::sign_in(system.udp, "eve", "evespassword").await;
    alice.types("/newgroup Lab: bob").await;
    bob.waits_for("alice invites you to Lab: /accept Lab, /decline Lab or /block alice").await;
    bob.types("/accept Lab").await;
    bob.waits_for("You are now in: Lab").await;
    alice.types("/remove Lab: bob").await;
    bob.waits_for("You were removed from Lab by its maker").await;
    alice.types("/policy Lab: asking").await;
    alice.waits_for("Lab: who is invited may join, or asks to. alice decides about it").await;
    bob.types("/group Lab").await;
    bob.waits_for("You can come into Lab by its maker's invitation only.").await;
    alice.types("/rename Lab: Laboratory").await;
    alice.waits_for("The group Lab is called Laboratory now").await;
    alice.types("/invite Laboratory: eve").await;
    alice.waits_for("Invited to Laboratory: eve").await;
    system.kill_server().await;
    system.start_server().await;
    let mut eve = ClassicClient::sign_in(system.udp, "eve", "evespassword").await;
    eve.sends("CHECK_FOR_GROUP#Lab").await;
    eve.shows("NEW_GROUP#Lab").await;
    eve.sends("LEAVE").await;
    eve.shows("SERVER: You are invited to: Laboratory (by alice). Join a group to accept.").await;
    eve.sends("JOIN_GROUP#Laboratory").await;
    eve.shows("Group chat exists").await;
    eve.chats_in("Laboratory", "here I am").await;
    alice.waits_for("eve: here I am").await;
    let mut frank = ClassicClient::sign_in(system.udp, "frank", "frankspassword").await;
    frank.sends("JOIN_GROUP#Laboratory").await;
    frank.shows("SERVER: You asked to join Laboratory: its maker decides.").await;
    let asks =
        "frank asks to join Laboratory: /admit Laboratory: frank or /turnaway Laboratory: frank";
    alice.waits_for(asks).await;
    alice.types("/admit Laboratory: frank").await;
    frank.shows("SERVER: You are now a member of Laboratory.").await;
}
