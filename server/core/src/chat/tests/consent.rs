//! Groups by consent: who comes in, who decides, who is told.

use netchat_shared::extended::{BlockReply, JoinPolicy};

use super::*;
use crate::events::{PageAnswer, PageRequest};
use crate::limits::{
    ASKS_OF_USER_MAX, BLOCKED_BY_USER_MAX, GROUP_INVITED_MAX, GROUP_MEMBERS_MAX,
    INVITED_BY_MEMBER_MAX,
};

impl Room {
    fn makes(&mut self, maker: SessionKey, name: &str, policy: JoinPolicy, names: &[&str]) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.does(maker, name, GroupRequest::Create(policy, names));
        self.told.clear();
    }

    /// Asks for something about a group, and lets it be stored. What is told, to whoever asked.
    fn does(&mut self, key: SessionKey, name: &str, request: GroupRequest) -> GroupOutcome {
        self.asks(key, Request::Group(name.parse().unwrap(), request));
        self.commit();
        let told = self.told(key);
        let outcomes = told.into_iter().filter_map(|update| {
            let Update::Group(_, outcome) = update else { return None };
            Some(outcome)
        });
        let outcomes: Vec<_> = outcomes.collect();
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        outcomes.into_iter().next().unwrap()
    }

    fn is_refused(&mut self, key: SessionKey, name: &str, request: GroupRequest) -> bool {
        matches!(self.does(key, name, request), GroupOutcome::Refused(_))
    }

    fn joins(&mut self, key: SessionKey, name: &str) -> bool {
        matches!(self.does(key, name, GroupRequest::Join), GroupOutcome::Joined { .. })
    }

    /// What a session was told of groups without asking.
    fn news(&mut self, key: SessionKey) -> Vec<(String, GroupNews)> {
        let told = self.told(key).into_iter();
        let news = told.filter_map(|update| {
            let Update::GroupNews(name, news) = update else { return None };
            Some((name.to_string(), news))
        });
        news.collect()
    }

    fn says_in(&mut self, key: SessionKey, name: &str) -> Vec<Update> {
        let group = Destination::Group(name.parse().unwrap());
        self.sends(key, &[group], Wants::Storage);
        self.commit();
        self.told(key)
    }

    fn hears(&mut self, key: SessionKey) -> bool {
        self.told(key).iter().any(|update| matches!(update, Update::Message(_)))
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn named(group: &str, news: GroupNews) -> Vec<(String, GroupNews)> {
    vec![(group.to_owned(), news)]
}

fn is_not_a_member(told: &[Update]) -> bool {
    matches!(told, [Update::NotSent { why: NotSent::NotAMember, .. }])
}

#[test]
fn nobody_is_put_into_a_group_against_their_will() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    let names = ["bob", "ghost"].map(str::to_owned).to_vec();
    let made = room.does(alice, "g", GroupRequest::Create(JoinPolicy::Invitation, names));
    let GroupOutcome::Created { members, invited, unknown } = made else { panic!("{made:?}") };
    assert_eq!((members.len(), invited, unknown), (1, vec![name("bob")], vec!["ghost".to_owned()]));
    assert_eq!(room.news(bob), named("g", GroupNews::Invited(name("alice"))));
    room.says_in(alice, "g");
    assert!(!room.hears(bob), "he has not agreed");
    assert!(is_not_a_member(&room.says_in(bob, "g")));
    assert!(room.is_refused(eve, "g", GroupRequest::Join), "nobody has invited her");
    assert!(room.is_refused(alice, "g", GroupRequest::Admit(name("eve"))), "she does not ask");
    assert!(room.joins(bob, "g"));
    room.says_in(alice, "g");
    assert!(room.hears(bob));
    // Whoever declines stays out, and whose invitation is taken back.
    for ends_it in [true, false] {
        room.does(alice, "g", GroupRequest::Invite(vec!["eve".to_owned()]));
        assert_eq!(room.news(eve), named("g", GroupNews::Invited(name("alice"))));
        if ends_it {
            assert_eq!(room.does(eve, "g", GroupRequest::Decline), GroupOutcome::Declined);
        } else {
            room.does(alice, "g", GroupRequest::TurnAway(name("eve")));
            assert_eq!(room.news(eve), named("g", GroupNews::Uninvited));
        }
        assert!(room.is_refused(eve, "g", GroupRequest::Join));
    }
}

#[test]
fn a_group_of_an_original_client_is_open_and_those_named_are_in_at_once() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    room.group("g", alice, &["bob"]);
    assert_eq!(room.news(bob), named("g", GroupNews::Added));
    room.told.clear();
    assert!(room.joins(eve, "g"));
    let names = vec!["dave".to_owned(), "eve".to_owned()];
    room.signs_in("dave");
    let invited = room.does(bob, "g", GroupRequest::Invite(names));
    let dave = GroupOutcome::Invited { invited: vec![name("dave")], unknown: vec![] };
    assert_eq!(invited, dave, "any member may invite where anyone may join");
}

#[test]
fn whoever_is_blocked_invites_in_vain_and_can_not_tell() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let eve = room.signs_in("eve");
    let blocked = |room: &mut Room, is_blocked| {
        room.asks(bob, Request::Block(name("eve"), is_blocked));
        room.commit();
        room.told(bob)
    };
    let reply = |reply| Update::Block(name("eve"), reply);
    assert_eq!(blocked(&mut room, true), [reply(BlockReply::Blocked)]);
    let names = || vec!["bob".to_owned()];
    let of_eve = room.does(eve, "g", GroupRequest::Create(JoinPolicy::Anyone, names()));
    let of_alice = room.does(alice, "h", GroupRequest::Create(JoinPolicy::Anyone, names()));
    let invited = |outcome| {
        let GroupOutcome::Created { invited, unknown, .. } = outcome else { panic!("{outcome:?}") };
        (invited, unknown)
    };
    assert_eq!(invited(of_eve), invited(of_alice), "she is told the same");
    assert_eq!(room.news(bob), named("h", GroupNews::Invited(name("alice"))));
    room.asks(bob, Request::Waiting);
    let waits = Update::Waiting {
        invitations: vec![("h".parse().unwrap(), name("alice"))],
        asking: vec![],
    };
    assert_eq!(room.told(bob), [waits]);
    // Somebody else may invite him to the same group.
    assert!(room.joins(alice, "g"));
    room.does(alice, "g", GroupRequest::Invite(names()));
    assert_eq!(room.news(bob), named("g", GroupNews::Invited(name("alice"))));
    // Blocked afterwards, it is gone; and let through again, it is back.
    room.does(eve, "i", GroupRequest::Create(JoinPolicy::Anyone, names()));
    assert_eq!(room.news(bob), []);
    let told = blocked(&mut room, false);
    let back = Update::GroupNews("i".parse().unwrap(), GroupNews::Invited(name("eve")));
    assert_eq!(told, [back, reply(BlockReply::Free)]);
    let told = blocked(&mut room, true);
    let gone = Update::GroupNews("i".parse().unwrap(), GroupNews::Uninvited);
    assert_eq!(told, [gone, reply(BlockReply::Blocked)]);
    room.asks(bob, Request::Block(name("ghost"), true));
    assert_eq!(room.told(bob), [Update::Block(name("ghost"), BlockReply::Unknown)]);
}

#[test]
fn who_asks_to_join_is_let_in_or_not_by_the_maker() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    room.makes(alice, "g", JoinPolicy::Asking, &[]);
    for key in [bob, eve] {
        assert_eq!(room.does(key, "g", GroupRequest::Join), GroupOutcome::Asked);
    }
    let asks = |who| ("g".to_owned(), GroupNews::Asks(name(who)));
    assert_eq!(room.news(alice), [asks("bob"), asks("eve")]);
    assert!(is_not_a_member(&room.says_in(bob, "g")));
    let admitted = room.does(alice, "g", GroupRequest::Admit(name("bob")));
    assert_eq!(admitted, GroupOutcome::Admitted(name("bob")));
    assert_eq!(room.news(bob), named("g", GroupNews::Admitted));
    assert!(room.is_refused(bob, "g", GroupRequest::Admit(name("eve"))), "he does not decide");
    room.does(alice, "g", GroupRequest::TurnAway(name("eve")));
    assert_eq!(room.news(eve), named("g", GroupNews::TurnedAway));
    assert!(room.is_refused(eve, "g", GroupRequest::Join), "she does not ask again and again");
    room.does(alice, "g", GroupRequest::Invite(vec!["eve".to_owned()]));
    assert!(room.joins(eve, "g"), "but may be invited");
    // Who has taken it back is not let in.
    let dave = room.signs_in("dave");
    room.does(dave, "g", GroupRequest::Join);
    room.told.clear();
    room.does(dave, "g", GroupRequest::Decline);
    assert_eq!(room.news(alice), named("g", GroupNews::AsksNoMore(name("dave"))));
    assert!(room.is_refused(alice, "g", GroupRequest::Admit(name("dave"))));
}

#[test]
fn whoever_is_removed_hears_and_says_nothing_more_and_does_not_come_back_alone() {
    for policy in [JoinPolicy::Anyone, JoinPolicy::Invitation, JoinPolicy::Asking] {
        let mut room = Room::new();
        let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
        let eve = room.signs_in("eve");
        room.makes(alice, "g", policy, &["bob", "eve"]);
        assert!(room.joins(bob, "g") && room.joins(eve, "g"));
        room.told.clear();
        assert!(room.is_refused(bob, "g", GroupRequest::Remove(name("eve"))));
        assert!(room.is_refused(alice, "g", GroupRequest::Remove(name("alice"))));
        let removed = room.does(alice, "g", GroupRequest::Remove(name("eve")));
        assert_eq!(removed, GroupOutcome::Removed(name("eve")));
        assert_eq!(room.news(eve), named("g", GroupNews::Removed));
        room.says_in(alice, "g");
        assert!(room.hears(bob) && !room.hears(eve));
        assert!(is_not_a_member(&room.says_in(eve, "g")));
        assert!(room.is_refused(eve, "g", GroupRequest::Join), "{policy:?}");
        let by_bob = room.does(bob, "g", GroupRequest::Invite(vec!["eve".to_owned()]));
        let brings_in =
            matches!(by_bob, GroupOutcome::Invited { unknown, .. } if unknown.is_empty());
        assert!(!brings_in, "only the maker can");
        room.does(alice, "g", GroupRequest::Invite(vec!["eve".to_owned()]));
        assert!(room.joins(eve, "g"));
    }
}

#[test]
fn the_maker_decides_and_then_who_is_there_longest_and_an_empty_group_goes() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    room.makes(alice, "g", JoinPolicy::Invitation, &["bob", "eve"]);
    assert!(room.joins(bob, "g"));
    for request in [
        GroupRequest::Rename("h".parse().unwrap()),
        GroupRequest::SetPolicy(JoinPolicy::Anyone),
        GroupRequest::Invite(vec!["eve".to_owned()]),
    ] {
        assert!(room.is_refused(bob, "g", request));
    }
    room.told.clear();
    assert_eq!(room.does(alice, "g", GroupRequest::Quit), GroupOutcome::Quit);
    assert_eq!(room.news(bob), named("g", GroupNews::Is(JoinPolicy::Invitation, name("bob"))));
    let described = room.does(bob, "g", GroupRequest::SetPolicy(JoinPolicy::Asking));
    let GroupOutcome::Is(about) = described else { panic!("{described:?}") };
    assert_eq!((about.policy, about.maker), (JoinPolicy::Asking, name("bob")));
    room.does(alice, "g", GroupRequest::Join);
    assert_eq!(room.news(bob), named("g", GroupNews::Asks(name("alice"))));
    room.does(bob, "g", GroupRequest::Quit);
    assert_eq!(room.news(eve), named("g", GroupNews::Uninvited));
    assert_eq!(room.news(alice), named("g", GroupNews::TurnedAway));
    assert_eq!(room.does(eve, "g", GroupRequest::Join), GroupOutcome::DoesNotExist);
    room.makes(eve, "g", JoinPolicy::Anyone, &[]);
}

#[test]
fn a_renamed_group_is_known_to_its_members_by_both_names_and_the_former_is_free() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    room.makes(alice, "g", JoinPolicy::Anyone, &["eve"]);
    assert!(room.joins(bob, "g"));
    let before = room.cx.applied;
    room.told.clear();
    let piled = format!("g{}", "\u{301}".repeat(5)).parse().unwrap();
    assert!(room.is_refused(alice, "g", GroupRequest::Rename(piled)), "checked like a new one");
    let renamed = room.does(alice, "g", GroupRequest::Rename("G".parse().unwrap()));
    let (at, to) = (room.cx.applied, "G".parse().unwrap());
    assert_eq!(renamed, GroupOutcome::Renamed { at, to }, "another spelling is no other's");
    room.told.clear();
    room.does(alice, "G", GroupRequest::Rename("h".parse().unwrap()));
    let told = room.told(bob);
    let is_it = |it: &Renaming| (it.from.as_str(), it.to.as_str()) == ("G", "h");
    assert!(matches!(&told[..], [Update::Renamed(renaming)] if is_it(renaming)), "{told:?}");
    let news = room.news(eve);
    let anew = ("h".to_owned(), GroupNews::Invited(name("alice")));
    assert_eq!(news, [("G".to_owned(), GroupNews::Uninvited), anew]);
    // What a member has said before hearing of it is for that group.
    assert!(matches!(room.says_in(bob, "g")[..], [Update::Sent(_)]));
    assert!(room.hears(alice));
    assert_eq!(room.does(eve, "g", GroupRequest::Join), GroupOutcome::DoesNotExist);
    room.makes(eve, "g", JoinPolicy::Anyone, &[]);
    // Who was away hears of both, in order, before anything else.
    room.asks(bob, Request::Sync(Some(before)));
    let told = room.told(bob);
    let names: Vec<_> = told
        .iter()
        .map(|update| {
            if let Update::Renamed(it) = update {
                return format!("{} {}", it.from, it.to);
            }
            assert!(matches!(update, Update::Synced(_)), "{update:?}");
            "synced".to_owned()
        })
        .collect();
    assert_eq!(names, ["g G", "G h", "synced"]);
    assert!(room.is_refused(eve, "g", GroupRequest::Rename("H".parse().unwrap())), "it is taken");
}

#[test]
fn who_was_away_learns_what_waits_for_them() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let eve = room.signs_in("eve");
    room.makes(bob, "b", JoinPolicy::Asking, &[]);
    room.asks(bob, Request::Leave(SignOutReason::Exit));
    room.makes(alice, "a", JoinPolicy::Invitation, &["bob"]);
    room.does(eve, "b", GroupRequest::Join);
    let credentials = Credentials::Password(name("bob"), Password::new("secretly").unwrap());
    let back = SessionKey(99);
    room.chat.handle(&mut room.cx, back, sign_in(credentials, here(2)));
    for action in room.cx.take_actions() {
        if let Action::Hash(ticket, _) = action {
            room.chat.handle_hashed(&mut room.cx, ticket, Hashed::Right(None));
        }
    }
    room.settle();
    room.told(back);
    room.asks(back, Request::Sync(None));
    let told = room.told(back);
    let [Update::GroupNews(a, invited), Update::GroupNews(b, asks), Update::Synced(_)] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((a.as_str(), invited), ("a", &GroupNews::Invited(name("alice"))));
    assert_eq!((b.as_str(), asks), ("b", &GroupNews::Asks(name("eve"))));
}

#[test]
fn invitations_and_requests_to_join_are_bounded() {
    let mut room = Room::new();
    let alice = room.signs_in("alice");
    let names: Vec<_> = (0..=GROUP_INVITED_MAX).map(|n| format!("user{n}")).collect();
    let keys: Vec<_> = names.iter().map(|name| room.signs_in(name)).collect();
    let all = GroupRequest::Create(JoinPolicy::Invitation, names.clone());
    assert!(room.is_refused(alice, "g", all), "one too many");
    let fitting = names[1..].to_vec();
    room.does(alice, "g", GroupRequest::Create(JoinPolicy::Invitation, fitting));
    let one_more = || GroupRequest::Invite(vec![names[0].clone()]);
    assert!(room.is_refused(alice, "g", one_more()));
    for key in &keys[1..GROUP_MEMBERS_MAX] {
        assert!(room.joins(*key, "g"));
    }
    assert!(room.is_refused(keys[GROUP_MEMBERS_MAX], "g", GroupRequest::Join), "it is full");
    assert!(!room.is_refused(alice, "g", one_more()), "for whoever leaves, there may come one");
    for n in 0..=ASKS_OF_USER_MAX {
        room.makes(alice, &format!("asking {n}"), JoinPolicy::Asking, &[]);
        let asked = room.does(keys[0], &format!("asking {n}"), GroupRequest::Join);
        assert_eq!(asked == GroupOutcome::Asked, n < ASKS_OF_USER_MAX, "{n}: {asked:?}");
    }
    for blocked in names.iter().take(BLOCKED_BY_USER_MAX + 1) {
        room.asks(alice, Request::Block(name(blocked), true));
        room.commit();
    }
    room.asks(alice, Request::Page(PageRequest::Blocked { after: None }));
    let told = room.told(alice);
    let blocked = told.iter().find_map(|update| {
        let Update::Page(PageAnswer::Blocked(names)) = update else { return None };
        Some(names.len())
    });
    assert_eq!(blocked, Some(BLOCKED_BY_USER_MAX));
}

/// As an original client makes a group, with everybody in it at once.
#[test]
fn s8_whoever_blocks_somebody_is_not_put_into_their_groups_either() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    room.asks(bob, Request::Block(name("eve"), true));
    room.commit();
    room.told.clear();
    room.group("g", eve, &["alice", "bob"]);
    assert_eq!((room.news(alice), room.news(bob)), (named("g", GroupNews::Added), vec![]));
    room.told.clear();
    room.says_in(eve, "g");
    assert!(room.hears(alice) && !room.hears(bob));
    assert!(is_not_a_member(&room.says_in(bob, "g")));
    assert!(room.joins(bob, "g"), "by his own word");
}

#[test]
fn s8_what_a_removed_member_has_invited_is_not_invited_any_more() {
    for quits in [false, true] {
        let mut room = Room::new();
        let (alice, eve) = (room.signs_in("alice"), room.signs_in("eve"));
        let (bob, dave) = (room.signs_in("bob"), room.signs_in("dave"));
        room.makes(alice, "g", JoinPolicy::Anyone, &["eve", "dave"]);
        assert!(room.joins(eve, "g"));
        room.does(eve, "g", GroupRequest::Invite(vec!["bob".to_owned()]));
        room.does(alice, "g", GroupRequest::SetPolicy(JoinPolicy::Invitation));
        room.told.clear();
        match quits {
            true => room.does(eve, "g", GroupRequest::Quit),
            false => room.does(alice, "g", GroupRequest::Remove(name("eve"))),
        };
        assert_eq!(room.news(bob), named("g", GroupNews::Uninvited));
        assert_eq!(room.news(dave), [], "the others stay");
        assert!(room.is_refused(bob, "g", GroupRequest::Join));
        assert!(room.joins(dave, "g"));
    }
}

#[test]
fn s8_a_group_counts_for_who_has_made_it_as_long_as_it_is_there() {
    let mut room = Room::new();
    room.cx.settings.quotas.groups = 2;
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    for group in ["g", "h"] {
        room.group(group, alice, &["bob"]);
        room.told.clear();
        assert_eq!(room.does(alice, group, GroupRequest::Quit), GroupOutcome::Quit);
    }
    let mut makes = |key, group| {
        let create = GroupRequest::Create(JoinPolicy::Invitation, vec![]);
        matches!(room.does(key, group, create), GroupOutcome::Created { .. })
    };
    assert!(!makes(alice, "a"), "hers are there still");
    assert!(makes(bob, "b") && makes(bob, "c"), "what was left to him is not his");
    assert!(!makes(bob, "d"));
    room.does(bob, "g", GroupRequest::Quit);
    let create = GroupRequest::Create(JoinPolicy::Invitation, vec![]);
    let made = room.does(alice, "a", create);
    assert!(matches!(made, GroupOutcome::Created { .. }), "nobody is left in one: {made:?}");
}

#[test]
fn s8_no_member_closes_an_open_group_with_invitations() {
    let mut room = Room::new();
    let (alice, eve, bob) = (room.signs_in("alice"), room.signs_in("eve"), room.signs_in("bob"));
    room.makes(alice, "g", JoinPolicy::Anyone, &[]);
    assert!(room.joins(eve, "g"));
    let names: Vec<_> = (0..GROUP_MEMBERS_MAX - 2).map(|n| format!("user{n}")).collect();
    for name in &names {
        room.signs_in(name);
    }
    for (n, some) in names.chunks(INVITED_BY_MEMBER_MAX).enumerate() {
        let is_refused = room.is_refused(eve, "g", GroupRequest::Invite(some.to_vec()));
        assert_eq!(is_refused, n > 0, "so many of hers may wait");
    }
    assert!(room.joins(bob, "g"), "he gets in");
    assert!(!room.is_refused(bob, "g", GroupRequest::Invite(vec![names[100].clone()])));
    // Not even all of them together keep anybody out.
    assert!(!room.is_refused(alice, "g", GroupRequest::Invite(names)));
    let dave = room.signs_in("dave");
    assert!(room.joins(dave, "g"));
}

#[test]
fn a_change_that_is_not_stored_is_told_to_nobody_else() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    room.makes(alice, "g", JoinPolicy::Invitation, &[]);
    let invite = GroupRequest::Invite(vec!["bob".to_owned()]);
    room.asks(alice, Request::Group("g".parse().unwrap(), invite));
    room.fail();
    let told = room.told(alice);
    assert!(matches!(&told[..], [Update::Group(_, GroupOutcome::Refused(_))]), "{told:?}");
    assert_eq!(room.told(bob), []);
    assert!(room.is_refused(bob, "g", GroupRequest::Join));
}
