//! What is forgotten, and what never is.

use netchat_core::storage::{DeliveryFailure, TokenHash};

use super::*;

fn with_group() -> (Fixture, Target) {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE, BOB]));
    (fixture, Target::Known(ConversationId(1)))
}

fn received(fixture: &mut Fixture, user: UserId, sequence: u64) {
    fixture.write(Write::SetReceived(vec![(user, Sequence(sequence))]));
}

fn left(fixture: &Fixture) -> u64 {
    fixture.count("SELECT count(*) FROM message")
}

#[test]
fn a_message_stays_until_all_its_recipients_have_it() {
    let (mut fixture, garden) = with_group();
    let first = fixture.say(ALICE, garden);
    let second = fixture.say(ALICE, garden);
    fixture.purge(5_000, vec![]);
    assert_eq!(left(&fixture), 2, "bob has still to receive them");
    received(&mut fixture, BOB, first.0);
    fixture.purge(1_000, vec![]);
    assert_eq!(left(&fixture), 2, "not older than that");
    fixture.purge(5_000, vec![]);
    assert_eq!(left(&fixture), 1);
    fixture.write(Write::AddFailure(second, BOB, DeliveryFailure::Lost));
    fixture.purge(5_000, vec![]);
    assert_eq!(left(&fixture), 0, "a failure on record is an end too");
    for table in ["failure", "message_id", "message_place"] {
        assert_eq!(fixture.count(&["SELECT count(*) FROM ", table].concat()), 0, "{table}");
    }
}

#[test]
fn nobody_waits_for_guests_broadcasts_latecomers_and_those_who_quit() {
    let (mut fixture, garden) = with_group();
    fixture.add_user("dave", false);
    let group = ConversationId(1);
    fixture.place(join(group, UserId(4)));
    fixture.say(ALICE, EVERYONE);
    fixture.say(ALICE, garden);
    fixture.place(join(group, CAROL));
    fixture.place(Draft::Quit(group, BOB));
    fixture.purge(5_000, vec![UserId(4)]);
    assert_eq!(left(&fixture), 0);
}

#[test]
fn changes_go_with_their_line_and_never_alone() {
    let (mut fixture, garden) = with_group();
    let line = fixture.say(ALICE, garden);
    received(&mut fixture, BOB, line.0);
    let edit = fixture.send(ALICE, garden, MessageKind::Edit(line), "ZQ==");
    fixture.purge(5_000, vec![]);
    assert_eq!(left(&fixture), 2, "bob has not seen the correction");
    fixture.seconds = 6_000;
    let reaction = fixture.send(ALICE, garden, MessageKind::Reaction(line), "Kw==");
    received(&mut fixture, BOB, reaction.0);
    fixture.purge(5_000, vec![]);
    assert_eq!(left(&fixture), 0, "the reaction is young, but of something that is gone");
    let kept = fixture.say(ALICE, garden);
    fixture.send(ALICE, garden, MessageKind::Edit(kept), "ZQ==");
    fixture.write(Write::AddFailure(Sequence(kept.0 + 1), BOB, DeliveryFailure::Lost));
    fixture.purge(9_000, vec![]);
    assert_eq!(left(&fixture), 2, "the line waits for bob, and its correction with it");
    assert!(edit < kept);
}

#[test]
fn places_go_on_after_everything_was_purged() {
    let mut fixture = Fixture::with_people();
    let last = fixture.say(ALICE, EVERYONE);
    let generation = fixture.snapshot().generation;
    fixture.purge(5_000, vec![]);
    fixture.open();
    assert_eq!((fixture.snapshot().head, fixture.snapshot().generation), (last, generation));
    fixture.seconds = 7;
    assert_eq!(fixture.say(ALICE, EVERYONE), last.next());
    assert_eq!(fixture.backlog_messages(ALICE, 0).0[0].time, UnixTime { millis: 1_000_000 });
}

#[test]
fn tokens_and_guests_go_when_nothing_needs_them() {
    let mut fixture = Fixture::with_people();
    for name in ["dave", "erin", "frank", "grace"] {
        fixture.add_user(name, false);
    }
    let [dave, erin, frank, grace] = [4, 5, 6, 7].map(UserId);
    fixture.place(group("Garden", &[ALICE, dave, erin]));
    fixture.say(ALICE, Target::Direct(ALICE, frank));
    fixture.seconds = 6_000;
    fixture.say(erin, EVERYONE);
    let token = |fill| TokenHash([fill; 32]);
    let at = |seconds: u64| UnixTime { millis: seconds * 1_000 };
    fixture.write(Write::SetToken(token_record(token(0), ALICE, at(4_999))));
    fixture.write(Write::SetToken(token_record(token(255), ALICE, at(5_000))));
    fixture.purge(900, vec![dave, grace]);
    let ids = |fixture: &mut Fixture| -> Vec<u32> {
        fixture.snapshot().users.iter().map(|(user, _)| user.id.0).collect()
    };
    assert_eq!(ids(&mut fixture), [1, 2, 3, 4, 5, 6, 7], "frank is needed for what he was told");
    fixture.purge(900, vec![grace]);
    assert_eq!(ids(&mut fixture).len(), 7, "who is in a group leaves it first");
    fixture.place(Draft::Quit(ConversationId(1), dave));
    fixture.purge(900, vec![grace]);
    assert_eq!(ids(&mut fixture), [1, 2, 3, 5, 6, 7]);
    assert_eq!(fixture.snapshot().tokens.len(), 2);
    fixture.purge(5_000, vec![]);
    assert_eq!(ids(&mut fixture), [1, 2, 3, 5]);
    assert_eq!(fixture.snapshot().directs, []);
    assert_eq!(fixture.snapshot().tokens, [token_record(token(255), ALICE, at(5_000))]);
    fixture.open();
    fixture.add_user("heidi", false);
    assert_eq!(ids(&mut fixture), [1, 2, 3, 5, 8], "an id is never given again");
}

#[test]
fn a_guest_who_comes_while_a_sweep_is_asked_for_or_under_way_stays() {
    let mut fixture = Fixture::with_people();
    let tokens_before = UnixTime { millis: 0 };
    let known_to = fixture.snapshot().head;
    let purge = Purge { messages_before: None, tokens_before, guests: vec![], known_to };
    fixture.add_user("grace", false);
    fixture.write(Write::Purge(purge));
    fixture.add_user("dave", false);
    while fixture.database().has_upkeep() {
        fixture.database().keep_up(true);
    }
    assert_eq!(fixture.snapshot().users.len(), 5);
}

#[test]
fn a_sweep_goes_on_beside_the_load_and_gives_space_back() {
    let mut fixture = Fixture::with_people();
    let body = "x".repeat(2_000);
    let many = 3_000;
    for _ in 0..many / 500 {
        let drafts = (0..500)
            .map(|_| fixture.draft(ALICE, EVERYONE, MessageKind::Text, &body))
            .map(|draft| Write::Append(vec![draft]));
        let writes = drafts.collect();
        fixture.write_all(writes);
    }
    fixture.open();
    let size = std::fs::metadata(fixture.path()).unwrap().len();
    fixture.seconds = 6_000;
    let before = UnixTime { millis: 5_000_000 };
    let purge = Purge {
        messages_before: Some(before),
        tokens_before: before,
        guests: Vec::new(),
        known_to: Sequence(i64::MAX as u64),
    };
    fixture.write(Write::Purge(purge));
    let mut rounds = 0;
    while fixture.count("SELECT count(*) FROM message WHERE time < 5000000") > 0 {
        let drafts = (0..64).map(|_| fixture.draft(BOB, EVERYONE, MessageKind::Text, "eA=="));
        let writes = drafts.map(|draft| Write::Append(vec![draft])).collect();
        fixture.write_all(writes);
        fixture.database().keep_up(false);
        rounds += 1;
        assert!(rounds * 64 <= many, "it falls behind");
    }
    while fixture.database().has_upkeep() {
        fixture.database().keep_up(true);
    }
    assert_eq!(left(&fixture), rounds * 64);
    fixture.close();
    let smaller = std::fs::metadata(fixture.path()).unwrap().len();
    assert!(smaller * 2 < size, "{size} to {smaller}");
}

#[test]
fn the_indexes_follow_in_steps() {
    let mut fixture = Fixture::with_people();
    let many = super::super::limits::INDEX_BEHIND as u64 + 100;
    let mut writes = Vec::new();
    for at in 0..many {
        let to = if at % 2 == 0 { EVERYONE } else { Target::Known(ConversationId(1)) };
        let draft = fixture.draft(
            UserId(1 + u32::try_from(at % 3).unwrap()),
            to,
            MessageKind::Text,
            "eA==",
        );
        writes.push(Write::Append(vec![draft]));
    }
    fixture.place(group("Garden", &[ALICE, BOB, CAROL]));
    let again = writes[17].clone();
    for writes in writes.chunks(500) {
        fixture.write_all(writes.to_vec());
        fixture.database().keep_up(false);
    }
    let is_known = |stored| match stored {
        Stored::Placed(placed) => matches!(placed[0], Placed::Known(_)),
        Stored::Done | Stored::Failed => false,
    };
    let indexed = fixture.count("SELECT count(*) FROM message_id");
    assert!(indexed > 0 && indexed < many, "{indexed}");
    assert!(is_known(fixture.write(again.clone())));
    // As after a crash, when they were half written.
    fixture.open();
    for table in ["message", "message_id", "message_place"] {
        assert_eq!(fixture.count(&["SELECT count(*) FROM ", table].concat()), many, "{table}");
    }
    assert!(is_known(fixture.write(again)));
}

#[test]
fn a_group_that_nobody_is_left_in_leaves_nothing_behind() {
    let (mut fixture, garden) = with_group();
    let id = ConversationId(1);
    let many = super::super::limits::SWEEP_STEP_DELETED + 10;
    let line = fixture.say(ALICE, garden);
    fixture.send(ALICE, garden, MessageKind::Reaction(line), "Kw==");
    for _ in 0..many {
        fixture.say(BOB, garden);
    }
    fixture.place(Draft::Standing(id, CAROL, StandingStep::Invite(ALICE)));
    fixture.place(Draft::Rename(id, ALICE, "Park".parse().unwrap()));
    fixture.place(Draft::Remove { group: id, user: BOB, by: ALICE });
    fixture.place(Draft::Quit(id, ALICE));
    assert_eq!(fixture.snapshot().groups, []);
    fixture.place(group("Park", &[CAROL]));
    let late = fixture.refusal(ALICE, garden, MessageKind::Text);
    assert_eq!(late, Refused::NotAMember);
    fixture.open();
    assert_eq!(left(&fixture), 2 + many as u64, "they go in steps");
    fixture.purge(0, vec![]);
    assert_eq!(left(&fixture), 0, "however young, and whoever had still to receive them");
    let tables =
        ["message_id", "message_place", "failure", "standing", "former_name", "gone_group"];
    for table in tables {
        assert_eq!(fixture.count(&["SELECT count(*) FROM ", table].concat()), 0, "{table}");
    }
}
