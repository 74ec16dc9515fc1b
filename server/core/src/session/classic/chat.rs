//! The chat phase: what an original client asks for, and the words in which it is told.

use netchat_shared::body::{Body, Judgement, Opened};
use netchat_shared::classic::{ChatCommand, Notice, Recipients, Roster, RosterEntry};
use netchat_shared::extended::NotSent;
use netchat_shared::kind::MessageKind;
use netchat_shared::name::{GroupName, UserName};

use super::ClassicSession;
use super::stage::{Signature, Stage};
use crate::action::{Refusal, SignOutReason};
use crate::context::Context;
use crate::events::{
    Destination, GroupNews, GroupOutcome, GroupRequest, Outcome, Outgoing, RecipientPresence,
    Renaming, Request, Sent, Update, Wants,
};
use crate::limits::REFUSED_TOLD_INTERVAL;
use crate::session::costs;
use crate::storage::DeliveryFailure;

/// Most bytes of invitations in the line that an original client is told at first; the rest are counted.
const INVITATION_LINE_BYTES_MAX: usize = 1_024;

/// For a client that is not signed in and sends as if it were.
const SIGN_IN_FIRST: &str = "SERVER: Sign in with a password first.";

impl ClassicSession {
    pub(super) fn handle_chat_command(&mut self, cx: &mut Context, command: ChatCommand) {
        match &mut self.stage {
            Stage::SignedIn(signed_in) => {
                signed_in.is_chatting = true;
                // Not where an original client waits for an answer about a group, or to its sign-in.
                let waits_for_none = matches!(
                    command,
                    ChatCommand::Chat(..)
                        | ChatCommand::GroupChat(..)
                        | ChatCommand::Active
                        | ChatCommand::Leave
                );
                if waits_for_none && !std::mem::replace(&mut signed_in.knows_invitations, true) {
                    cx.request(self.key, Request::Waiting);
                }
                let signature = signed_in.signature.clone();
                self.handle_signed_in(cx, &signature, command);
            }
            Stage::Registering(_, kept) => kept.keep(command.into()),
            Stage::Named { guest_at: Some(_), name } => {
                let name = name.clone();
                self.enter_as_guest(cx, name);
                self.handle_chat_command(cx, command);
            }
            Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying(_) => {
                self.handle_not_signed_in(cx, &command);
            }
        }
    }

    fn handle_not_signed_in(&mut self, cx: &mut Context, command: &ChatCommand) {
        match command {
            ChatCommand::Exit(_) => self.ended = Some(SignOutReason::Exit),
            ChatCommand::Leave | ChatCommand::Received => {}
            ChatCommand::Chat(..)
            | ChatCommand::GroupChat(..)
            | ChatCommand::NewGroup(..)
            | ChatCommand::JoinGroup(_)
            | ChatCommand::QuitGroup(_)
            | ChatCommand::CheckForGroup(_)
            | ChatCommand::Active => {
                self.notify(cx, &Notice::Line(SIGN_IN_FIRST.to_owned()));
            }
        }
    }

    fn handle_signed_in(&mut self, cx: &mut Context, signature: &Signature, command: ChatCommand) {
        if command == ChatCommand::Received {
            return self.handle_received(cx);
        }
        self.handle_sign_of_life(cx);
        if self.is_refused(cx, &command) {
            return;
        }
        let group = |name: GroupName, request| Request::Group(name, request);
        let request = match command {
            ChatCommand::Chat(recipients, body) => {
                return self.handle_chat(cx, signature, &recipients, body);
            }
            ChatCommand::GroupChat(group, body) => {
                if let Some(body) = self.accept_body(cx, signature, body) {
                    self.send(cx, vec![Destination::Group(group)], &body);
                }
                return;
            }
            ChatCommand::NewGroup(name, members) => group(name, GroupRequest::CreateOpen(members)),
            ChatCommand::JoinGroup(name) => group(name, GroupRequest::Join),
            ChatCommand::QuitGroup(name) => group(name, GroupRequest::Quit),
            ChatCommand::CheckForGroup(name) => group(name, GroupRequest::Find),
            ChatCommand::Active => Request::Roster,
            ChatCommand::Exit(_) => {
                self.ended = Some(SignOutReason::Exit);
                return;
            }
            ChatCommand::Leave | ChatCommand::Received => return,
        };
        cx.request(self.key, request);
    }

    /// Whether its account has spent what it may. Nothing holds an original client back, so what it asks
    /// is not done, and it is told: now and then, or the lines were as many.
    fn is_refused(&mut self, cx: &mut Context, command: &ChatCommand) -> bool {
        if let ChatCommand::Exit(_) | ChatCommand::Leave = command {
            return false;
        }
        let now = cx.monotonic();
        let Stage::SignedIn(signed_in) = &mut self.stage else { return false };
        if signed_in.refused_until.is_none_or(|until| until <= now) {
            let slowed = cx.slowed(signed_in.user);
            signed_in.refused_until = slowed.map(|slowed| cx.draw_turn(slowed));
        }
        let Some(until) = signed_in.refused_until else {
            let (on, cost) = costs::of_command(command);
            cx.spend(signed_in.user, on, cost);
            return false;
        };
        cx.refuse(self.address, Refusal::Quota);
        if signed_in.refused_told_at.is_none_or(|at| now >= at + REFUSED_TOLD_INTERVAL) {
            signed_in.refused_told_at = Some(now);
            let seconds = until.saturating_since(now).as_millis().div_ceil(1_000);
            let line = format!(
                "SERVER: Too much at once: this was not done. Please wait {seconds} s, then again."
            );
            self.notify(cx, &Notice::Line(line));
        }
        true
    }

    fn handle_received(&mut self, cx: &mut Context) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let was_silent = signed_in.outbox.is_silent();
        let acknowledged = signed_in.outbox.acknowledge(cx.monotonic());
        if was_silent {
            cx.request(self.key, Request::Away(false));
        }
        if let Some(handed) = acknowledged {
            let (up_to, handed) = (handed.sequence, vec![handed]);
            cx.request(self.key, Request::Received { up_to, handed });
        }
    }

    /// A client that answered no probe and now speaks is there again.
    fn handle_sign_of_life(&mut self, cx: &mut Context) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        if signed_in.outbox.is_silent() {
            signed_in.outbox.heard(cx.monotonic());
            cx.request(self.key, Request::Away(false));
        }
    }

    fn handle_chat(
        &mut self,
        cx: &mut Context,
        signature: &Signature,
        recipients: &Recipients,
        body: Body,
    ) {
        let Some(body) = self.accept_body(cx, signature, body) else { return };
        let to = match recipients {
            Recipients::Everyone => vec![Destination::Everyone],
            // A message to each of these names by itself.
            Recipients::Named(names) => names.iter().cloned().map(Destination::User).collect(),
        };
        self.send(cx, to, &body);
    }

    fn send(&self, cx: &mut Context, to: Vec<Destination>, body: &Body) {
        let mut outgoing = |to| Outgoing {
            to,
            id: cx.ids.draw(),
            kind: MessageKind::Text,
            body: Some(body.clone()),
        };
        let messages = to.into_iter().map(&mut outgoing).collect();
        cx.request(self.key, Request::Send { messages, wants: Wants::EachRecipient });
    }

    /// A body as it may be passed on; if it may not, its sender is told why.
    fn accept_body(&mut self, cx: &mut Context, signature: &Signature, body: Body) -> Option<Body> {
        let name = &signature.name;
        let body = signature.in_own_spelling(body);
        let refusal = match body.judge(name) {
            Judgement::Genuine | Judgement::Corrupted => return Some(body),
            Judgement::Forged => {
                cx.refuse(self.address, Refusal::Forged);
                format!("SERVER: Message refused: you are {name}, sign with your own name.")
            }
            Judgement::Malformed => "SERVER: Message not understood. Please send again.".to_owned(),
        };
        self.notify(cx, &Notice::Line(refusal));
        None
    }

    /// What the chat tells, in words; what classic delivery has no words for is left out.
    pub(super) fn update_chat(&mut self, cx: &mut Context, update: &Update) {
        let notice = match update {
            Update::Sent(sent) => return self.tell_sent(cx, sent),
            Update::NotSent { why, group, .. } => not_sent(*why, group.as_ref()),
            Update::Outcome(Outcome::Received(name)) => Notice::Received(name.to_string()),
            Update::Outcome(Outcome::Failed(DeliveryFailure::Lost)) => Notice::Lost,
            Update::Outcome(Outcome::Failed(DeliveryFailure::Corrupted)) => Notice::Corrupted,
            Update::Roster(roster) => {
                let entries = roster.iter().map(|entry| roster_entry(cx, entry)).collect();
                Notice::Active(Roster { entries })
            }
            Update::Group(name, outcome) => return self.tell_group(cx, name, outcome),
            Update::GroupNews(name, news) => match group_news(name, news) {
                Some(line) => Notice::Line(line),
                None => return,
            },
            Update::Renamed(Renaming { from, to, .. }) => {
                Notice::Line(format!("SERVER: The group {from} is called {to} now."))
            }
            Update::Waiting { invitations, .. } => match invitation_line(invitations) {
                Some(line) => Notice::Line(line),
                None => return,
            },
            Update::NameLookedUp(_)
            | Update::Proving(..)
            | Update::Enrolling(..)
            | Update::SignedIn(_)
            | Update::NotSignedIn(_)
            | Update::Synced(_)
            | Update::Backlog { .. }
            | Update::Message(_)
            | Update::Received(..)
            | Update::ReceivedCount { .. }
            | Update::Failed(..)
            | Update::Read(..)
            | Update::Typing(..)
            | Update::Page(_)
            | Update::Online { .. }
            | Update::Presence(_)
            | Update::OnlineCount(_)
            | Update::AccountSessions(_)
            | Update::SessionsEnded(_)
            | Update::Password(_)
            | Update::Settings(_)
            | Update::SettingsKept(_)
            | Update::Block(..)
            | Update::Ended
            | Update::GiveWay
            | Update::Stopping => return,
        };
        self.notify(cx, &notice);
    }

    /// Says `SENT` for each recipient who is here.
    fn tell_sent(&mut self, cx: &mut Context, sent: &Sent) {
        for recipient in &sent.each {
            match recipient {
                RecipientPresence::Here => self.notify(cx, &Notice::Sent),
                RecipientPresence::Gone => self.notify(cx, &Notice::Lost),
                RecipientPresence::Away => {}
                RecipientPresence::Oneself => self.echo(cx, sent),
            }
        }
    }

    /// A member of a group gets its own message back. Without a receipt, so it counts as a line; a
    /// corrupted one would not be acknowledged, and is left out.
    fn echo(&mut self, cx: &mut Context, sent: &Sent) {
        if let Some(body) = &sent.message.body
            && body.open() != Opened::Corrupted
        {
            self.send_notice(cx, body.as_str().to_owned());
        }
    }

    fn tell_group(&mut self, cx: &mut Context, name: &GroupName, outcome: &GroupOutcome) {
        let notice = match outcome {
            GroupOutcome::Created { members, unknown, .. } => {
                if !unknown.is_empty() {
                    self.notify(cx, &Notice::MembersNotFound(unknown.clone()));
                }
                let members = members.iter().map(|entry| roster_entry(cx, entry)).collect();
                Notice::GroupAdded { group: name.to_string(), members }
            }
            GroupOutcome::Joined { .. } => Notice::GroupExists,
            GroupOutcome::DoesNotExist => Notice::GroupDoesNotExist,
            GroupOutcome::Quit => Notice::Line(format!("SERVER: You left {name}.")),
            GroupOutcome::Refused(line) => Notice::Line(format!("SERVER: {line}")),
            GroupOutcome::Found(exists) => {
                Notice::GroupKnown { group: name.to_string(), exists: *exists }
            }
            GroupOutcome::Asked => {
                Notice::Line(format!("SERVER: You asked to join {name}: its maker decides."))
            }
            // What original clients can't ask for.
            GroupOutcome::Declined
            | GroupOutcome::Invited { .. }
            | GroupOutcome::Admitted(_)
            | GroupOutcome::TurnedAway(_)
            | GroupOutcome::Removed(_)
            | GroupOutcome::Renamed { .. }
            | GroupOutcome::Is(_) => return,
        };
        self.notify(cx, &notice);
    }
}

/// What an original client is told about a group that it did not ask about. Of one that another
/// original client has made, nothing, as ever.
fn group_news(name: &GroupName, news: &GroupNews) -> Option<String> {
    Some(match news {
        GroupNews::Admitted => format!("SERVER: You are now a member of {name}."),
        GroupNews::Removed => format!("SERVER: You were removed from {name} by its maker."),
        GroupNews::Invited(by) => {
            format!("SERVER: {by} invites you to the group {name}: join it to accept.")
        }
        GroupNews::TurnedAway => format!("SERVER: You were not let into {name}."),
        GroupNews::Added
        | GroupNews::Left
        | GroupNews::Uninvited
        | GroupNews::Asks(_)
        | GroupNews::AsksNoMore(_)
        | GroupNews::Is(..) => return None,
    })
}

/// Groups that somebody is invited to, as many as one line holds.
fn invitation_line(invitations: &[(GroupName, UserName)]) -> Option<String> {
    let (first, rest) = invitations.split_first()?;
    let mut line = format!("SERVER: You are invited to: {} (by {})", first.0, first.1);
    let mut left = rest.len();
    for (group, by) in rest {
        let next = format!(", {group} (by {by})");
        if line.len() + next.len() > INVITATION_LINE_BYTES_MAX {
            break;
        }
        line.push_str(&next);
        left -= 1;
    }
    if left > 0 {
        line.push_str(&format!(", and {left} more"));
    }
    line.push_str(". Join a group to accept.");
    Some(line)
}

fn not_sent(why: NotSent, group: Option<&GroupName>) -> Notice {
    match (why, group) {
        (NotSent::NoSuchUser, _) => Notice::NoSuchClient,
        (NotSent::NoSuchGroup, _) => Notice::GroupDoesNotExist,
        (NotSent::NobodyOnline, _) => Notice::Line("SERVER: Nobody else is online.".to_owned()),
        (NotSent::NotAMember, Some(name)) => {
            Notice::Line(format!("SERVER: You are not a member of {name}."))
        }
        (NotSent::StorageQuota, _) => Notice::Line(
            "SERVER: Not sent: you have stored as much as one account may, until old messages go."
                .to_owned(),
        ),
        (
            NotSent::NotAMember
            | NotSent::NotStored
            | NotSent::Forged
            | NotSent::Malformed
            | NotSent::NoSuchMessage
            | NotSent::NotTheAuthor
            | NotSent::TooManyChanges
            | NotSent::UnknownKind,
            _,
        ) => Notice::Lost,
    }
}

/// A user as a list shows them.
fn roster_entry(cx: &Context, (name, address): &(UserName, std::net::SocketAddr)) -> RosterEntry {
    let address = (!cx.settings.hide_addresses).then(|| (*address).into());
    RosterEntry { address, name: name.to_string() }
}
