//! Entries: their places, and what a draft may become instead.

use netchat_core::limits::{EDITS_PER_MESSAGE_MAX, FORMER_NAMES_MAX, REACTIONS_PER_MESSAGE_MAX};
use netchat_core::storage::{ClockMark, DeliveryFailure, Origin, TokenHash};

use super::*;

#[test]
fn every_change_has_a_place_and_its_origin() {
    let mut fixture = Fixture::new();
    let first = fixture.draft(BOB, Target::Direct(BOB, ALICE), MessageKind::Text, "SGk=");
    let (entries, stored) = fixture.write_all(vec![
        Write::Append(vec![user("alice", true), user("bob", false)]),
        Write::Append(vec![group("Garden", &[BOB, ALICE])]),
        Write::Append(vec![first]),
        Write::Append(vec![
            Draft::Quit(ConversationId(1), ALICE),
            join(ConversationId(1), ALICE),
            set_password(ALICE, ("hash of alice", "better"), None),
        ]),
    ]);
    let at = |place| Placed::At(Sequence(place));
    let expected: [Vec<Placed>; 4] =
        [vec![at(1), at(2)], vec![at(3)], vec![at(5)], vec![at(6), at(7), at(8)]];
    assert_eq!(stored, expected.map(Stored::Placed));
    let places: Vec<_> = entries.iter().map(|entry| entry.sequence.0).collect();
    assert_eq!(places, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(entries.iter().all(|entry| entry.time == UnixTime { millis: 1_000_000 }));
    let origins: Vec<_> = entries
        .iter()
        .map(|entry| entry.origin.map(|Origin { ticket, draft }| (ticket.0, draft)).unwrap())
        .collect();
    assert_eq!(origins, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 0), (3, 0), (3, 1), (3, 2)]);
    let Change::User(UserRecord { id, since, .. }) = &entries[1].change else { panic!("a user") };
    assert_eq!((*id, *since), (BOB, Sequence(2)));
    let since = Sequence(3);
    let garden = GroupRecord {
        id: ConversationId(1),
        name: "Garden".parse().unwrap(),
        creator: BOB,
        policy: JoinPolicy::Anyone,
        members: vec![(BOB, since), (ALICE, since)],
        others: vec![],
        former_names: vec![],
    };
    assert_eq!(entries[2].change, Change::Group(garden));
    assert_eq!(entries[3].change, Change::Direct(ConversationId(2), ALICE, BOB));
    let Change::Message(message) = &entries[4].change else { panic!("a message") };
    assert_eq!((message.sequence, message.conversation), (Sequence(5), ConversationId(2)));
    assert_eq!(entries[5].change, Change::Quit(ConversationId(1), ALICE));
    assert_eq!(entries[6].change, Change::Join(ConversationId(1), ALICE));
    assert_eq!(entries[7].change, Change::Password(ALICE, password("better")));
}

#[test]
fn what_was_stored_is_there_after_a_restart() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Robert'), DROP TABLE user--", &[CAROL, ALICE]));
    let garden = ConversationId(1);
    fixture.place(join(garden, BOB));
    fixture.say(BOB, ALICE_AND_BOB);
    fixture.say(CAROL, Target::Direct(CAROL, CAROL));
    let (hash, expires_at) = (TokenHash([9; 32]), UnixTime { millis: 77 });
    let clock = ClockMark { seen: UnixTime { millis: 5 }, trusted_from: UnixTime { millis: 6 } };
    assert_eq!(fixture.snapshot().clock, None);
    let (_, stored) = fixture.write_all(vec![
        Write::SignedIn(BOB, "127.0.0.2:9".parse().unwrap()),
        Write::SetReceived(vec![(BOB, Sequence(7)), (ALICE, Sequence(6))]),
        Write::SetReceived(vec![(BOB, Sequence(5))]),
        Write::SetToken(token_record(TokenHash([8; 32]), BOB, expires_at)),
        Write::SetToken(token_record(hash, ALICE, expires_at)),
        Write::RemoveToken(TokenHash([8; 32])),
        Write::SetClock(clock),
    ]);
    assert_eq!(stored, [const { Stored::Done }; 7]);
    let before = fixture.snapshot();
    fixture.open();
    let snapshot = fixture.snapshot();
    assert_eq!(snapshot, before);
    let received: Vec<_> = snapshot.users.iter().map(|(_, received)| received.0).collect();
    assert_eq!(received, [6, 7, 3], "a place never goes back, and begins where the user does");
    assert_eq!(snapshot.users[1].0.address, "127.0.0.2:9".parse().unwrap());
    let members = vec![(CAROL, Sequence(4)), (ALICE, Sequence(4)), (BOB, Sequence(5))];
    assert_eq!(snapshot.groups[0].members, members);
    let directs = [(ConversationId(2), ALICE, BOB), (ConversationId(3), CAROL, CAROL)];
    assert_eq!(snapshot.directs, directs);
    assert_eq!(snapshot.tokens, [token_record(hash, ALICE, expires_at)]);
    assert_eq!((snapshot.clock, snapshot.head), (Some(clock), Sequence(9)));
}

#[test]
fn a_message_sent_again_is_the_one_that_is_stored() {
    let mut fixture = Fixture::with_people();
    let draft = fixture.draft(ALICE, ALICE_AND_BOB, MessageKind::Text, "Zmlyc3Q=");
    let second = fixture.draft(ALICE, ALICE_AND_BOB, MessageKind::Text, "c2Vjb25k");
    let (entries, stored) = fixture.write_all(vec![
        Write::Append(vec![draft.clone(), second]),
        Write::Append(vec![draft.clone()]),
    ]);
    let Change::Message(message) = &entries[1].change else { panic!("a message") };
    assert_eq!(stored[1], Stored::Placed(vec![Placed::Known(Arc::clone(message))]));
    assert_eq!(entries.len(), 3, "a conversation and two messages");
    let known = Placed::Known(Arc::clone(message));
    assert_eq!(fixture.append_one(draft.clone()), known);
    fixture.database().load(&Query::Backlog(ALICE, Sequence(0)));
    assert_eq!(fixture.append_one(draft.clone()), known, "found in the indexes too");
    fixture.open();
    assert_eq!(fixture.append_one(draft.clone()), known, "and after a restart");
    let Draft::Message(message) = draft else { unreachable!("made above") };
    let of_bob = Draft::Message(MessageDraft { sender: BOB, ..message });
    fixture.place(of_bob);
}

#[test]
fn ids_may_come_in_any_order() {
    let mut fixture = Fixture::with_people();
    let drafts: Vec<_> =
        (0..6).map(|_| fixture.draft(ALICE, EVERYONE, MessageKind::Text, "eA==")).collect();
    for at in [3, 1, 5, 0] {
        fixture.place(drafts[at].clone());
    }
    fixture.open();
    for at in [4, 2] {
        fixture.place(drafts[at].clone());
    }
    for draft in drafts {
        assert!(matches!(fixture.append_one(draft), Placed::Known(_)));
    }
}

#[test]
fn a_name_belongs_to_one() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE]));
    assert_eq!(fixture.append_one(group("Garden", &[BOB])), Placed::Taken);
    assert_eq!(fixture.append_one(user("alice", true)), Placed::Taken);
    assert_eq!(fixture.append_one(user("alice", false)), Placed::Taken);
    fixture.add_user("dave", false);
    fixture.add_user("dave", false);
    fixture.add_user("dave", true);
    assert_eq!(fixture.append_one(user("dave", false)), Placed::Taken);
}

#[test]
fn joining_twice_and_quitting_as_a_stranger_change_nothing() {
    let mut fixture = Fixture::with_people();
    let head = fixture.place(group("Garden", &[ALICE]));
    let garden = ConversationId(1);
    let drafts = vec![join(garden, ALICE), Draft::Quit(garden, BOB)];
    assert_eq!(fixture.append(drafts), [Placed::At(head), Placed::At(head)]);
    assert_eq!(fixture.snapshot().head, head);
    let everyone = Write::Append(vec![Draft::Quit(ConversationId::EVERYONE, ALICE)]);
    assert_eq!(fixture.write(everyone), Stored::Failed, "that one is no group");
}

#[test]
fn an_append_that_fails_leaves_the_others_alone_and_nothing_of_itself() {
    let mut fixture = Fixture::with_people();
    let direct = fixture.draft(ALICE, ALICE_AND_BOB, MessageKind::Text, "eA==");
    let nobody = set_password(UserId(99), ("hash", "hash"), None);
    let (entries, stored) = fixture.write_all(vec![
        Write::Append(vec![user("dave", true)]),
        Write::Append(vec![user("erin", true), direct.clone(), nobody]),
        Write::Append(vec![direct]),
        Write::Append(vec![user("erin", true)]),
    ]);
    let at = |place| Stored::Placed(vec![Placed::At(Sequence(place))]);
    assert_eq!(stored, [at(4), Stored::Failed, at(6), at(7)]);
    let places: Vec<_> = entries.iter().map(|entry| entry.sequence.0).collect();
    assert_eq!(places, [4, 5, 6, 7], "without a gap");
    let ids: Vec<_> = fixture.snapshot().users.iter().map(|(user, _)| user.id.0).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    assert_eq!(fixture.backlog(BOB, 3), (vec![6], 7));
}

#[test]
fn a_commit_that_fails_takes_everything_back() {
    let mut fixture = Fixture::with_people();
    let draft = fixture.draft(ALICE, EVERYONE, MessageKind::Text, "eA==");
    let blocker = rusqlite::Connection::open(fixture.path()).unwrap();
    blocker
        .execute_batch(
            "CREATE TRIGGER no BEFORE UPDATE OF seq ON head
             BEGIN SELECT raise(ROLLBACK, 'no'); END",
        )
        .unwrap();
    let writes =
        vec![Write::Append(vec![draft.clone()]), Write::SetReceived(vec![(BOB, Sequence(9))])];
    let (entries, stored) = fixture.write_all(writes);
    assert_eq!((entries, stored), (vec![], vec![Stored::Failed, Stored::Failed]));
    blocker.execute_batch("DROP TRIGGER no").unwrap();
    assert_eq!(fixture.place(draft), Sequence(4));
    assert_eq!(fixture.snapshot().users[1].1, Sequence(2));
}

#[test]
fn time_never_goes_back() {
    let mut fixture = Fixture::with_people();
    fixture.seconds = 10;
    fixture.say(ALICE, EVERYONE);
    fixture.open();
    fixture.say(ALICE, EVERYONE);
    let times: Vec<_> =
        fixture.backlog_messages(ALICE, 0).0.iter().map(|message| message.time.millis).collect();
    assert_eq!(times, [1_000_000, 1_000_000]);
}

#[test]
fn a_message_is_about_a_line_of_its_conversation() {
    let mut fixture = Fixture::with_people();
    let line = fixture.say(ALICE, ALICE_AND_BOB);
    let direct = Target::Known(ConversationId(1));
    let reply = fixture.send(BOB, direct, MessageKind::Reply(line), "cg==");
    let edit = fixture.send(BOB, direct, MessageKind::Edit(reply), "ZQ==");
    fixture.send(ALICE, ALICE_AND_BOB, MessageKind::Reaction(reply), "Kw==");
    let absent = Refused::NoSuchMessage;
    for kind in [MessageKind::Reply, MessageKind::Edit, MessageKind::Deletion] {
        assert_eq!(fixture.refusal(ALICE, EVERYONE, kind(line)), absent, "elsewhere");
        assert_eq!(fixture.refusal(BOB, direct, kind(edit)), absent, "no line");
        assert_eq!(fixture.refusal(ALICE, direct, kind(Sequence(99))), absent);
        assert_eq!(fixture.refusal(ALICE, direct, kind(Sequence(u64::MAX))), absent);
    }
    let with_carol = Target::Direct(ALICE, CAROL);
    assert_eq!(fixture.refusal(ALICE, with_carol, MessageKind::Reply(line)), absent);
    assert_eq!(fixture.snapshot().directs.len(), 1, "a refusal makes no conversation");
    for kind in [MessageKind::Edit, MessageKind::Deletion] {
        assert_eq!(fixture.refusal(BOB, direct, kind(line)), Refused::NotTheAuthor);
    }
}

#[test]
fn a_line_is_changed_only_so_often() {
    let mut fixture = Fixture::with_people();
    let line = fixture.say(ALICE, EVERYONE);
    for _ in 0..EDITS_PER_MESSAGE_MAX {
        fixture.send(ALICE, EVERYONE, MessageKind::Edit(line), "ZQ==");
    }
    for _ in 0..REACTIONS_PER_MESSAGE_MAX {
        fixture.send(BOB, EVERYONE, MessageKind::Reaction(line), "Kw==");
    }
    let often = Refused::TooManyChanges;
    assert_eq!(fixture.refusal(ALICE, EVERYONE, MessageKind::Edit(line)), often);
    assert_eq!(fixture.refusal(CAROL, EVERYONE, MessageKind::Reaction(line)), often);
    fixture.send(BOB, EVERYONE, MessageKind::Reply(line), "cg==");
    fixture.send(ALICE, EVERYONE, MessageKind::Deletion(line), "");
}

#[test]
fn what_is_taken_back_is_really_gone() {
    let mut fixture = Fixture::with_people();
    let long = "c2VjcmV0IG9mIGEgbG9uZyB0ZXh0".repeat(1_000);
    let line = fixture.send(ALICE, EVERYONE, MessageKind::Text, "c2VjcmV0IHRleHQ=");
    fixture.send(ALICE, EVERYONE, MessageKind::Edit(line), &long);
    fixture.send(BOB, EVERYONE, MessageKind::Reaction(line), "c2VjcmV0IHNpZ24=");
    fixture.send(BOB, EVERYONE, MessageKind::Reply(line), "cmVwbHk=");
    let deletion = fixture.draft(ALICE, EVERYONE, MessageKind::Deletion(line), "c2VjcmV0IGVuZA==");
    let at = fixture.place(deletion.clone());
    assert!(matches!(fixture.append_one(deletion), Placed::Known(_)), "sent again");
    let again = fixture.refusal(ALICE, EVERYONE, MessageKind::Deletion(line));
    assert_eq!(again, Refused::NoSuchMessage);
    let reaction = fixture.refusal(BOB, EVERYONE, MessageKind::Reaction(line));
    assert_eq!(reaction, Refused::NoSuchMessage);
    let (messages, _) = fixture.backlog_messages(BOB, 0);
    let bodies: Vec<_> =
        messages.iter().map(|message| message.body.as_ref().map(Body::as_str)).collect();
    assert_eq!(bodies, [None, None, None, Some("cmVwbHk="), None]);
    let (lines, _) = fixture.history(BOB, ConversationId::EVERYONE, None, 10);
    assert_eq!(places(&lines), [at.0 - 1, line.0]);
    assert_eq!(sequences(&lines[1].changes), [at.0]);
    fixture.close();
    let file = std::fs::read(fixture.path()).unwrap();
    let secret = b"c2VjcmV0";
    assert!(!file.windows(secret.len()).any(|bytes| bytes == secret), "not even in free pages");
}

#[test]
fn a_kind_of_a_newer_program_is_read_back() {
    let mut fixture = Fixture::with_people();
    let line = fixture.say(ALICE, EVERYONE);
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.execute("UPDATE message SET kind = 'poll'", []).unwrap();
    let (messages, _) = fixture.backlog_messages(BOB, 0);
    assert!(matches!(messages[0].kind, MessageKind::Unknown(_)));
    fixture.send(BOB, EVERYONE, MessageKind::Reaction(line), "Kw==");
    let (lines, _) = fixture.history(BOB, ConversationId::EVERYONE, None, 10);
    assert_eq!(places(&lines), [line.0]);
}

#[test]
fn a_failure_is_of_a_message_that_is_there() {
    let mut fixture = Fixture::with_people();
    let line = fixture.say(ALICE, ALICE_AND_BOB);
    let (_, stored) = fixture.write_all(vec![
        Write::AddFailure(line, BOB, DeliveryFailure::Corrupted),
        Write::AddFailure(line, BOB, DeliveryFailure::Lost),
        Write::AddFailure(Sequence(99), BOB, DeliveryFailure::Lost),
    ]);
    assert_eq!(stored, [const { Stored::Done }; 3]);
    let (page, complete_to) = fixture.page(&Query::Failures(ALICE, line));
    assert_eq!(page, Page::Failures(vec![(line, BOB, DeliveryFailure::Corrupted)]));
    assert_eq!(complete_to, line);
}

/// In place of this one.
fn set_password(user: UserId, (before, hash): (&str, &str), only: Option<TokenHash>) -> Draft {
    let compared = Verifier::parse(before);
    Draft::Password { user, compared, password: password(hash), only_token: only }
}

/// Two who have proved the same password: the second would undo what the first has set.
#[test]
fn a_password_is_changed_only_if_it_is_still_that_which_was_proved() {
    let mut fixture = Fixture::with_people();
    let token = TokenHash([1; 32]);
    fixture.write(Write::SetToken(token_record(token, ALICE, UnixTime { millis: 77 })));
    fixture.place(set_password(ALICE, ("hash of alice", "the first"), None));
    let second = set_password(ALICE, ("hash of alice", "the second"), Some(TokenHash([2; 32])));
    assert_eq!(fixture.append_one(second), Placed::Taken);
    let snapshot = fixture.snapshot();
    let alice = snapshot.users.iter().find(|(user, _)| user.id == ALICE).unwrap();
    assert_eq!(alice.0.password, Some(password("the first")));
    assert!(snapshot.tokens.iter().all(|token| !token.is_ended));
}

/// A sign-in with the former password, under way while it was changed, wrote it back.
#[test]
fn s12_a_stronger_hash_of_a_former_password_does_not_undo_a_change() {
    let mut fixture = Fixture::with_people();
    let kept = |fixture: &mut Fixture| {
        let users = fixture.snapshot().users.into_iter();
        users.filter(|(user, _)| user.id == ALICE).find_map(|(user, _)| user.password)
    };
    let renewed = |compared: &str, hash: &str| Draft::RenewedPassword {
        user: ALICE,
        compared: Verifier::parse(compared),
        password: KeptPassword { was_readable: true, ..password(hash) },
    };
    fixture.place(set_password(ALICE, ("hash of alice", "old cost"), None));
    fixture.place(renewed("old cost", "the same, stronger"));
    let readable = KeptPassword { was_readable: true, ..password("the same, stronger") };
    assert_eq!(kept(&mut fixture), Some(readable));
    fixture.place(set_password(ALICE, ("the same, stronger", "another password"), None));
    let head = fixture.snapshot().head;
    fixture.place(renewed("the same, stronger", "the former password"));
    assert_eq!(kept(&mut fixture), Some(password("another password")));
    assert_eq!(fixture.snapshot().head, head, "the log says nothing of it");
}

#[test]
fn another_password_may_leave_one_token_good() {
    let mut fixture = Fixture::with_people();
    let (token, at) = (|n: u8| TokenHash([n; 32]), UnixTime { millis: 77 });
    for (n, user) in [(1, ALICE), (2, ALICE), (3, BOB)] {
        fixture.write(Write::SetToken(token_record(token(n), user, at)));
    }
    let tokens = |fixture: &mut Fixture| -> Vec<TokenHash> {
        let tokens = fixture.snapshot().tokens.into_iter();
        tokens.filter(|token| !token.is_ended).map(|token| token.hash).collect()
    };
    fixture.place(set_password(ALICE, ("hash of alice", "other"), None));
    assert_eq!(tokens(&mut fixture), [token(1), token(2), token(3)]);
    fixture.place(set_password(ALICE, ("other", "another"), Some(token(2))));
    assert_eq!(tokens(&mut fixture), [token(2), token(3)]);
    assert_eq!(fixture.snapshot().tokens.len(), 3, "whoever comes with one that ended is told so");
    fixture.write(Write::EndTokens(vec![token(3), token(9)]));
    assert_eq!(tokens(&mut fixture), [token(2)]);
}

#[test]
fn whoever_was_removed_says_nothing_more() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE, BOB]));
    let (id, garden) = (ConversationId(1), Target::Known(ConversationId(1)));
    let last = fixture.say(BOB, garden);
    fixture.place(Draft::Remove { group: id, user: BOB, by: ALICE });
    assert_eq!(fixture.refusal(BOB, garden, MessageKind::Text), Refused::NotAMember);
    let edit = fixture.refusal(BOB, garden, MessageKind::Edit(last));
    assert_eq!(edit, Refused::NotAMember, "nor changes what he said");
    assert_eq!(fixture.append_one(join(id, BOB)), Placed::Outdated, "though it is open");
    fixture.place(Draft::Standing(id, BOB, StandingStep::Invite(ALICE)));
    fixture.place(Draft::Join(id, BOB, Admission::Invited));
    fixture.say(BOB, garden);
}

/// What was true when it was asked for may be so no more when it is committed.
#[test]
fn nobody_is_let_in_by_what_was_so_before() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE]));
    let id = ConversationId(1);
    fixture.place(Draft::Policy(id, ALICE, JoinPolicy::Asking));
    assert_eq!(fixture.append_one(join(id, BOB)), Placed::Outdated);
    fixture.place(Draft::Standing(id, BOB, StandingStep::Ask));
    fixture.place(Draft::Standing(id, BOB, StandingStep::StopAsking));
    let admit = Draft::Join(id, BOB, Admission::LetIn(ALICE));
    assert_eq!(fixture.append_one(admit), Placed::Outdated, "he has taken it back");
    fixture.place(Draft::Standing(id, BOB, StandingStep::Invite(ALICE)));
    fixture.place(Draft::Standing(id, BOB, StandingStep::Decline));
    let accept = Draft::Join(id, BOB, Admission::Invited);
    assert_eq!(fixture.append_one(accept), Placed::Outdated);
    assert_eq!(fixture.snapshot().groups[0].members, [(ALICE, Sequence(4))]);
}

/// What was asked for by whom it was for to decide, and who does not decide any more when it is stored.
#[test]
fn s8_whoever_decides_no_more_changes_nothing_in_a_group() {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE, BOB]));
    let id = ConversationId(1);
    fixture.place(Draft::Standing(id, CAROL, StandingStep::Invite(BOB)));
    fixture.place(Draft::Quit(id, BOB));
    assert_eq!(fixture.snapshot().groups[0].others, [], "whom he has invited is invited no more");
    let outdated = [
        Draft::Standing(id, CAROL, StandingStep::Invite(BOB)),
        Draft::Remove { group: id, user: ALICE, by: BOB },
        Draft::Rename(id, BOB, "Park".parse().unwrap()),
        Draft::Policy(id, BOB, JoinPolicy::Asking),
    ];
    for draft in outdated {
        assert_eq!(fixture.append_one(draft.clone()), Placed::Outdated, "{draft:?}");
    }
    fixture.place(join(id, BOB));
    fixture.place(Draft::Policy(id, ALICE, JoinPolicy::Asking));
    let invite = StandingStep::Invite(BOB);
    assert_eq!(fixture.append_one(Draft::Standing(id, CAROL, invite)), Placed::Outdated);
    fixture.place(Draft::Standing(id, CAROL, StandingStep::Ask));
    for by in [BOB, CAROL] {
        let let_in = Draft::Join(id, CAROL, Admission::LetIn(by));
        assert_eq!(fixture.append_one(let_in), Placed::Outdated);
        let turn_away = Draft::Standing(id, CAROL, StandingStep::TurnAway(by));
        assert_eq!(fixture.append_one(turn_away), Placed::Outdated);
    }
    fixture.place(Draft::Standing(id, CAROL, StandingStep::Invite(ALICE)));
    let take_back = Draft::Standing(id, CAROL, StandingStep::TakeBack(BOB));
    assert_eq!(fixture.append_one(take_back), Placed::Outdated);
    fixture.place(Draft::Quit(id, ALICE));
    fixture.place(Draft::Policy(id, BOB, JoinPolicy::Invitation));
    let garden = &fixture.snapshot().groups[0];
    assert_eq!((garden.creator, garden.maker(), &garden.others[..]), (ALICE, Some(BOB), &[][..]));
}

#[test]
fn what_groups_are_is_there_after_a_restart() {
    let mut fixture = Fixture::with_people();
    fixture.add_user("dave", true);
    let (id, dave) = (ConversationId(1), UserId(4));
    let garden = Draft::Group {
        name: "Garden".parse().unwrap(),
        policy: JoinPolicy::Invitation,
        members: vec![ALICE],
        invited: vec![dave, BOB],
    };
    fixture.place(garden);
    fixture.place(Draft::Join(id, BOB, Admission::Invited));
    fixture.place(Draft::Policy(id, ALICE, JoinPolicy::Asking));
    fixture.place(Draft::Standing(id, CAROL, StandingStep::Ask));
    for n in 0..FORMER_NAMES_MAX + 2 {
        fixture.place(Draft::Rename(id, ALICE, format!("Garden {n}").parse().unwrap()));
    }
    fixture.place(Draft::Remove { group: id, user: BOB, by: ALICE });
    fixture.place(Draft::Block { user: CAROL, other: ALICE, is_blocked: true });
    assert_eq!(fixture.append_one(group("garden 17", &[BOB])), Placed::Taken);
    fixture.place(group("Garden", &[BOB]));
    let before = fixture.snapshot();
    let others =
        [(dave, Standing::Invited(ALICE)), (CAROL, Standing::Asking), (BOB, Standing::Barred)];
    assert_eq!(before.groups[0].others, others);
    assert_eq!(before.groups[0].former_names.len(), FORMER_NAMES_MAX);
    assert_eq!(before.blocks, [(CAROL, ALICE)]);
    fixture.open();
    assert_eq!(fixture.snapshot(), before);
}
