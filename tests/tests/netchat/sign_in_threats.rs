//! Who guesses passwords, and who signs in meanwhile: nobody whose password is right hears that it is
//! wrong, and guessing is slow, counted, and costs the log little.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netchat_core::{LogEvent, Refusal};
use netchat_shared::extended::{ClientMessage, Delay, PasswordReply, ServerMessage};
use netchat_shared::password::Password;
use netchat_tests::crowd::Crowd;

const HASH_TIME: Duration = Duration::from_millis(30);

fn at(source: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, source], port))
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// A server on which bob has registered, from the address of source 1.
fn crowd() -> Crowd {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1, 1), "bob", None);
    crowd.server.hash_time = HASH_TIME;
    crowd.server.log.clear();
    crowd.server.hashes = 0;
    crowd
}

/// A session opens from there and gives a name.
fn knocks(crowd: &mut Crowd, address: SocketAddr, name: &str) {
    crowd.open(address);
    crowd.say(address, &ClientMessage::Unlock(password("password")));
    crowd.say(address, &ClientMessage::Name(name.parse().unwrap()));
}

/// A session opens from there and tries a password of a name: it sees by itself whether it is right.
fn shows(crowd: &mut Crowd, address: SocketAddr, name: &str, text: &str) {
    knocks(crowd, address, name);
    crowd.prove(address, name, text);
}

/// The same, and does not look.
fn begins(crowd: &mut Crowd, address: SocketAddr, name: &str, text: &str) {
    knocks(crowd, address, name);
    crowd.begin_proof(address, name, text);
}

/// An original client opens a session from there and shows a password for a name.
fn original_shows(crowd: &mut Crowd, address: SocketAddr, name: &str, text: &str) {
    let unlock = format!("LOCKED#{}", STANDARD.encode("password"));
    for datagram in [unlock, format!("JOIN#{name}"), format!("CHECKPASSWORD#{text}")] {
        crowd.server.receive(address, datagram.as_bytes());
    }
}

fn is_answered(heard: &[ServerMessage]) -> bool {
    heard.iter().any(|message| matches!(message, ServerMessage::Prove(_)))
}

fn is_welcome(heard: &[ServerMessage]) -> bool {
    heard.iter().any(|message| matches!(message, ServerMessage::Welcome { .. }))
}

/// For how long somebody is put off, if they are.
fn put_off(heard: &[ServerMessage]) -> Option<(Delay, Duration)> {
    heard.iter().find_map(|message| match message {
        ServerMessage::Later(why, wait) => Some((*why, *wait)),
        _ => None,
    })
}

/// How many refusals the operator was told of, in how many lines.
fn refusals(log: &[LogEvent], reason: Refusal) -> (u64, usize) {
    let counts = log.iter().filter_map(|event| match event {
        LogEvent::Refused { why, .. } if *why == reason => Some(1),
        LogEvent::RefusedMore { why, count, .. } if *why == reason => Some(*count),
        _ => None,
    });
    let counts: Vec<_> = counts.collect();
    (counts.iter().sum(), counts.len())
}

#[test]
fn guesses_in_parallel_are_counted_when_they_are_made_and_lock_no_owner_out() {
    let mut crowd = crowd();
    for port in 0..64 {
        begins(&mut crowd, at(2, 100 + port), "bob", "wrong");
    }
    shows(&mut crowd, at(3, 1), "bob", "secretly");
    assert!(is_welcome(&crowd.take_heard(at(3, 1))), "the owner, from elsewhere");
    let guesses = (0..64).map(|port| crowd.take_heard(at(2, 100 + port)));
    let guesses: Vec<_> = guesses.collect();
    let answered = guesses.iter().filter(|heard| is_answered(heard)).count();
    let later = guesses.iter().filter(|heard| put_off(heard).is_some()).count();
    assert_eq!((answered, later), (5, 59));
    assert_eq!(crowd.server.hashes, 0, "the server hashes nothing");
}

/// The same by original clients, whose passwords the server hashes.
#[test]
fn guesses_of_original_clients_in_parallel_are_counted_when_they_are_made() {
    let mut crowd = crowd();
    for port in 0..64 {
        original_shows(&mut crowd, at(2, 100 + port), "bob", "wrong");
    }
    original_shows(&mut crowd, at(3, 1), "bob", "secretly");
    let mut heard = Vec::new();
    for _ in 0..10 {
        crowd.server.pass(Duration::from_millis(100));
        heard.extend(crowd.server.take_sent());
    }
    let of = |text: &[u8]| heard.iter().filter(|(_, bytes)| bytes == text).count();
    assert_eq!((of(b"WRONG"), of(b"LOGGEDIN")), (5, 1));
    assert_eq!(crowd.server.hashes, 6);
}

#[test]
fn whoever_is_right_where_somebody_guessed_is_told_to_wait_and_never_that_it_is_wrong() {
    let mut crowd = crowd();
    for port in 0..20 {
        shows(&mut crowd, at(2, 100 + port), "bob", "wrong");
        crowd.pass(HASH_TIME * 2);
    }
    let owner = at(2, 1);
    shows(&mut crowd, owner, "bob", "secretly");
    for _ in 0..20 {
        let heard = crowd.take_heard(owner);
        assert!(!heard.contains(&ServerMessage::Wrong));
        if is_welcome(&heard) {
            return;
        }
        let (why, wait) = put_off(&heard).expect("an answer");
        assert_eq!(why, Delay::Attempts);
        crowd.pass(wait);
        crowd.prove(owner, "bob", "secretly");
    }
    panic!("the owner was not let in");
}

/// The server's answer shows whether a password is right: whoever has it and says nothing more has guessed.
#[test]
fn who_asks_for_an_answer_and_proves_nothing_has_guessed() {
    let mut crowd = crowd();
    let mut answered = 0;
    for guess in 0..2_000_u16 {
        let (address, name) = (at(2, 100 + guess), format!("p{guess}"));
        begins(&mut crowd, address, &name, "wrong");
        answered += usize::from(is_answered(&crowd.take_heard(address)));
        crowd.lose(address);
        crowd.pass(Duration::from_millis(100));
    }
    // 256 that may still come, 64 that are free, and few a minute.
    assert!(answered <= 256 + 64 + 4 * 4, "{answered} names were tried in 200 s");
    let (refused, _) = refusals(&crowd.server.log, Refusal::TooManyAttempts);
    assert!(refused > 0, "the operator knows");
}

#[test]
fn an_original_client_that_is_right_waits_where_somebody_guessed() {
    let mut crowd = crowd();
    let request = |crowd: &mut Crowd, from: SocketAddr, datagram: &str| -> Vec<String> {
        crowd.server.receive(from, datagram.as_bytes());
        crowd.server.pass(HASH_TIME * 2);
        let sent = crowd.server.take_sent().into_iter().filter(|(to, _)| *to == from);
        sent.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect()
    };
    let unlock = format!("LOCKED#{}", STANDARD.encode("password"));
    let (guesser, owner) = (at(2, 1), at(2, 2));
    for address in [guesser, owner] {
        assert_eq!(request(&mut crowd, address, &unlock), ["Unlocked"]);
        assert_eq!(request(&mut crowd, address, "JOIN#bob"), ["JOINED"]);
    }
    for _ in 0..5 {
        assert_eq!(request(&mut crowd, guesser, "CHECKPASSWORD#wrong"), ["WRONG"]);
    }
    let nothing: [&str; 0] = [];
    assert_eq!(request(&mut crowd, guesser, "CHECKPASSWORD#wrong"), nothing);
    assert_eq!(request(&mut crowd, owner, "CHECKPASSWORD#secretly"), nothing);
    let mut heard = Vec::new();
    for _ in 0..100 {
        crowd.server.pass(Duration::from_millis(100));
        heard.extend(crowd.server.take_sent().into_iter().filter(|(to, _)| *to == owner));
    }
    assert_eq!(heard.first().map(|(_, bytes)| &bytes[..]), Some(&b"LOGGEDIN"[..]));
}

#[test]
fn a_thousand_people_who_are_right_get_in_at_once_and_none_hears_that_they_are_wrong() {
    let mut crowd = Crowd::new(|_| {});
    let mut waiting: Vec<_> = (1_000..2_000).collect();
    for port in &waiting {
        crowd.sign_in(at(1, *port), &format!("p{port}"), None);
    }
    for port in &waiting {
        knocks(&mut crowd, at(2, *port), &format!("p{port}"));
    }
    for _ in 0..5 {
        for port in &waiting {
            crowd.begin_proof(at(2, *port), &format!("p{port}"), "secretly");
        }
        waiting.retain(|port| {
            crowd.finish_proof(at(2, *port));
            let heard = crowd.take_heard(at(2, *port));
            assert!(!heard.contains(&ServerMessage::Wrong));
            !is_welcome(&heard)
        });
        crowd.pass(Duration::from_secs(1));
    }
    assert!(waiting.is_empty(), "{} are not in within five seconds", waiting.len());
}

#[test]
fn a_thousand_new_people_register_at_once_and_none_is_refused() {
    let mut crowd = crowd();
    for port in 1_000..2_000 {
        let (address, name) = (at(2, port), format!("p{port}"));
        knocks(&mut crowd, address, &name);
        crowd.enrol(address, &name, "secretly", None);
        let heard = crowd.take_heard(address);
        assert!(is_welcome(&heard), "{heard:?}");
    }
}

/// An account is made without a hash, so a source would make as many as there is room for.
#[test]
fn whoever_makes_accounts_without_end_is_slowed_down() {
    let mut crowd = crowd();
    let mut made = 0;
    for n in 0..5_000_u16 {
        let (address, name) = (at(2, 1_000 + n), format!("p{n}"));
        knocks(&mut crowd, address, &name);
        crowd.enrol(address, &name, "secretly", None);
        made += usize::from(is_welcome(&crowd.take_heard(address)));
        crowd.lose(address);
        crowd.pass(Duration::from_millis(50));
    }
    assert!(made <= 4_096 + 250 + 4 + 5 * 4, "{made} in 250 s");
    shows(&mut crowd, at(3, 1), "bob", "secretly");
    assert!(is_welcome(&crowd.take_heard(at(3, 1))), "others don't notice");
}

#[test]
fn an_owner_signs_in_within_five_seconds_while_a_thousand_guesses_a_second_come_from_elsewhere() {
    let mut crowd = crowd();
    let guessers: Vec<_> = (0..100).map(|n| at(2 + n % 10, 100 + u16::from(n))).collect();
    for address in &guessers {
        crowd.open(*address);
        crowd.say(*address, &ClientMessage::Unlock(password("password")));
        crowd.say(*address, &ClientMessage::Name("bob".parse().unwrap()));
    }
    let mut signs_in_after = |owner: SocketAddr| {
        for round in 0..100_u32 {
            if round == 50 {
                shows(&mut crowd, owner, "bob", "secretly");
            }
            for address in &guessers {
                crowd.begin_proof(*address, "bob", "wrong");
            }
            crowd.pass(Duration::from_millis(100));
            if round >= 50 {
                let heard = crowd.take_heard(owner);
                assert!(!heard.contains(&ServerMessage::Wrong));
                if is_welcome(&heard) {
                    return Duration::from_millis(100) * (round - 50);
                }
            }
        }
        panic!("the owner was not let in");
    };
    for owner in [at(1, 2), at(99, 1)] {
        let waited = signs_in_after(owner);
        assert!(waited <= Duration::from_secs(5), "{owner}: {waited:?}");
    }
}

#[test]
fn guessing_the_server_password_is_slow_and_counted_and_others_get_in() {
    let mut crowd = crowd();
    let guesser = at(2, 1);
    crowd.open(guesser);
    let mut guesses = 0;
    for _ in 0..200 {
        for _ in 0..50 {
            crowd.say(guesser, &ClientMessage::Unlock(password("wrong")));
            guesses += 1;
        }
        crowd.pass(Duration::from_millis(500));
    }
    let heard = crowd.take_heard(guesser);
    let tried = heard.iter().filter(|message| **message == ServerMessage::Locked).count();
    assert!(tried <= 20, "{tried} of {guesses} were looked at in 100 s");
    crowd.pass(Duration::from_secs(60));
    let (wrong, lines) = refusals(&crowd.server.log, Refusal::ServerPassword);
    let (not_tried, more_lines) = refusals(&crowd.server.log, Refusal::TooManyAttempts);
    assert_eq!(wrong + not_tried, guesses, "the operator knows of each");
    assert!(lines + more_lines <= 10, "{lines} and {more_lines} lines");
    crowd.server.hash_time = Duration::ZERO;
    crowd.sign_in(at(3, 1), "eve", None);
}

#[test]
fn guessing_the_server_password_in_the_classic_protocol_is_slow_too() {
    let mut crowd = crowd();
    let wrong = format!("LOCKED#{}", STANDARD.encode("wrong"));
    let mut answers = 0;
    for guess in 0..10_000_u16 {
        crowd.server.receive(at(2, 1 + guess), wrong.as_bytes());
        crowd.server.pass(Duration::from_millis(10));
        answers +=
            crowd.server.take_sent().iter().filter(|(to, _)| to.ip() == at(2, 1).ip()).count();
    }
    assert!(answers <= 20, "{answers} were answered in 100 s");
    // Whoever forges an address locks nobody out who can show that theirs is their own.
    crowd.server.hash_time = Duration::ZERO;
    crowd.sign_in(at(2, 60_001), "eve", None);
    let right = format!("LOCKED#{}", STANDARD.encode("password"));
    crowd.server.receive(at(3, 1), right.as_bytes());
    let sent = crowd.server.take_sent();
    assert!(sent.iter().any(|(to, bytes)| *to == at(3, 1) && bytes == b"Unlocked"));
}

#[test]
fn an_original_client_with_the_right_server_password_hears_so_when_the_wait_is_over() {
    let mut crowd = crowd();
    let locked = |password: &str| format!("LOCKED#{}", STANDARD.encode(password));
    for port in 0..11 {
        crowd.server.receive(at(2, 100 + port), locked("wrong").as_bytes());
    }
    crowd.server.take_sent();
    let person = at(2, 1);
    for _ in 0..3 {
        crowd.server.receive(person, locked("password").as_bytes());
    }
    assert_eq!(crowd.server.take_sent(), [], "not before its time, and never that it is wrong");
    crowd.server.pass(Duration::from_secs(10));
    let sent = crowd.server.take_sent().into_iter().filter(|(to, _)| *to == person);
    let sent: Vec<_> = sent.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    assert_eq!(sent, ["Unlocked"]);
}

#[test]
fn an_original_client_is_not_forgotten_while_it_waits_for_a_quarter_of_an_hour() {
    let mut crowd = crowd();
    let person = at(2, 1);
    let mut answered_after = |request: &str, answer: &str| {
        crowd.server.receive(person, request.as_bytes());
        for second in 0..2_000 {
            crowd.server.pass(Duration::from_secs(1));
            let mut sent = crowd.server.take_sent().into_iter().filter(|(to, _)| *to == person);
            if let Some((_, bytes)) = sent.next() {
                assert_eq!(String::from_utf8(bytes).unwrap(), answer);
                return second;
            }
        }
        panic!("{request} was not answered");
    };
    answered_after(&format!("LOCKED#{}", STANDARD.encode("password")), "Unlocked");
    answered_after("JOIN#bob", "JOINED");
    // Five are free; each further one doubles the wait.
    for _ in 0..15 {
        answered_after("CHECKPASSWORD#wrong", "WRONG");
    }
    let waited = answered_after("CHECKPASSWORD#secretly", "LOGGEDIN");
    assert!(waited >= 890, "{waited} s");
}

/// What becomes of a change of bob's password; nothing, if the client sees that the old one is wrong.
fn change(crowd: &mut Crowd, at: SocketAddr, old: &str) -> Option<PasswordReply> {
    crowd.change_password(at, "bob", (old, "another one"), false);
    crowd.take_heard(at).into_iter().find_map(|message| match message {
        ServerMessage::Password(reply) => Some(reply),
        _ => None,
    })
}

#[test]
fn a_wrong_password_counts_whether_one_signs_in_with_it_or_changes_it() {
    let mut crowd = crowd();
    for _ in 0..5 {
        assert_eq!(change(&mut crowd, at(1, 1), "wrong"), None);
    }
    let reply = change(&mut crowd, at(1, 1), "secretly");
    let line = "Too many wrong passwords from here: please try again in 1 s.".to_owned();
    assert_eq!(reply, Some(PasswordReply::Refused(line)), "and never that it is wrong");
    shows(&mut crowd, at(1, 2), "bob", "secretly");
    assert!(put_off(&crowd.take_heard(at(1, 2))).is_some());
    crowd.pass(Duration::from_secs(2));
    assert_eq!(change(&mut crowd, at(1, 1), "secretly"), Some(PasswordReply::Changed));
}

#[test]
fn whoever_leaves_before_their_turn_is_not_hashed() {
    let mut crowd = crowd();
    let unlock = format!("LOCKED#{}", STANDARD.encode("password"));
    for port in 0..50 {
        let join = format!("JOIN#p{port}");
        for datagram in [&unlock, &join, "CHECKPASSWORD#wrong", ""] {
            crowd.server.receive(at(2, 100 + port), datagram.as_bytes());
        }
    }
    crowd.pass(Duration::from_secs(10));
    assert_eq!(crowd.server.hashes, 1, "the first had begun");
}
