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

/// A session opens from there and shows a password for a name.
fn shows(crowd: &mut Crowd, address: SocketAddr, name: &str, text: &str) {
    crowd.open(address);
    crowd.say(address, &ClientMessage::Unlock(password("password")));
    crowd.say(address, &ClientMessage::Name(name.parse().unwrap()));
    crowd.say(address, &ClientMessage::LogIn(password(text)));
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
        shows(&mut crowd, at(2, 100 + port), "bob", "wrong");
    }
    shows(&mut crowd, at(3, 1), "bob", "secretly");
    crowd.pass(Duration::from_secs(1));
    assert!(is_welcome(&crowd.take_heard(at(3, 1))), "the owner, from elsewhere");
    let guesses = (0..64).map(|port| crowd.take_heard(at(2, 100 + port)));
    let guesses: Vec<_> = guesses.collect();
    let wrong = guesses.iter().filter(|heard| heard.contains(&ServerMessage::Wrong)).count();
    let later = guesses.iter().filter(|heard| put_off(heard).is_some()).count();
    assert_eq!((wrong, later), (5, 59));
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
        crowd.pass(HASH_TIME * 2);
        let heard = crowd.take_heard(owner);
        assert!(!heard.contains(&ServerMessage::Wrong));
        if is_welcome(&heard) {
            return;
        }
        let (why, wait) = put_off(&heard).expect("an answer");
        assert_eq!(why, Delay::Attempts);
        crowd.pass(wait);
        crowd.say(owner, &ClientMessage::LogIn(password("secretly")));
    }
    panic!("the owner was not let in");
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
    let ports = || 1_000..2_000;
    for port in ports() {
        crowd.sign_in(at(1, port), &format!("p{port}"), None);
    }
    crowd.server.hash_time = HASH_TIME;
    for port in ports() {
        shows(&mut crowd, at(2, port), &format!("p{port}"), "secretly");
    }
    crowd.pass(HASH_TIME * 1_001);
    for port in ports() {
        let heard = crowd.take_heard(at(2, port));
        assert!(is_welcome(&heard), "{heard:?}");
    }
}

#[test]
fn a_thousand_new_people_register_at_once_and_none_is_refused() {
    let mut crowd = crowd();
    let ports = || 1_000..2_000;
    for port in ports() {
        let address = at(2, port);
        crowd.open(address);
        crowd.say(address, &ClientMessage::Unlock(password("password")));
        crowd.say(address, &ClientMessage::Name(format!("p{port}").parse().unwrap()));
        crowd.say(address, &ClientMessage::Register(password("secretly")));
    }
    crowd.pass(HASH_TIME * 1_001);
    for port in ports() {
        let heard = crowd.take_heard(at(2, port));
        assert!(is_welcome(&heard), "{heard:?}");
    }
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
                crowd.say(*address, &ClientMessage::LogIn(password("wrong")));
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

/// What becomes of a change of the password of who is signed in there.
fn change(crowd: &mut Crowd, at: SocketAddr, old: &str, time: Duration) -> Option<PasswordReply> {
    let (old, new) = (password(old), password("another one"));
    crowd.say(at, &ClientMessage::ChangePassword { old, new, ends_others: false });
    crowd.pass(time);
    crowd.take_heard(at).into_iter().find_map(|message| match message {
        ServerMessage::Password(reply) => Some(reply),
        _ => None,
    })
}

#[test]
fn changing_a_password_takes_its_turn_among_those_who_sign_in() {
    let mut crowd = crowd();
    for port in 0..500 {
        shows(&mut crowd, at(2, 100 + port), &format!("p{port}"), "wrong");
    }
    let changed = change(&mut crowd, at(1, 1), "secretly", HASH_TIME * 10);
    assert_eq!(changed, Some(PasswordReply::Changed), "the queue is fair");
}

#[test]
fn a_wrong_password_counts_whether_one_signs_in_with_it_or_changes_it() {
    let mut crowd = crowd();
    for _ in 0..5 {
        let reply = change(&mut crowd, at(1, 1), "wrong", HASH_TIME * 2);
        assert_eq!(reply, Some(PasswordReply::Wrong));
    }
    let reply = change(&mut crowd, at(1, 1), "secretly", HASH_TIME * 2);
    let line = "Too many wrong passwords from here: please try again in 1 s.".to_owned();
    assert_eq!(reply, Some(PasswordReply::Refused(line)), "and never that it is wrong");
    shows(&mut crowd, at(1, 2), "bob", "secretly");
    assert!(put_off(&crowd.take_heard(at(1, 2))).is_some());
    crowd.pass(Duration::from_secs(2));
    let reply = change(&mut crowd, at(1, 1), "secretly", HASH_TIME * 4);
    assert_eq!(reply, Some(PasswordReply::Changed));
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
