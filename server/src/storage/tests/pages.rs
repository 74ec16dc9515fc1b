//! Questions: who may read what, and how much of it at once.

use netchat_core::limits::{
    FAILURES_MAX, MESSAGE_BYTES_AROUND, PAGE_BYTES_MAX, PAGE_MESSAGES_MAX,
    UNREAD_LINES_LOOKED_AT_MAX,
};
use netchat_core::storage::DeliveryFailure;
use netchat_shared::extended::HistoryFrom;
use netchat_shared::limits::UNREAD_COUNT_MAX;

use super::*;

const GARDEN: Target = Target::Known(ConversationId(1));

/// A group of alice that bob joined late, and a conversation of both: messages 5, 7, 9 to 11.
fn with_messages() -> Fixture {
    let mut fixture = Fixture::with_people();
    fixture.place(group("Garden", &[ALICE])); // 4
    fixture.say(ALICE, GARDEN); // 5
    fixture.say(ALICE, ALICE_AND_BOB); // 6, 7
    fixture.place(join(ConversationId(1), BOB)); // 8
    fixture.say(ALICE, GARDEN); // 9
    fixture.say(BOB, EVERYONE); // 10
    let lost = fixture.say(ALICE, ALICE_AND_BOB); // 11
    fixture.write(Write::AddFailure(lost, BOB, DeliveryFailure::Lost));
    fixture
}

#[test]
fn a_user_reads_their_own_conversations_from_when_they_joined() {
    let mut fixture = with_messages();
    assert_eq!(fixture.backlog(ALICE, 0), (vec![5, 7, 9, 10, 11], 11));
    assert_eq!(fixture.backlog(BOB, 0), (vec![7, 9, 10], 11), "without what failed to reach him");
    assert_eq!(fixture.backlog(BOB, 9), (vec![10], 11));
    assert_eq!(fixture.backlog(BOB, 99), (vec![], 11), "a place is not brought down to the head");
    assert_eq!(fixture.backlog(CAROL, 0), (vec![10], 11));
    assert_eq!(fixture.backlog(UserId(9), 0), (vec![], 11));
}

#[test]
fn whoever_quits_reads_no_more_and_who_rejoins_begins_anew() {
    let mut fixture = with_messages();
    let garden = ConversationId(1);
    fixture.place(Draft::Quit(garden, BOB));
    assert_eq!(fixture.backlog(BOB, 0).0, [7, 10]);
    assert_eq!(fixture.history(BOB, garden, None, 10), (vec![], false));
    fixture.say(ALICE, GARDEN);
    fixture.place(join(garden, BOB));
    let line = fixture.say(ALICE, GARDEN);
    assert_eq!(fixture.backlog(BOB, 0).0, [7, 10, line.0]);
}

#[test]
fn a_page_of_the_backlog_says_where_it_ends() {
    let mut fixture = Fixture::with_people();
    let to = [EVERYONE, ALICE_AND_BOB, Target::Direct(BOB, CAROL)];
    let mut expected = Vec::new();
    for at in 0..PAGE_MESSAGES_MAX + 10 {
        expected.push(fixture.say(BOB, to[at % 3]).0);
    }
    let last = expected[PAGE_MESSAGES_MAX - 1];
    assert_eq!(fixture.backlog(BOB, 0), (expected[..PAGE_MESSAGES_MAX].to_vec(), last));
    let rest = expected[PAGE_MESSAGES_MAX..].to_vec();
    let head = fixture.snapshot().head.0;
    assert_eq!(fixture.backlog(BOB, last), (rest, head));
}

#[test]
fn a_page_has_so_many_bytes_but_always_one_message() {
    let mut fixture = Fixture::with_people();
    let half = "x".repeat(PAGE_BYTES_MAX / 2 - MESSAGE_BYTES_AROUND);
    for _ in 0..3 {
        fixture.send(ALICE, EVERYONE, MessageKind::Text, &half);
    }
    let long = "x".repeat(PAGE_BYTES_MAX + 1);
    fixture.send(ALICE, EVERYONE, MessageKind::Text, &long);
    fixture.say(ALICE, EVERYONE);
    assert_eq!(fixture.backlog(BOB, 0), (vec![4, 5], 5));
    assert_eq!(fixture.backlog(BOB, 5), (vec![6], 6));
    assert_eq!(fixture.backlog(BOB, 6), (vec![7], 7));
    let everyone = ConversationId::EVERYONE;
    let (lines, has_more) = fixture.history(BOB, everyone, Some(7), 10);
    assert_eq!((places(&lines), has_more), (vec![6, 5], true));
    let reaction = fixture.send(BOB, EVERYONE, MessageKind::Reaction(Sequence(5)), "Kw==");
    let (lines, has_more) = fixture.history(BOB, everyone, Some(7), 10);
    assert_eq!((places(&lines), has_more), (vec![6], true), "changes are counted");
    let (lines, _) = fixture.history(BOB, everyone, Some(6), 1);
    assert_eq!(sequences(&lines[0].changes), [reaction.0]);
}

#[test]
fn a_history_goes_back_line_by_line() {
    let mut fixture = with_messages();
    let garden = ConversationId(1);
    let edit = fixture.send(ALICE, GARDEN, MessageKind::Edit(Sequence(9)), "ZTE=");
    let sign = fixture.send(BOB, GARDEN, MessageKind::Reaction(Sequence(9)), "Kw==");
    let latest = fixture.send(ALICE, GARDEN, MessageKind::Edit(Sequence(9)), "ZTI=");
    let away = fixture.send(BOB, GARDEN, MessageKind::Reaction(Sequence(9)), "LQ==");
    assert!(edit < sign);
    let (lines, has_more) = fixture.history(ALICE, garden, None, 1);
    assert_eq!((places(&lines), has_more), (vec![9], true));
    assert_eq!(sequences(&lines[0].changes), [sign.0, latest.0, away.0]);
    let (lines, has_more) = fixture.history(ALICE, garden, Some(9), 10);
    assert_eq!((places(&lines), has_more), (vec![5], false));
    let (lines, has_more) = fixture.history(BOB, garden, None, 10);
    assert_eq!((places(&lines), has_more), (vec![9], false));
    assert_eq!(fixture.history(CAROL, garden, None, 10), (vec![], false));
}

#[test]
fn a_history_goes_on_from_a_place() {
    let mut fixture = with_messages();
    let garden = ConversationId(1);
    let line = fixture.say(BOB, GARDEN);
    let edit = fixture.send(ALICE, GARDEN, MessageKind::Edit(Sequence(9)), "ZTE=");
    let mut behind = |user, after, limit| {
        let from = HistoryFrom::After(Sequence(after));
        let (lines, has_more) = fixture.lines(user, garden, from, limit);
        let changes =
            sequences(&lines.first().map(|line| line.changes.clone()).unwrap_or_default());
        (places(&lines), changes, has_more)
    };
    assert_eq!(behind(ALICE, 0, 2), (vec![5, 9], vec![], true));
    assert_eq!(behind(ALICE, 5, 2), (vec![9, line.0], vec![edit.0], false));
    assert_eq!(behind(ALICE, line.0, 2), (vec![], vec![], false));
    assert_eq!(behind(ALICE, u64::MAX, 2), (vec![], vec![], false));
    assert_eq!(behind(BOB, 0, 1), (vec![9], vec![edit.0], true), "from where he joined");
    assert_eq!(behind(CAROL, 0, 2), (vec![], vec![], false));
}

#[test]
fn a_history_goes_on_from_a_time() {
    let mut fixture = Fixture::with_people();
    let at = |fixture: &mut Fixture, seconds| {
        fixture.seconds = seconds;
        fixture.say(ALICE, EVERYONE).0
    };
    let first = at(&mut fixture, 5_000);
    let (second, third) = (at(&mut fixture, 5_010), at(&mut fixture, 5_010));
    let fourth = at(&mut fixture, 5_030);
    let mut since = |millis: u64| {
        let from = HistoryFrom::At(UnixTime { millis });
        places(&fixture.lines(BOB, ConversationId::EVERYONE, from, 10).0)
    };
    assert_eq!(since(0), [first, second, third, fourth]);
    assert_eq!(since(5_000_000), [first, second, third, fourth]);
    assert_eq!(since(5_000_001), [second, third, fourth]);
    assert_eq!(since(5_010_000), [second, third, fourth]);
    assert_eq!(since(5_010_001), [fourth]);
    assert_eq!(since(5_030_001), [0; 0]);
    assert_eq!(since(u64::MAX), [0; 0]);
}

#[test]
fn a_sender_reads_what_failed() {
    let mut fixture = with_messages();
    let lost = (BOB, DeliveryFailure::Lost);
    let direct = ConversationId(2);
    assert_eq!(fixture.history(ALICE, direct, None, 1).0[0].failures, [lost]);
    assert_eq!(fixture.history(BOB, direct, None, 1).0[0].failures, []);
    let of = |fixture: &mut Fixture, sender, since| match fixture
        .page(&Query::Failures(sender, Sequence(since)))
    {
        (Page::Failures(failures), _) => failures,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&mut fixture, ALICE, 11), [(Sequence(11), lost.0, lost.1)]);
    assert_eq!(of(&mut fixture, ALICE, 12), []);
    assert_eq!(of(&mut fixture, BOB, 0), []);
    let mut failures = Vec::new();
    for _ in 0..=FAILURES_MAX {
        let line = fixture.say(ALICE, EVERYONE);
        failures.push(Write::AddFailure(line, CAROL, DeliveryFailure::Lost));
    }
    fixture.write_all(failures);
    let failures = of(&mut fixture, ALICE, 0);
    assert_eq!(failures.len(), FAILURES_MAX);
    assert_eq!(failures.last().unwrap().0, Sequence(13), "the latest of them");
}

#[test]
fn an_overview_has_the_latest_line_of_each_conversation_and_what_was_read() {
    let mut fixture = with_messages();
    fixture.send(ALICE, EVERYONE, MessageKind::Reaction(Sequence(10)), "Kw==");
    let garden = ConversationId(1);
    fixture.write_all(vec![
        Write::SetRead(BOB, garden, Sequence(9)),
        Write::SetRead(BOB, garden, Sequence(5)),
    ]);
    assert_eq!(fixture.overview(BOB, None), (vec![(11, 0), (10, 0), (9, 9)], false));
    assert_eq!(fixture.overview(BOB, Some(10)), (vec![(9, 9)], false));
    assert_eq!(fixture.overview(ALICE, Some(10)), (vec![(9, 0)], false));
    assert_eq!(fixture.overview(CAROL, None), (vec![(10, 0)], false));
    for at in 0..PAGE_MESSAGES_MAX {
        let name = format!("group {at}");
        fixture.place(group(&name, &[CAROL]));
        let id = fixture.snapshot().groups.last().unwrap().id;
        fixture.say(CAROL, Target::Known(id));
    }
    let (lines, has_more) = fixture.overview(CAROL, None);
    assert_eq!((lines.len(), has_more), (PAGE_MESSAGES_MAX, true));
    let last = lines.last().unwrap().0;
    assert_eq!(fixture.overview(CAROL, Some(last)), (vec![(10, 0)], false));
}

#[test]
fn lines_of_others_are_unread_behind_the_place_up_to_which_one_has_read() {
    let mut fixture = with_messages();
    let garden = ConversationId(1);
    // The conversation of both, everyone, and the garden: the latest line of each is 11, 10, 9.
    assert_eq!(fixture.unread(BOB), [2, 0, 1], "nothing was ever read");
    assert_eq!(fixture.unread(CAROL), [1]);
    let deletion = fixture.send(ALICE, GARDEN, MessageKind::Deletion(Sequence(9)), "");
    fixture.say(BOB, GARDEN);
    let line = fixture.say(ALICE, GARDEN);
    fixture.send(ALICE, GARDEN, MessageKind::Edit(line), "ZTE=");
    assert_eq!(
        fixture.unread(BOB)[0],
        2,
        "what was taken back counts, one's own and changes don't"
    );
    fixture.write(Write::SetRead(BOB, garden, deletion));
    assert_eq!(fixture.unread(BOB)[0], 1);
    fixture.write(Write::SetRead(BOB, garden, line));
    assert_eq!(fixture.unread(BOB)[0], 0);
}

#[test]
fn unread_lines_are_counted_up_to_a_bound() {
    let mut fixture = Fixture::with_people();
    for count in 1..=UNREAD_COUNT_MAX + 1 {
        fixture.say(ALICE, EVERYONE);
        assert_eq!(fixture.unread(BOB), [count.min(UNREAD_COUNT_MAX)]);
    }
    for _ in 0..UNREAD_LINES_LOOKED_AT_MAX {
        fixture.say(BOB, EVERYONE);
    }
    assert_eq!(fixture.unread(BOB), [0], "he has written enough not to have missed them");
    fixture.say(ALICE, EVERYONE);
    assert_eq!(fixture.unread(BOB), [1]);
}
