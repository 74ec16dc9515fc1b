//! How much each account has stored, and what happens at the bound.

use super::*;

/// A body of so many bytes, as it travels.
fn of(bytes: usize) -> String {
    "A".repeat(bytes)
}

/// What the file says that somebody has stored.
fn stored(fixture: &Fixture, user: UserId) -> u64 {
    let sum = "SELECT coalesce(sum(bytes), 0) FROM stored WHERE user = ";
    fixture.count(&[sum, &user.0.to_string()].concat())
}

/// What somebody's messages in the file come to.
fn counted(fixture: &Fixture, user: UserId) -> u64 {
    let sum = "SELECT coalesce(sum(coalesce(octet_length(body), 0) + 256), 0) FROM message
               WHERE sender = ";
    fixture.count(&[sum, &user.0.to_string()].concat())
}

fn to(user: UserId) -> Target {
    Target::Direct(ALICE, user)
}

#[test]
fn s9_whoever_has_stored_as_much_as_one_may_stores_no_more_and_others_do() {
    let mut fixture = Fixture::with_people();
    fixture.database().set_stored_bytes_max(Some(1_000));
    let first = fixture.send(ALICE, to(BOB), MessageKind::Text, &of(300));
    fixture.send(ALICE, to(BOB), MessageKind::Text, &of(100));
    assert_eq!(stored(&fixture, ALICE), 300 + 100 + 2 * 256);
    assert_eq!(fixture.refusal(ALICE, to(CAROL), MessageKind::Text), Refused::QuotaReached);
    assert!(fixture.snapshot().directs.len() == 1, "nothing is made for what is refused");
    fixture.send(BOB, to(BOB), MessageKind::Text, &of(100));
    // It is the same after a new start, and what is known already is answered as before.
    fixture.open();
    fixture.database().set_stored_bytes_max(Some(1_000));
    assert_eq!(fixture.refusal(ALICE, to(BOB), MessageKind::Text), Refused::QuotaReached);
    // What is taken back makes room, even for whoever has none left to say so.
    fixture.send(ALICE, to(BOB), MessageKind::Deletion(first), "");
    assert_eq!(stored(&fixture, ALICE), 100 + 3 * 256);
}

#[test]
fn s9_what_is_counted_is_what_is_there() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE, BOB]));
    let garden = Target::Known(ConversationId(1));
    let line = fixture.send(ALICE, garden, MessageKind::Text, &of(500));
    fixture.send(ALICE, garden, MessageKind::Edit(line), &of(600));
    fixture.send(BOB, garden, MessageKind::Reaction(line), &of(40));
    let check = |fixture: &Fixture| {
        for user in [ALICE, BOB] {
            assert_eq!(stored(fixture, user), counted(fixture, user));
        }
    };
    check(&fixture);
    fixture.send(ALICE, garden, MessageKind::Deletion(line), "");
    check(&fixture);
    assert_eq!(stored(&fixture, BOB), 256, "the sign went with the line");
    // A request of which a part fails leaves nothing, here either.
    let draft = fixture.draft(ALICE, garden, MessageKind::Text, &of(100));
    let (user, compared) = (UserId(99), Verifier::parse("hash"));
    let nobody = Draft::Password { user, compared, password: password("hash"), only_token: None };
    assert_eq!(fixture.write(Write::Append(vec![draft, nobody])), Stored::Failed);
    check(&fixture);
    let last = fixture.say(BOB, garden);
    fixture.write(Write::SetReceived(vec![(ALICE, last), (BOB, last)]));
    fixture.purge(5_000, vec![]);
    check(&fixture);
    assert_eq!(fixture.count("SELECT count(*) FROM stored"), 0, "whoever has nothing is not kept");
}

#[test]
fn s9_what_a_user_keeps_counts_in_place_of_what_was_kept_before() {
    let mut fixture = Fixture::with_people();
    fixture.database().set_stored_bytes_max(Some(1_000));
    let kept = |fixture: &mut Fixture| match fixture.page(&Query::Settings(ALICE)) {
        (Page::Settings(kept), _) => kept.map(|kept| (kept.sequence, kept.text.as_str().len())),
        other => panic!("{other:?}"),
    };
    let keep = |fixture: &mut Fixture, bytes: usize| {
        let based_on = kept(fixture).map(|(place, _)| place);
        let text = of(bytes).parse().unwrap();
        fixture.append_one(Draft::Settings { user: ALICE, based_on, text })
    };
    assert_eq!(kept(&mut fixture), None);
    let Placed::At(_) = keep(&mut fixture, 744) else { panic!("as much as there is room for") };
    assert_eq!(keep(&mut fixture, 745), Placed::Refused(Refused::QuotaReached));
    let Placed::At(place) = keep(&mut fixture, 700) else { panic!("less than before") };
    assert_eq!(stored(&fixture, ALICE), 700 + 256);
    assert_eq!(kept(&mut fixture), Some((place, 700)));
    assert_eq!(fixture.refusal(ALICE, to(BOB), MessageKind::Text), Refused::QuotaReached);
    fixture.open();
    assert_eq!(kept(&mut fixture), Some((place, 700)));
    assert_eq!(fixture.count("SELECT count(*) FROM settings"), 1);
}
