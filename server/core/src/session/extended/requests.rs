//! What a client that is signed in asks for.

use netchat_shared::body::{Body, Judgement};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, GroupAction, HistoryFrom, NotSent, PasswordReply, ServerMessage,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::{LINK_MESSAGE_BYTES_MAX, TYPING_INTERVAL};
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Proof, Upload};
use netchat_shared::sequence::{Position, Sequence};

use super::ExtendedSession;
use super::stage::{PasswordStep, Stage};
use crate::action::{Refusal, SignOutReason};
use crate::context::Context;
use crate::events::{
    AccountRequest, Destination, GroupRequest, Outgoing, PageRequest, Request, Wants,
};
use crate::limits::REACTION_BODY_BYTES_MAX;

/// What stands around a body in a message to a recipient or back to its sender: names of 128 bytes,
/// and as many receipts as are told.
const AROUND_BODY_BYTES_MAX: usize = 16 * 1_024;

impl ExtendedSession {
    pub(super) fn handle_request(&mut self, cx: &mut Context, message: ClientMessage) {
        match message {
            ClientMessage::Sync(position) => self.sync(cx, position),
            ClientMessage::Send { id, to, kind, body } => {
                if let Err(why) = self.check(cx, &kind, body.as_ref()) {
                    return self.answer(&ServerMessage::NotSent(id, why));
                }
                if let Stage::SignedIn(signed_in) = &mut self.stage {
                    signed_in.sends_under_way += 1;
                }
                let messages = vec![Outgoing { to: destination(&to), id, kind, body }];
                cx.request(self.key, Request::Send { messages, wants: Wants::Storage });
            }
            ClientMessage::Received(sequence) => self.handle_receipt(cx, sequence),
            ClientMessage::Corrupted(sequence) => self.handle_corrupted(cx, sequence),
            ClientMessage::Read(conversation, sequence) => {
                // Nobody has read what is not there.
                let sequence = sequence.min(cx.applied);
                cx.request(self.key, Request::Read(conversation, sequence));
            }
            ClientMessage::Typing(conversation) => self.handle_typing(cx, conversation),
            ClientMessage::SignOut => self.sign_out(cx),
            ClientMessage::Device(device) => {
                cx.request(self.key, Request::Account(AccountRequest::Describe(device)));
            }
            ClientMessage::Sessions => self.ask_account(cx, AccountRequest::Sessions),
            ClientMessage::EndSession(id) => self.ask_account(cx, AccountRequest::EndSession(id)),
            ClientMessage::EndOtherSessions => {
                self.ask_account(cx, AccountRequest::EndOtherSessions);
            }
            ClientMessage::Prove(request) => {
                self.ask_account(cx, AccountRequest::Prove(request, self.link.hash()));
            }
            ClientMessage::Enrol(it, _) => self.ask_account(cx, AccountRequest::Enrol(it)),
            ClientMessage::ChangePassword { proof, upload, ends_others } => {
                self.change_password(cx, proof, &upload, ends_others);
            }
            ClientMessage::SetSettings(based_on, text) => {
                self.ask(cx, Request::SetSettings(based_on, text));
            }
            ClientMessage::Unwatch => cx.request(self.key, Request::Watch(false)),
            ClientMessage::NewGroup(group, policy, names) => {
                let create = GroupRequest::Create(policy, names.into_vec());
                self.ask(cx, Request::Group(group, create));
            }
            ClientMessage::Group(group, action) => self.handle_group_action(cx, group, action),
            ClientMessage::Invitations => self.ask(cx, Request::Waiting),
            ClientMessage::Block(name, is_blocked) => {
                self.ask(cx, Request::Block(name, is_blocked));
            }
            ClientMessage::JoinGroup(group) => {
                self.ask(cx, Request::Group(group, GroupRequest::Join));
            }
            ClientMessage::QuitGroup(group) => {
                self.ask(cx, Request::Group(group, GroupRequest::Quit));
            }
            ClientMessage::Watch(_)
            | ClientMessage::Receipts(..)
            | ClientMessage::History { .. }
            | ClientMessage::Lines { .. }
            | ClientMessage::Overview(_)
            | ClientMessage::Groups(_)
            | ClientMessage::Members(..)
            | ClientMessage::Blocked(_)
            | ClientMessage::GetSettings
            | ClientMessage::Receivers(..) => self.handle_page_request(cx, message),
            // Repetitions from before the sign-in.
            ClientMessage::Unlock(_)
            | ClientMessage::Name(_)
            | ClientMessage::Enrolled(_)
            | ClientMessage::Proof(_)
            | ClientMessage::Resume(_) => {}
        }
    }

    fn handle_page_request(&mut self, cx: &mut Context, message: ClientMessage) {
        let page = match message {
            ClientMessage::Watch(after) => {
                cx.request(self.key, Request::Watch(true));
                PageRequest::Online { after }
            }
            ClientMessage::Receipts(since, names) => {
                cx.request(self.key, Request::ReceivedBy(names.into_vec()));
                PageRequest::Failures { since }
            }
            ClientMessage::History { conversation, before, limit } => {
                if let Stage::SignedIn(signed_in) = &mut self.stage {
                    signed_in.is_history_of_before = true;
                }
                PageRequest::History { conversation, from: HistoryFrom::Before(before), limit }
            }
            ClientMessage::Lines { conversation, from, limit } => {
                PageRequest::History { conversation, from, limit }
            }
            ClientMessage::Overview(before) => PageRequest::Overview { before },
            ClientMessage::Groups(after) => PageRequest::Groups { after },
            ClientMessage::Members(group, after) => PageRequest::Members { group, after },
            ClientMessage::GetSettings => PageRequest::Settings,
            ClientMessage::Blocked(after) => PageRequest::Blocked { after },
            ClientMessage::Receivers(conversation, sequence, after) => {
                PageRequest::Receivers { conversation, sequence, after }
            }
            // Those that ask for no page.
            ClientMessage::Unlock(_)
            | ClientMessage::Name(_)
            | ClientMessage::Enrol(..)
            | ClientMessage::Enrolled(_)
            | ClientMessage::Prove(_)
            | ClientMessage::Proof(_)
            | ClientMessage::Resume(_)
            | ClientMessage::Sync(_)
            | ClientMessage::Send { .. }
            | ClientMessage::Received(_)
            | ClientMessage::Corrupted(_)
            | ClientMessage::Read(..)
            | ClientMessage::Typing(_)
            | ClientMessage::Unwatch
            | ClientMessage::NewGroup(..)
            | ClientMessage::JoinGroup(_)
            | ClientMessage::QuitGroup(_)
            | ClientMessage::Group(..)
            | ClientMessage::Invitations
            | ClientMessage::Block(..)
            | ClientMessage::Device(_)
            | ClientMessage::Sessions
            | ClientMessage::EndSession(_)
            | ClientMessage::EndOtherSessions
            | ClientMessage::ChangePassword { .. }
            | ClientMessage::SetSettings(..)
            | ClientMessage::SignOut => return,
        };
        self.ask(cx, Request::Page(page));
    }

    fn handle_group_action(&mut self, cx: &mut Context, group: GroupName, action: GroupAction) {
        let request = match action {
            GroupAction::Decline => GroupRequest::Decline,
            GroupAction::Invite(names) => GroupRequest::Invite(names.into_vec()),
            GroupAction::Admit(name) => GroupRequest::Admit(name),
            GroupAction::TurnAway(name) => GroupRequest::TurnAway(name),
            GroupAction::Remove(name) => GroupRequest::Remove(name),
            GroupAction::Rename(name) => GroupRequest::Rename(name),
            GroupAction::SetPolicy(policy) => GroupRequest::SetPolicy(policy),
            GroupAction::Describe => GroupRequest::Describe,
        };
        self.ask(cx, Request::Group(group, request));
    }

    /// Asks the chat for something that is answered; nothing more is read until it is.
    fn ask(&mut self, cx: &mut Context, request: Request) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            signed_in.awaits_answer = true;
            cx.request(self.key, request);
        }
    }

    fn change_password(
        &mut self,
        cx: &mut Context,
        proof: Proof,
        upload: &Upload,
        ends_others: bool,
    ) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let PasswordStep { proof: begun, enrolment } = std::mem::take(&mut signed_in.step);
        let record = enrolment.and_then(|id| upload.accept(id).ok());
        match begun.zip(record) {
            Some((begun, record)) => {
                let change = AccountRequest::ChangePassword { proof, begun, record, ends_others };
                self.ask_account(cx, change);
            }
            None => self.answer(&ServerMessage::Password(PasswordReply::Wrong)),
        }
    }

    fn ask_account(&mut self, cx: &mut Context, request: AccountRequest) {
        self.ask(cx, Request::Account(request));
    }

    /// The client wants messages from there on. A place in another log says nothing in this one.
    fn sync(&self, cx: &mut Context, position: Option<Position>) {
        let here = position.filter(|position| position.generation == cx.generation);
        cx.request(self.key, Request::Sync(here.map(|position| position.sequence)));
    }

    fn check(
        &self,
        cx: &mut Context,
        kind: &MessageKind,
        body: Option<&Body>,
    ) -> Result<(), NotSent> {
        let Stage::SignedIn(signed_in) = &self.stage else { return Err(NotSent::Malformed) };
        match (kind, body) {
            (MessageKind::Unknown(_), _) => Err(NotSent::UnknownKind),
            (MessageKind::Deletion(_), None) => Ok(()),
            (MessageKind::Deletion(_), Some(_)) | (_, None) => Err(NotSent::Malformed),
            (MessageKind::Reaction(_), Some(body))
                if body.as_str().len() > REACTION_BODY_BYTES_MAX =>
            {
                Err(NotSent::Malformed)
            }
            (_, Some(body)) => self.check_body(cx, &signed_in.name, body),
        }
    }

    fn check_body(&self, cx: &mut Context, name: &UserName, body: &Body) -> Result<(), NotSent> {
        // What stands around it must fit a message to the recipient too.
        if body.as_str().len() > LINK_MESSAGE_BYTES_MAX - AROUND_BODY_BYTES_MAX {
            return Err(NotSent::Malformed);
        }
        match body.judge(name) {
            Judgement::Genuine | Judgement::Corrupted => Ok(()),
            Judgement::Malformed => Err(NotSent::Malformed),
            Judgement::Forged => {
                cx.refuse(self.path, Refusal::Forged);
                Err(NotSent::Forged)
            }
        }
    }

    /// Everything up to there has arrived.
    fn handle_receipt(&mut self, cx: &mut Context, sequence: Sequence) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        // Nothing beyond what it was handed, nor what is not in the log here: that is its own word.
        let Some(after) = signed_in.cursor.after() else { return };
        let up_to = sequence.min(after).min(cx.applied);
        let count = signed_in.in_flight.partition_point(|message| message.sequence <= up_to);
        let handed = signed_in.in_flight.drain(..count).collect();
        cx.request(self.key, Request::Received { up_to, handed });
    }

    fn handle_corrupted(&mut self, cx: &mut Context, sequence: Sequence) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let in_flight = &mut signed_in.in_flight;
        let at = in_flight.binary_search_by_key(&sequence, |message| message.sequence);
        if let Some(message) = at.ok().and_then(|at| in_flight.remove(at)) {
            cx.request(self.key, Request::Corrupted(message));
        }
    }

    fn handle_typing(&mut self, cx: &mut Context, conversation: Conversation) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let now = cx.monotonic();
        if signed_in.typed_at.is_none_or(|at| now >= at + TYPING_INTERVAL) {
            signed_in.typed_at = Some(now);
            cx.request(self.key, Request::Typing(conversation));
        }
    }

    /// The token is worth nothing any more, and the session is over.
    fn sign_out(&mut self, cx: &mut Context) {
        cx.request(self.key, Request::Account(AccountRequest::SignOut));
        self.say_goodbye(cx, SignOutReason::Exit);
    }

    /// Its user has ended it elsewhere.
    pub(super) fn end_from_elsewhere(&mut self, cx: &mut Context) {
        // If there is no room for it, the client learns when it wants to go on.
        let _ = self.link.send(&ServerMessage::SignedOut.to_wire());
        self.say_goodbye(cx, SignOutReason::EndedElsewhere);
    }

    fn say_goodbye(&mut self, cx: &mut Context, why: SignOutReason) {
        self.link.say_bye();
        self.send_packets(cx);
        self.ended = Some(why);
    }
}

fn destination(to: &Conversation) -> Destination {
    match to {
        Conversation::Everyone => Destination::Everyone,
        Conversation::Group(name) => Destination::Group(name.clone()),
        Conversation::User(name) => Destination::User(name.to_string()),
    }
}
