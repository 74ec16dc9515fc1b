use netchat_tests::golden::check;
use netchat_tests::sim_server::SimServer;

const PEOPLE: &str = include_str!("../../golden/people.txt");

/// A transcript that goes on from three people who have signed in.
fn among_people(transcript: &str) -> SimServer {
    let mut server = SimServer::new(|_| {});
    check(&mut server, PEOPLE);
    check(&mut server, transcript);
    server
}

#[test]
fn signing_in() {
    check(&mut SimServer::new(|_| {}), include_str!("../../golden/sign-in.txt"));
}

#[test]
fn strangers_learn_nothing() {
    check(&mut SimServer::new(|_| {}), include_str!("../../golden/strangers.txt"));
}

#[test]
fn names() {
    among_people(include_str!("../../golden/names.txt"));
}

#[test]
fn chat() {
    among_people(include_str!("../../golden/chat.txt"));
}

#[test]
fn active() {
    among_people(include_str!("../../golden/active.txt"));
}

#[test]
fn exit() {
    among_people(include_str!("../../golden/exit.txt"));
}

#[test]
fn failures() {
    among_people(include_str!("../../golden/failures.txt"));
}

#[test]
fn groups() {
    among_people(include_str!("../../golden/groups.txt"));
}

#[test]
fn broadcast() {
    among_people(include_str!("../../golden/broadcast.txt"));
}

#[test]
fn guests() {
    let mut server = SimServer::new(|settings| settings.allow_guests = true);
    check(&mut server, include_str!("../../golden/guests.txt"));
    check(&mut SimServer::new(|_| {}), include_str!("../../golden/guests-refused.txt"));
}

#[test]
fn hidden_addresses() {
    let mut server = SimServer::new(|settings| settings.hide_addresses = true);
    check(&mut server, PEOPLE);
    check(
        &mut server,
        "alice> ACTIVE
         alice< {[(('hidden', 0), 'alice'), (('hidden', 0), 'bob'), (('hidden', 0), 'carol')]}",
    );
}

#[test]
fn a_failing_disk_is_told_to_those_concerned() {
    let mut server = among_people("");
    server.storage_fails = true;
    check(
        &mut server,
        "alice> CHAT#bob#{body alice: hi}
         alice< {SERVER: Message lost. Please send again.}
         alice> RECEIVED
         alice> NEW_GROUP#G#bob#DONE#
         alice< {SERVER: The change to G was not stored. Please try again.}
         alice> RECEIVED
         alice> CHECK_FOR_GROUP#G
         alice< {NEW_GROUP#G}
         alice> RECEIVED",
    );
    server.storage_fails = false;
    check(
        &mut server,
        "alice> CHAT#bob#{body alice: hi}
         alice< {SERVER: SENT}
         bob< {body alice: hi}",
    );
}

#[test]
fn a_path_that_is_closed_ends_its_session() {
    among_people(
        "bob>
         alice> ACTIVE
         alice< {[(@alice, 'alice'), (@carol, 'carol')]}",
    );
}
