//! The whole system in simulation: one seed decides every loss, delay, crash and change of address.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_client::session::GroupOutcome;
use netchat_core::LogEvent;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::GroupAction;
use netchat_shared::extended::{Datagram, SessionId};
use netchat_tests::simulation::host::Faults;
use netchat_tests::simulation::network::Conditions;
use netchat_tests::simulation::seeds;
use netchat_tests::simulation::world::{LineChange, World};
use rand_core::Rng as _;

const SECOND: Duration = Duration::from_secs(1);

/// A world in which everyone is signed in, and storage does nothing wrong.
fn world(seed: u64, conditions: Conditions, names: &[&str]) -> World {
    // On a bad network, one in thousands of first sign-ins takes the server for a classic one.
    let mut world = World::new(seed, Conditions::GOOD, names);
    world.sign_everyone_in();
    world.network.conditions = conditions;
    world
}

/// The same; what storage does wrong, and how much of it, is drawn at random.
fn world_with_faults(seed: u64, conditions: Conditions, names: &[&str]) -> World {
    let mut world = world(seed, conditions, names);
    let faults = Faults::random(&mut world.rng);
    world.set_faults(faults);
    world
}

/// Everything that was sent arrives, and the invariants hold.
fn settle(world: &mut World, limit: Duration) {
    world.run_until(limit, World::is_quiet);
    // Repetitions and receipts that are still on their way.
    world.run_for(5 * SECOND);
    world.check();
}

#[test]
fn signing_in_at_much_loss_or_damage() {
    for (what, conditions) in [
        ("loss", Conditions { loss_percent: 30, ..Conditions::BAD }),
        ("damage", Conditions { loss_percent: 0, damage_percent: 30, ..Conditions::BAD }),
    ] {
        seeds(what, 0..50, |seed| {
            let mut world = World::new(seed, conditions, &["alice"]);
            world.run_until(30 * SECOND, |world| world.people[0].is_signed_in);
        });
    }
}

#[test]
fn a_conversation_on_a_bad_network() {
    seeds("conversations", 0..20, |seed| {
        let mut world = world_with_faults(seed, Conditions::BAD, &["alice", "bob"]);
        for n in 1..=200 {
            let (sender, to) = if world.rng.next_u32().is_multiple_of(2) { (0, 1) } else { (1, 0) };
            let to = world.to(to);
            world.send(sender, &to, &format!("message {n}"));
            world.run_for(Duration::from_millis(50));
        }
        settle(&mut world, 120 * SECOND);
    });
}

#[test]
fn two_people_who_say_much_at_once() {
    seeds("much at once", 0..10, |seed| {
        let mut world = world_with_faults(seed, Conditions::BAD, &["alice", "bob"]);
        let (alice, bob) = (world.to(0), world.to(1));
        for n in 1..=500 {
            world.send(0, &bob, &format!("message {n}"));
            world.send(1, &alice, &format!("answer {n}"));
        }
        settle(&mut world, 120 * SECOND);
    });
}

#[test]
fn messages_to_somebody_who_is_away_wait_for_them() {
    let mut world = world(1, Conditions::BAD, &["alice", "bob"]);
    let bob = world.to(1);
    world.send(0, &bob, "message 1");
    settle(&mut world, 60 * SECOND);
    assert!(world.people[0].online.contains("bob"), "they have a conversation now");
    world.kill_client(1);
    world.run_for(60 * SECOND);
    assert!(!world.people[0].online.contains("bob"), "bob has left the list");
    for n in 2..=1_000 {
        world.send(0, &bob, &format!("message {n}"));
        world.run_for(Duration::from_millis(20));
    }
    world.run_for(60 * SECOND);
    assert_eq!(world.people[0].stored.len(), 1_000, "the sender knows that they are stored");
    assert_eq!(world.people[0].receipts.len(), 1, "of the first");
    world.restart_client(1);
    settle(&mut world, 120 * SECOND);
    let expected: Vec<_> = (1..=1_000).map(|n| format!("message {n}")).collect();
    assert_eq!(world.people[1].received, expected);
    assert_eq!(world.people[0].receipts.len(), 1_000, "and then that they were received");
}

#[test]
fn a_restarted_client_sends_what_waited_and_asks_nothing() {
    let mut world = world(2, Conditions::BAD, &["alice", "bob"]);
    world.network.fail_until(world.now + 20 * SECOND);
    let bob = world.to(1);
    for n in 1..=50 {
        world.send(0, &bob, &format!("message {n}"));
    }
    world.run_for(10 * SECOND);
    world.kill_client(0);
    world.run_for(15 * SECOND);
    world.restart_client(0);
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[0].questions_after_sign_in, 0);
    assert_eq!(world.people[1].received.len(), 50);
}

#[test]
fn every_message_sent_over_three_sessions_with_restarts_between() {
    seeds("three sessions", 0..20, |seed| {
        let mut world = world_with_faults(seed, Conditions::GOOD, &["alice", "bob", "carol"]);
        let bob = world.to(1);
        for n in 1..=20 {
            world.send(0, &bob, &format!("message {n}"));
        }
        // The server has stored some of it and confirmed none.
        let wait = Duration::from_millis(u64::from(world.rng.next_u32() % 80));
        world.run_for(wait);
        for _ in 0..2 {
            world.crash_server(0);
            world.kill_client(0);
            world.run_for(SECOND);
            world.start_server(0);
            world.restart_client(0);
            let wait = Duration::from_millis(300 + u64::from(world.rng.next_u32() % 400));
            world.run_for(wait);
        }
        settle(&mut world, 60 * SECOND);
        assert_eq!(world.log.storage.messages().len(), 20);
        assert_eq!(world.people[1].received.len(), 20);
    });
}

#[test]
fn the_address_changes_every_five_seconds_under_load() {
    let mut world = world(3, Conditions::BAD, &["alice", "bob"]);
    let (alice, bob) = (world.to(0), world.to(1));
    for n in 1..=600 {
        world.send(0, &bob, &format!("message {n}"));
        world.send(1, &alice, &format!("answer {n}"));
        world.run_for(Duration::from_millis(100));
        if n % 50 == 0 {
            world.move_address(0);
            world.move_address(1);
        }
    }
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[1].received.len(), 600);
    assert_eq!(world.people[0].received.len(), 600);
}

#[test]
fn gateways_restart_under_load() {
    let mut world = world(8, Conditions::BAD, &["alice", "bob"]);
    let (alice, bob) = (world.to(0), world.to(1));
    for n in 1..=300 {
        world.send(0, &bob, &format!("message {n}"));
        world.send(1, &alice, &format!("answer {n}"));
        world.run_for(Duration::from_millis(100));
        if n % 30 == 0 {
            world.restart_gateway(n / 30 % 2);
        }
    }
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[1].received.len(), 300);
    assert_eq!(world.people[0].received.len(), 300);
    assert_eq!(world.people[0].questions_after_sign_in, 0, "nothing is typed again");
}

#[test]
fn a_forged_datagram_from_elsewhere_never_moves_a_session() {
    let mut world = world(4, Conditions::GOOD, &["alice", "bob"]);
    let thief = SocketAddr::from(([10, 9, 9, 9], 666));
    let before = world.network.carried;
    // Guessed session ids, and a session's own id seen by whoever was given its port before.
    for _ in 0..10_000 {
        let session = SessionId(world.rng.next_u64());
        let packet = Datagram::Packet { session, number: 1_000, sealed: &[7; 40] }.to_wire();
        world.inject(thief, &packet);
    }
    assert!(world.network.carried - before <= 10_000, "at most one short answer each");
    let bob = world.to(1);
    world.send(0, &bob, "message 1");
    world.run_for(5 * SECOND);
    assert_eq!(world.people[1].received, ["message 1"]);
    let moved = world.hosts[0].log.iter().filter(|event| matches!(event, LogEvent::Moved { .. }));
    assert_eq!(moved.count(), 0);
}

fn to_group(name: &str) -> Conversation {
    Conversation::Group(name.parse().unwrap())
}

/// Whether everyone knows that they are in a group.
fn everyone_is_in(name: &str) -> impl Fn(&World) -> bool {
    move |world| world.people.iter().all(|person| person.groups_joined.contains(name))
}

#[test]
fn a_group_reaches_members_who_were_away() {
    let mut world = world(5, Conditions::BAD, &["alice", "bob", "carol"]);
    world.set_faults(Faults { failing_percent: 0, ..Faults::BAD });
    world.create_group(0, "CS: Group", &["bob", "carol"]);
    let bob = world.to(1);
    world.send(0, &bob, "message 1");
    world.run_until(30 * SECOND, everyone_is_in("CS: Group"));
    world.kill_client(2);
    let group = to_group("CS: Group");
    for n in 2..=50 {
        world.send(0, &group, &format!("message {n}"));
        world.run_for(Duration::from_millis(50));
    }
    world.run_for(50 * SECOND);
    world.restart_client(2);
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[2].received.len(), 49);
}

#[test]
fn clocks_that_jump_change_nothing() {
    const DAY_MS: i64 = 24 * 3_600 * 1_000;
    let mut world = world(7, Conditions::BAD, &["alice", "bob"]);
    let (alice, bob) = (world.to(0), world.to(1));
    for (n, ahead) in (1..).zip([0, -DAY_MS, 3 * DAY_MS, -100 * DAY_MS, 20 * DAY_MS, 0]) {
        world.hosts[0].calendar_ahead_ms = ahead;
        world.send(0, &bob, &format!("message {n}"));
        world.send(1, &alice, &format!("answer {n}"));
        world.run_for(5 * SECOND);
    }
    settle(&mut world, 60 * SECOND);
    // A laptop that slept for an hour, with something half sent.
    world.send(1, &alice, "answer 100");
    world.put_to_sleep(1);
    world.send(0, &bob, "message 100");
    world.run_for(3_600 * SECOND);
    world.wake(1);
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[1].questions_after_sign_in, 0, "nothing is typed again");
}

#[test]
fn failing_writes_delay_messages_and_lose_none() {
    let mut world = world(6, Conditions::GOOD, &["alice", "bob"]);
    world.hosts[0].faults.failing_percent = 50;
    let bob = world.to(1);
    for n in 0..50 {
        world.send(0, &bob, &format!("message x{n}"));
        world.run_for(Duration::from_millis(200));
    }
    world.run_for(20 * SECOND);
    world.hosts[0].faults.failing_percent = 0;
    settle(&mut world, 60 * SECOND);
    assert_eq!(world.people[1].received.len(), 50);
}

/// Groups come into being, and people come and go, while half of it is not stored: whoever asked is
/// told, and asks again. Nobody is a member of what was not stored.
#[test]
fn groups_while_writes_fail() {
    seeds("groups", 0..50, |seed| {
        let mut world = world(seed, Conditions::BAD, &["alice", "bob", "carol"]);
        world.set_faults(Faults { failing_percent: 50, ..Faults::BAD });
        ask_until_done(&mut world, 0, |world| world.create_group(0, "G", &["bob"]));
        for who in [1, 2] {
            ask_until_done(&mut world, who, |world| world.join_group(who, "G"));
        }
        world.run_until(60 * SECOND, everyone_is_in("G"));
        for n in 1..=10 {
            world.send(n % 3, &to_group("G"), &format!("message {n}"));
            world.run_for(Duration::from_millis(200));
        }
        settle(&mut world, 120 * SECOND);
        ask_until_done(&mut world, 1, |world| world.quit_group(1, "G"));
        world.send(0, &to_group("G"), "message 11");
        settle(&mut world, 120 * SECOND);
        assert!(!world.people[1].received.contains(&"message 11".to_owned()), "seed {seed}");
    });
}

/// Nobody is in a group who has not agreed; what is written for one arrives there, whatever it is called
/// by then; and whoever was removed hears nothing more.
#[test]
fn groups_by_consent_over_bad_networks() {
    seeds("consent", 0..30, |seed| {
        let mut world = world(seed, Conditions::BAD, &["alice", "bob", "carol"]);
        world.set_faults(Faults { failing_percent: 0, ..Faults::BAD });
        world.people[2].accepts_invitations = false;
        world.create_group(0, "G", &["bob", "carol"]);
        world.run_until(60 * SECOND, |world| {
            let [_, bob, carol] = &world.people[..] else { unreachable!("three") };
            bob.groups_joined.contains("G") && carol.invitations.contains("G")
        });
        world.send(0, &to_group("G"), "message 1");
        settle(&mut world, 120 * SECOND);
        assert_eq!(world.people[2].received, [""; 0], "seed {seed}");
        // What somebody has written without having heard of the new name.
        world.put_to_sleep(1);
        world.act_on_group(0, "G", GroupAction::Rename("H".parse().unwrap()));
        world.run_until(60 * SECOND, |world| world.people[0].groups_joined.contains("H"));
        world.send(1, &to_group("G"), "message 2");
        world.run_for(Duration::from_secs(seed % 3 * 100));
        world.wake(1);
        world.run_until(120 * SECOND, |world| world.people[1].groups_joined.contains("H"));
        settle(&mut world, 120 * SECOND);
        assert_eq!(world.people[0].received, ["message 2"], "seed {seed}");
        world.act_on_group(0, "H", GroupAction::Remove("bob".parse().unwrap()));
        world.join_group(2, "H");
        world.run_until(60 * SECOND, |world| {
            let [_, bob, carol] = &world.people[..] else { unreachable!("three") };
            bob.groups_joined.is_empty() && carol.groups_joined.contains("H")
        });
        world.send(0, &to_group("H"), "message 3");
        settle(&mut world, 120 * SECOND);
        assert_eq!(world.people[1].received, ["message 1"], "seed {seed}");
        assert_eq!(world.people[2].received, ["message 3"], "seed {seed}");
    });
}

/// Asks for something about a group, and again while it is refused.
fn ask_until_done(world: &mut World, who: usize, ask: impl Fn(&mut World)) {
    loop {
        let before = world.people[who].group_outcomes.len();
        ask(world);
        world.run_until(60 * SECOND, |world| world.people[who].group_outcomes.len() > before);
        let outcomes = &world.people[who].group_outcomes[before..];
        // What was stored and not told for a while is there when it is asked for again.
        let is_done = |outcome: &GroupOutcome| match outcome {
            GroupOutcome::Created(_) | GroupOutcome::Joined | GroupOutcome::Quit => true,
            GroupOutcome::Refused(why) => {
                let why = why.to_string();
                why.contains("exists already") || why.contains("not a member")
            }
            _ => false,
        };
        if outcomes.iter().any(|(_, outcome)| is_done(outcome)) {
            return;
        }
    }
}

/// Somebody puts a backup in place of the database. Who was online before goes on as if nothing had
/// happened: what was written since the backup is gone, what is written from now on arrives, once.
#[test]
fn a_restored_backup_is_another_log() {
    seeds("backups", 0..10, |seed| {
        let mut world = world_with_faults(seed, Conditions::BAD, &["alice", "bob", "carol"]);
        let (alice, bob) = (world.to(0), world.to(1));
        let mut number = 0;
        let mut talk = |world: &mut World, messages: usize| {
            for _ in 0..messages {
                number += 1;
                world.send(0, &bob, &format!("message {number}"));
                world.send(1, &alice, &format!("answer {number}"));
                world.run_for(Duration::from_millis(20));
            }
            settle(world, 120 * SECOND);
        };
        talk(&mut world, 20);
        let backup = world.log.storage.clone();
        talk(&mut world, 300);
        // Who is away for the change comes back with a place in the log that is no more.
        world.kill_client(2);
        world.crash_server(0);
        world.restore(backup);
        world.start_server(0);
        world.restart_client(2);
        talk(&mut world, 20);
        let carol = world.to(2);
        world.send(0, &carol, "message x");
        settle(&mut world, 60 * SECOND);
        assert_eq!(world.people[0].received.len(), 340, "seed {seed}");
        assert_eq!(world.people[1].received.len(), 340, "seed {seed}");
        assert_eq!(world.people[2].received, ["message x"], "seed {seed}");
        let asked: usize = world.people.iter().map(|person| person.questions_after_sign_in).sum();
        assert_eq!(asked, 0, "seed {seed}: nothing is typed again");
    });
}

/// The clock was behind by more than a message is kept, and is right again, or the other way: what
/// somebody has still to receive is there when they come back.
#[test]
fn a_clock_that_was_wrong_forgets_nothing_unread() {
    const DAY_MS: i64 = 24 * 3_600 * 1_000;
    for (before, after) in [(-400 * DAY_MS, 0), (0, 400 * DAY_MS), (400 * DAY_MS, 0)] {
        let mut world = world(9, Conditions::GOOD, &["alice", "bob"]);
        world.hosts[0].calendar_ahead_ms = before;
        world.kill_client(1);
        let bob = world.to(1);
        world.send(0, &bob, "message 1");
        world.run_for(5 * SECOND);
        world.hosts[0].calendar_ahead_ms = after;
        world.send(0, &bob, "message 2");
        world.run_for(1_900 * SECOND);
        world.restart_client(1);
        settle(&mut world, 60 * SECOND);
        assert_eq!(world.people[1].received, ["message 1", "message 2"], "{before} to {after}");
        assert_eq!(world.people[1].questions_after_sign_in, 0, "tokens are kept likewise");
    }
}

/// Two servers stand on one log. People are at both and move between them; servers die.
fn two_servers(seed: u64) {
    let mut world =
        World::with_servers(2, seed, Conditions::GOOD, &["alice", "bob", "carol", "dan"]);
    world.sign_everyone_in();
    world.create_group(0, "G", &["bob", "carol", "dan"]);
    world.run_until(60 * SECOND, everyone_is_in("G"));
    world.network.conditions = Conditions::random(&mut world.rng);
    let faults = Faults::random(&mut world.rng);
    world.set_faults(faults);
    for who in [1, 3] {
        world.move_to_server(who, 1);
    }
    for n in 1..=100_u64 {
        let mut below = |bound: u32| world.rng.next_u32() % bound;
        let (sender, recipient, server) = (below(4) as usize, below(4) as usize, below(2) as usize);
        let (is_for_group, trouble, pause) = (below(2) == 0, below(100), u64::from(below(300)));
        let to = if is_for_group { to_group("G") } else { world.to(recipient) };
        if is_for_group || sender != recipient {
            world.send(sender, &to, &format!("message {n}"));
        }
        match trouble {
            0..=9 => world.move_to_server(sender, server),
            10..=12 if world.hosts[server].is_running() => world.crash_server(server),
            13..=15 => world.move_address(sender),
            16..=18 => world.restart_gateway(sender),
            _ => {}
        }
        let dead = (0..2).find(|server| !world.hosts[*server].is_running());
        if let Some(dead) = dead.filter(|_| trouble.is_multiple_of(5)) {
            world.start_server(dead);
        }
        world.run_for(Duration::from_millis(pause));
        world.check();
    }
    world.network.conditions = Conditions::GOOD;
    for server in 0..2 {
        if !world.hosts[server].is_running() {
            world.start_server(server);
        }
    }
    settle(&mut world, 180 * SECOND);
    let asked: usize = world.people.iter().map(|person| person.questions_after_sign_in).sum();
    assert_eq!(asked, 0, "seed {seed}: nothing is typed again");
}

#[test]
fn two_servers_on_one_log() {
    seeds("two servers", 0..50, two_servers);
}

/// Everything at once, as the seed decides.
fn turmoil(seed: u64) {
    let mut world = world_with_faults(seed, Conditions::GOOD, &["alice", "bob", "carol"]);
    // Tokens are stored a little after they are given out: a server that dies in between forgets
    // them, and then whoever has nothing else has to type a password.
    world.run_for(SECOND);
    world.network.conditions = Conditions::random(&mut world.rng);
    for n in 1..=120_u64 {
        let mut below = |bound: u32| world.rng.next_u32() % bound;
        let (sender, recipient) = (below(3) as usize, below(3) as usize);
        let (trouble, pause) = (below(100), u64::from(below(400)));
        let to = world.to(recipient);
        if world.people[sender].is_running && sender != recipient {
            world.send(sender, &to, &format!("message {n}"));
        }
        match trouble {
            0..=3 if world.hosts[0].is_running() => world.crash_server(0),
            0..=15 if !world.hosts[0].is_running() => world.start_server(0),
            4..=8 => world.move_address(sender),
            9..=11 if world.people[sender].is_running => world.kill_client(sender),
            12..=13 => world.network.fail_until(world.now + SECOND * (n as u32 % 15)),
            14..=15 => world.network.conditions = Conditions::random(&mut world.rng),
            23..=30 if world.people[sender].is_running => {
                world.change(sender, LineChange::Edit, n);
            }
            31..=34 if world.people[sender].is_running => {
                world.change(sender, LineChange::Deletion, n);
            }
            35..=44 if world.people[sender].is_running => {
                world.change(sender, LineChange::Reaction, n);
            }
            20..=22 => {
                let faults = Faults::random(&mut world.rng);
                world.set_faults(faults);
            }
            16..=19 if world.people[sender].is_running => world.restart_gateway(sender),
            _ => {}
        }
        if !world.people[recipient].is_running && trouble.is_multiple_of(3) {
            world.restart_client(recipient);
        }
        world.run_for(Duration::from_millis(pause));
        world.check();
    }
    world.network.conditions = Conditions::GOOD;
    if !world.hosts[0].is_running() {
        world.start_server(0);
    }
    for who in 0..3 {
        if !world.people[who].is_running {
            world.restart_client(who);
        }
    }
    settle(&mut world, 180 * SECOND);
    let asked: usize = world.people.iter().map(|person| person.questions_after_sign_in).sum();
    assert_eq!(asked, 0, "nothing is typed again");
}

#[test]
fn turmoil_on_two_hundred_seeds() {
    seeds("turmoil", 0..200, turmoil);
}

/// Somebody has three clients, and each ends the others' sessions and changes the password, while links
/// drop, processes die and messages fly. What was ended gets nothing more, and goes on only with the
/// password; then it has everything, and what was typed meanwhile arrives.
fn sessions_that_end(seed: u64) {
    let mut world = world_with_faults(seed, Conditions::GOOD, &["alice", "bob"]);
    for _ in 0..2 {
        world.add_person("alice");
        world.sign_everyone_in();
    }
    // Tokens are stored a little after they are given out.
    world.run_for(SECOND);
    world.network.conditions = Conditions::random(&mut world.rng);
    for n in 1..=100_u64 {
        let mut below = |bound: u32| world.rng.next_u32() % bound;
        let (who, trouble, pause) = (below(4) as usize, below(100), u64::from(below(400)));
        let to = world.to(usize::from(who != 1));
        let is_running = world.people[who].is_running;
        let is_free = is_running && !world.is_ended(who) && !world.awaits_account(who);
        // What waits in a session without a token does not outlive its process.
        let may_die = is_free && world.people[who].session.saved().is_some();
        if is_running {
            world.send(who, &to, &format!("message {n}"));
        }
        match trouble {
            0..=3 if world.hosts[0].is_running() => world.crash_server(0),
            0..=15 if !world.hosts[0].is_running() => world.start_server(0),
            4..=7 => world.move_address(who),
            8..=11 if is_running => world.restart_gateway(who),
            12..=13 => world.network.fail_until(world.now + SECOND * (n as u32 % 15)),
            14..=15 => world.network.conditions = Conditions::random(&mut world.rng),
            16..=19 if may_die => world.kill_client(who),
            20..=35 if who != 1 && is_free => world.end_others(who),
            36..=45 if who != 1 && is_free => world.change_password(who, &format!("word {n}")),
            46..=60 if world.is_ended(who) => world.release(who),
            61..=75 if !is_running => world.restart_client(who),
            _ => {}
        }
        world.run_for(Duration::from_millis(pause));
        world.check();
    }
    world.network.conditions = Conditions::GOOD;
    world.set_faults(Faults::default());
    if !world.hosts[0].is_running() {
        world.start_server(0);
    }
    for who in 0..4 {
        if !world.people[who].is_running {
            world.restart_client(who);
        }
    }
    for _ in 0..60 {
        (0..4).for_each(|who| world.release(who));
        world.run_for(SECOND);
    }
    settle(&mut world, 600 * SECOND);
}

#[test]
fn s12_sessions_that_end_while_links_drop() {
    seeds("sessions that end", 0..200, sessions_that_end);
}

/// Messages from a session of ours to clients of 2022 and back, while acknowledgements are lost,
/// late and repeated, and strangers forge them. Every receipt is checked against what was shown.
fn bridges(seed: u64) {
    let mut world = world(seed, Conditions::GOOD, &["alice", "bob"]);
    world.add_original("carol");
    world.add_original("dan");
    let faults = Faults::random(&mut world.rng);
    world.set_faults(faults);
    world.network.conditions = Conditions { loss_percent: 15, ..Conditions::BAD };
    // Repetitions arrive within the spacing that PROTOCOL.md, "Acknowledgements", allows for.
    world.network.conditions.delay_max = Duration::from_millis(48);
    let named = |name: &str| Conversation::User(name.parse().unwrap());
    for n in 1..=25 {
        let draw = world.rng.next_u32();
        let to = match draw % 4 {
            0 => named("carol"),
            1 => named("dan"),
            2 => named("bob"),
            _ => Conversation::Everyone,
        };
        world.send(0, &to, &format!("message {n}"));
        match draw >> 8 & 3 {
            0 => world.original_sends(1, "carol", &format!("from dan {n}")),
            1 => world.original_sends(0, "alice;dan", &format!("from carol {n}")),
            2 => world.inject(SocketAddr::from(([10, 9, 9, 9], 666)), b"RECEIVED"),
            _ => {}
        }
        let pause = u64::from(draw >> 16 & 0x3ff);
        world.run_for(Duration::from_millis(pause));
        world.check();
    }
    world.run_for(120 * SECOND);
    world.check();
    assert!(world.originals.iter().all(|original| original.is_alive), "seed {seed}");
    let stored = world.people[0].stored.len() + world.people[0].failures.len();
    assert!(stored >= 25, "seed {seed}: {stored} of 25 messages were settled");
}

#[test]
fn receipts_of_classic_clients_are_true() {
    seeds("bridges", 0..1_000, bridges);
}
