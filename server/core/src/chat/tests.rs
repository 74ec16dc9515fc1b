//! The chat by itself: requests in, updates out, with a log that is written when a test says so.

mod consent;

use std::collections::BTreeMap;
use std::sync::Arc;

use netchat_shared::FreshKeys;
use netchat_shared::body::Body;
use netchat_shared::extended::NotSent;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Record, Seed, Setup};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Generation, Sequence};
use netchat_shared::time::UnixTime;

use super::*;
use crate::action::Action;
use crate::admission::Source;
use crate::context::testing::{EPOCH, context};
use crate::events::{
    Credentials, Destination, GroupNews, GroupOutcome, GroupRequest, NotSignedIn, Outcome,
    Outgoing, Renaming, Wants,
};
use crate::limits::FAN_OUT_PER_TURN_MAX;
use crate::peer::Peer;
use crate::storage::{
    ConversationId, DeliveryFailure, Draft, GroupRecord, Message, Origin, Placed, Standing, Target,
    UserRecord,
};

fn sign_in(credentials: Credentials, address: Peer) -> Request {
    let source = Source::claimed(address.ip());
    Request::SignIn { credentials, address, source, takes_token: false }
}

/// What is kept of a password that nobody proves in these tests.
fn record() -> Record {
    let zeros = format!("{}AA==", "AAAA".repeat(Record::BYTES / 3));
    Record::parse(&zeros).unwrap()
}

struct Room {
    cx: Context,
    chat: Chat,
    sessions: u64,
    users: u32,
    conversations: u32,
    messages: u128,
    /// Writes that are not carried out yet.
    waiting: Vec<(Ticket, Write)>,
    /// What each session was told and no test has looked at.
    told: BTreeMap<SessionKey, Vec<Update>>,
}

impl Room {
    fn new() -> Self {
        let mut cx = context();
        let snapshot = Snapshot {
            generation: Generation(1),
            head: Sequence::ZERO,
            users: vec![],
            groups: vec![],
            blocks: vec![],
            directs: vec![],
            tokens: vec![],
            clock: None,
        };
        let mut keys = FreshKeys::from_seed([1; 32]).0;
        let proofs = Proofs::new(Setup::random(Seed::draw(&mut keys)), keys);
        let chat = Chat::new(&mut cx, proofs, &snapshot);
        Self {
            cx,
            chat,
            sessions: 0,
            users: 0,
            conversations: 0,
            messages: 0,
            waiting: vec![],
            told: BTreeMap::new(),
        }
    }

    /// A new session that registers a name; not committed yet.
    fn registers(&mut self, name: &str) -> SessionKey {
        self.sessions += 1;
        let key = SessionKey(self.sessions);
        let password = Password::new("secretly").unwrap();
        let credentials = Credentials::New(name.parse().unwrap(), password);
        self.asks(key, sign_in(credentials, here(1)));
        key
    }

    fn signs_in(&mut self, name: &str) -> SessionKey {
        let key = self.registers(name);
        self.commit();
        assert!(matches!(self.told(key)[..], [Update::SignedIn(_)]), "{name}");
        key
    }

    fn asks(&mut self, key: SessionKey, request: Request) {
        self.chat.handle(&mut self.cx, key, request);
        self.settle();
    }

    fn sends(&mut self, key: SessionKey, to: &[Destination], wants: Wants) -> Vec<MessageId> {
        let mut ids = Vec::new();
        let messages = to.iter().map(|to| {
            self.messages += 1;
            let id = MessageId(self.messages);
            ids.push(id);
            let body = Some(Body::from_wire("x"));
            Outgoing { to: to.clone(), id, kind: MessageKind::Text, body }
        });
        let messages = messages.collect();
        self.asks(key, Request::Send { messages, wants });
        ids
    }

    /// Storage commits what waits.
    fn commit(&mut self) {
        for (ticket, write) in std::mem::take(&mut self.waiting) {
            let Write::Append(drafts) = write else {
                self.chat.handle_stored(&mut self.cx, ticket, Stored::Done);
                continue;
            };
            let mut placed = Vec::new();
            for (index, draft) in drafts.into_iter().enumerate() {
                self.apply(Origin { ticket, draft: index }, draft);
                placed.push(Placed::At(self.cx.applied));
            }
            self.chat.fan_out(&mut self.cx);
            self.chat.handle_stored(&mut self.cx, ticket, Stored::Placed(placed));
        }
        self.settle();
    }

    /// Storage can't.
    fn fail(&mut self) {
        for (ticket, _) in std::mem::take(&mut self.waiting) {
            self.chat.handle_stored(&mut self.cx, ticket, Stored::Failed);
        }
        self.settle();
    }

    fn apply(&mut self, origin: Origin, draft: Draft) {
        let next = self.cx.applied.next();
        let change = match draft {
            Draft::User { name, password, address } => {
                self.users += 1;
                let id = UserId(self.users);
                Change::User(UserRecord { id, name, password, address, since: next })
            }
            Draft::Group { name, policy, members, invited } => {
                self.conversations += 1;
                let creator = members[0];
                let maker = Standing::Invited(creator);
                let members = members.into_iter().map(|user| (user, next)).collect();
                Change::Group(GroupRecord {
                    id: ConversationId(self.conversations),
                    name,
                    creator,
                    policy,
                    members,
                    others: invited.into_iter().map(|user| (user, maker)).collect(),
                    former_names: vec![],
                })
            }
            Draft::Message(draft) => {
                let conversation = match draft.to {
                    Target::Known(id) => id,
                    Target::Direct(one, other) => {
                        self.conversations += 1;
                        let id = ConversationId(self.conversations);
                        self.enter(Some(origin), Change::Direct(id, one, other));
                        id
                    }
                };
                let message = Message {
                    sequence: self.cx.applied.next(),
                    time: EPOCH,
                    conversation,
                    sender: draft.sender,
                    id: draft.id,
                    kind: draft.kind,
                    body: draft.body,
                };
                Change::Message(Arc::new(message))
            }
            Draft::Join(group, user, _) => Change::Join(group, user),
            Draft::Quit(group, user) => Change::Quit(group, user),
            Draft::Remove { group, user, .. } => Change::Remove(group, user),
            Draft::Rename(group, _, name) => Change::Rename(group, name),
            Draft::Policy(group, _, policy) => Change::Policy(group, policy),
            Draft::Block { user, other, is_blocked } => Change::Block { user, other, is_blocked },
            Draft::Settings { user, text, .. } => Change::Settings(user, text),
            Draft::Standing(id, user, step) => {
                let Some(Kind::Group(group)) = self.chat.directory().kind(id) else {
                    panic!("a group")
                };
                let by = step.by().and_then(|by| group.role(by));
                let standing = step.apply(group.policy, group.standing(user), by);
                Change::Standing(id, user, standing.expect("what the step begins with"))
            }
            Draft::Password { user, password, .. }
            | Draft::RenewedPassword { user, password, .. } => Change::Password(user, password),
        };
        self.enter(Some(origin), change);
    }

    fn enter(&mut self, origin: Option<Origin>, change: Change) {
        let sequence = self.cx.applied.next();
        let entry = Entry { sequence, time: EPOCH, origin, change };
        self.chat.handle_entry(&mut self.cx, &entry);
    }

    fn settle(&mut self) {
        loop {
            let actions = self.cx.take_actions();
            for (key, update) in self.cx.take_updates() {
                self.told.entry(key).or_default().push(update);
            }
            if actions.is_empty() {
                return;
            }
            for action in actions {
                if let Action::Hash(ticket, _) = action {
                    let hashed = Hashed::Created(record());
                    self.chat.handle_hashed(&mut self.cx, ticket, hashed);
                } else if let Action::Store(ticket, write) = action {
                    self.waiting.push((ticket, write));
                }
            }
        }
    }

    /// What a session was told since the last look, presence aside.
    fn told(&mut self, key: SessionKey) -> Vec<Update> {
        let told = self.told.remove(&key).unwrap_or_default();
        told.into_iter().filter(|update| !matches!(update, Update::Presence(_))).collect()
    }

    fn group(&mut self, name: &str, maker: SessionKey, members: &[&str]) -> GroupName {
        let name: GroupName = name.parse().unwrap();
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.asks(maker, Request::Group(name.clone(), GroupRequest::CreateOpen(members)));
        self.commit();
        name
    }
}

fn to(name: &str) -> Destination {
    Destination::User(name.to_owned())
}

fn in_flight(update: &Update) -> InFlight {
    let Update::Message(delivery) = update else { panic!("{update:?}") };
    InFlight { sequence: delivery.message.sequence, sender: delivery.message.sender }
}

#[test]
fn nobody_is_told_of_a_message_before_the_log_has_it() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let id = room.sends(alice, &[to("bob")], Wants::Storage)[0];
    assert_eq!((room.told(alice), room.told(bob)), (vec![], vec![]));
    room.commit();
    let told = room.told(alice);
    assert!(matches!(&told[..], [Update::Sent(sent)] if sent.message.id == id));
    assert!(matches!(&room.told(bob)[..], [Update::Message(it)] if it.message.id == id));
}

#[test]
fn what_is_not_stored_is_refused_and_nobody_else_hears_of_it() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    room.sends(alice, &[to("bob"), to("nobody")], Wants::Storage);
    room.fail();
    let whys: Vec<_> = room
        .told(alice)
        .into_iter()
        .map(|update| {
            let Update::NotSent { why, .. } = update else { panic!("{update:?}") };
            why
        })
        .collect();
    assert_eq!(whys, [NotSent::NotStored, NotSent::NoSuchUser]);
    assert_eq!(room.told(bob), []);
}

#[test]
fn several_messages_are_answered_in_their_order() {
    let mut room = Room::new();
    let alice = room.signs_in("alice");
    let (_bob, _carol) = (room.signs_in("bob"), room.signs_in("carol"));
    let targets = [to("x"), to("bob"), to("y"), to("carol"), to("z")];
    let ids = room.sends(alice, &targets, Wants::EachRecipient);
    room.commit();
    let answered: Vec<_> = room
        .told(alice)
        .iter()
        .map(|update| {
            if let Update::Sent(sent) = update {
                return sent.message.id;
            }
            let Update::NotSent { id, .. } = update else { panic!("{update:?}") };
            *id
        })
        .collect();
    assert_eq!(answered, ids);
}

#[test]
fn a_name_whose_account_was_not_stored_is_free_again() {
    let mut room = Room::new();
    let first = room.registers("alice");
    let second = room.registers("alice");
    let taken = Update::NotSignedIn(NotSignedIn::NotRegistered(crate::Refusal::NameTaken));
    assert_eq!(room.told(second), [taken], "somebody else's request is under way");
    room.fail();
    let full = Update::NotSignedIn(NotSignedIn::NotRegistered(crate::Refusal::Full));
    assert_eq!(room.told(first), [full]);
    room.signs_in("alice");
}

#[test]
fn a_message_is_lost_when_every_session_of_its_recipient_has_given_it_up() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let elsewhere = SessionKey(99);
    let credentials =
        Credentials::Password("bob".parse().unwrap(), Password::new("secretly").unwrap());
    room.chat.handle(&mut room.cx, elsewhere, sign_in(credentials, here(2)));
    for action in room.cx.take_actions() {
        if let Action::Hash(ticket, _) = action {
            room.chat.handle_hashed(&mut room.cx, ticket, Hashed::Right(None));
        }
    }
    room.settle();
    room.told(elsewhere);
    room.sends(alice, &[to("bob")], Wants::EachRecipient);
    room.commit();
    room.told(alice);
    let message = in_flight(&room.told(bob)[0]);
    let gave_up = || Request::GaveUp { handed: vec![message], why: GaveUp::Unanswered };
    room.asks(bob, gave_up());
    assert_eq!(room.told(alice), [], "the other session may still deliver it");
    room.asks(elsewhere, gave_up());
    let told = room.told(alice);
    let lost = Update::Outcome(Outcome::Failed(DeliveryFailure::Lost));
    assert!(told.contains(&lost), "{told:?}");
}

#[test]
fn whoever_could_not_be_told_later_hears_that_a_recipient_left() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    room.sends(alice, &[to("bob")], Wants::EachRecipient);
    room.commit();
    room.told(alice);
    room.asks(bob, Request::Leave(SignOutReason::Exit));
    let told = room.told(alice);
    assert!(told.contains(&Update::Outcome(Outcome::Failed(DeliveryFailure::Lost))), "{told:?}");
}

#[test]
fn a_message_is_for_those_who_were_members_when_it_came() {
    let mut room = Room::new();
    let (alice, bob, eve) = (room.signs_in("alice"), room.signs_in("bob"), room.signs_in("eve"));
    let name = room.group("g", alice, &["bob"]);
    room.told.clear();
    room.sends(alice, &[Destination::Group(name.clone())], Wants::Storage);
    room.asks(eve, Request::Group(name.clone(), GroupRequest::Join));
    room.asks(bob, Request::Group(name, GroupRequest::Quit));
    // All three in the log before anything is handed out.
    for (ticket, write) in std::mem::take(&mut room.waiting) {
        if let Write::Append(mut drafts) = write {
            room.apply(Origin { ticket, draft: 0 }, drafts.remove(0));
        }
    }
    room.chat.fan_out(&mut room.cx);
    room.settle();
    let is_message = |update: &Update| matches!(update, Update::Message(_));
    assert!(room.told(bob).iter().any(is_message), "he was there");
    assert!(!room.told(eve).iter().any(is_message), "she was not");
}

#[test]
fn nobody_changes_or_is_handed_changes_of_what_they_may_not_read() {
    let mut room = Room::new();
    let (alice, eve) = (room.signs_in("alice"), room.signs_in("eve"));
    let name = room.group("g", alice, &[]);
    room.sends(alice, &[Destination::Group(name.clone())], Wants::Storage);
    room.commit();
    let of = room.cx.applied;
    room.asks(eve, Request::Group(name.clone(), GroupRequest::Join));
    room.commit();
    room.told.clear();
    let change = |kind| Outgoing {
        to: Destination::Group(name.clone()),
        id: MessageId(99),
        kind,
        body: Some(Body::from_wire("x")),
    };
    let (messages, wants) = (vec![change(MessageKind::Reaction(of))], Wants::Storage);
    room.asks(eve, Request::Send { messages, wants });
    let told = room.told(eve);
    let refused = matches!(told[..], [Update::NotSent { why: NotSent::NoSuchMessage, .. }]);
    assert!(refused, "{told:?}");
    let messages = vec![change(MessageKind::Edit(of))];
    room.asks(alice, Request::Send { messages, wants });
    room.commit();
    assert_eq!(room.told(eve), [], "the text of an edit is that of the line");
}

#[test]
fn a_word_for_a_later_message_is_none_for_one_that_was_given_up() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let other = SessionOfUser {
        user: UserId(2),
        address: here(2),
        token: None,
        since: UnixTime { millis: 0 },
        is_away: false,
    };
    room.chat.people.presence.enter(&mut room.cx, SessionKey(50), other);
    room.sends(alice, &[to("bob"), to("bob")], Wants::EachRecipient);
    room.commit();
    room.told(alice);
    let handed: Vec<_> = room.told(bob).iter().map(in_flight).collect();
    room.asks(bob, Request::GaveUp { handed: vec![handed[0]], why: GaveUp::Unanswered });
    let up_to = handed[1].sequence;
    room.asks(bob, Request::Received { up_to, handed: vec![handed[1]] });
    let outcomes = room.told(alice);
    let outcomes: Vec<_> =
        outcomes.iter().filter(|update| matches!(update, Update::Outcome(_))).collect();
    let lost = Update::Outcome(Outcome::Failed(DeliveryFailure::Lost));
    let received = Update::Outcome(Outcome::Received("bob".parse().unwrap()));
    assert_eq!(outcomes, [&lost, &received]);
}

#[test]
fn what_cannot_be_read_is_asked_for_again_but_not_at_once() {
    let mut room = Room::new();
    let alice = room.signs_in("alice");
    room.chat.handle(&mut room.cx, alice, Request::Backlog(Sequence::ZERO));
    let loads = |cx: &mut Context| {
        let actions = cx.take_actions().into_iter();
        let tickets = actions.filter_map(|action| {
            let Action::Load(ticket, _) = action else { return None };
            Some(ticket)
        });
        tickets.collect::<Vec<_>>()
    };
    let tickets = loads(&mut room.cx);
    assert_eq!(tickets.len(), 1);
    room.chat.handle_loaded(&mut room.cx, tickets[0], Loaded::Failed);
    assert_eq!(room.cx.take_updates(), [], "its session goes on waiting");
    assert_eq!(loads(&mut room.cx), []);
    room.chat.handle_timeout(&mut room.cx, TimerKey::PageAgain);
    assert_eq!(loads(&mut room.cx).len(), 1);
}

#[test]
fn a_message_to_many_goes_out_in_turns_and_a_later_one_stays_behind_it() {
    let mut room = Room::new();
    let alice = room.signs_in("alice");
    let names: Vec<_> = (0..FAN_OUT_PER_TURN_MAX + 10).map(|n| format!("user{n}")).collect();
    let keys: Vec<_> = names.iter().map(|name| room.signs_in(name)).collect();
    let members: Vec<_> = names.iter().map(String::as_str).collect();
    let group = Destination::Group(room.group("many", alice, &members));
    keys.iter().for_each(|&key| drop(room.told(key)));
    let first = room.sends(alice, &[group], Wants::Storage)[0];
    let second = room.sends(alice, &[to(names.last().unwrap())], Wants::Storage)[0];
    // Both are in the log before the first turn.
    for (ticket, write) in std::mem::take(&mut room.waiting) {
        if let Write::Append(mut drafts) = write {
            room.apply(Origin { ticket, draft: 0 }, drafts.remove(0));
        }
    }
    room.chat.fan_out(&mut room.cx);
    room.settle();
    assert_eq!(room.told(*keys.last().unwrap()), [], "its turn has not come");
    assert!(!room.told(keys[0]).is_empty());
    room.chat.fan_out(&mut room.cx);
    room.settle();
    let ids: Vec<_> = room
        .told(*keys.last().unwrap())
        .iter()
        .map(|update| {
            let Update::Message(delivery) = update else { panic!("{update:?}") };
            delivery.message.id
        })
        .collect();
    assert_eq!(ids, [first, second]);
}

#[test]
fn a_group_exists_when_the_log_has_it_and_its_members_learn_of_it() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    let name: GroupName = "g".parse().unwrap();
    let members = vec!["bob".to_owned(), "ghost".to_owned()];
    room.asks(alice, Request::Group(name.clone(), GroupRequest::CreateOpen(members.clone())));
    room.fail();
    let told = room.told(alice);
    assert!(matches!(&told[..], [Update::Group(_, GroupOutcome::Refused(_))]), "{told:?}");
    room.asks(alice, Request::Group(name.clone(), GroupRequest::Find));
    assert_eq!(room.told(alice), [Update::Group(name.clone(), GroupOutcome::Found(false))]);
    room.asks(alice, Request::Group(name.clone(), GroupRequest::CreateOpen(members)));
    room.commit();
    let told = room.told(alice);
    let [Update::Group(_, GroupOutcome::Created { members, unknown, .. })] = &told[..] else {
        panic!("{told:?}")
    };
    let members: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((members, &unknown[..]), (vec!["alice", "bob"], &["ghost".to_owned()][..]));
    assert_eq!(room.told(bob), [Update::GroupNews(name, GroupNews::Added)]);
}

#[test]
fn who_begins_a_conversation_is_told_that_the_other_is_here() {
    let mut room = Room::new();
    let (alice, bob) = (room.signs_in("alice"), room.signs_in("bob"));
    room.chat.handle_timeout(&mut room.cx, TimerKey::Presence);
    room.settle();
    room.told.clear();
    room.sends(alice, &[to("bob")], Wants::Storage);
    room.commit();
    room.chat.handle_timeout(&mut room.cx, TimerKey::Presence);
    room.settle();
    let came = |told: &[Update]| -> Vec<UserName> {
        let changes = told.iter().filter_map(|update| {
            let Update::Presence(change) = update else { return None };
            Some(change.came.clone())
        });
        changes.flatten().collect()
    };
    assert_eq!(came(&room.told[&alice]), ["bob".parse().unwrap()]);
    assert_eq!(came(&room.told[&bob]), ["alice".parse().unwrap()]);
}

fn here(port: u16) -> Peer {
    Peer::from(std::net::SocketAddr::from(([127, 0, 0, 1], port)))
}
