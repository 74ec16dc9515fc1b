//! What the chat tells, as messages to the client.

use std::sync::Arc;

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    AccountSession, GroupInfo, GroupNews as News, GroupReply, HistoryFrom, KeptSettings, Link,
    LinkError, NewName, NotKept, Receipt, ServerMessage,
};
use netchat_shared::list::List;
use netchat_shared::name::{GroupName, UserName};

use super::ExtendedSession;
use super::encoder::delivered;
use super::stage::{SignedIn, Stage};
use crate::context::Context;
use crate::events::{
    BacklogPage, Delivery, GroupDescription, GroupNews, GroupOutcome, InFlight, PageAnswer,
    PresenceChange, Renaming, Request, Sent, Update,
};
use crate::limits::RECEIPTS_GATHERED_MAX;
use crate::session::cursor::Cursor;
use crate::storage::{DeliveryFailure, Sequence};

impl ExtendedSession {
    /// A message of the user's conversations has come, as these bytes.
    pub(crate) fn handle_delivery(&mut self, delivery: &Delivery, bytes: &[u8]) {
        let has_room = self.has_room();
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let sequence = delivery.message.sequence;
        if !signed_in.cursor.takes(sequence) {
            return;
        }
        if has_room && put(&mut self.link, signed_in, delivery, bytes) {
            signed_in.cursor.advance(sequence);
        } else {
            signed_in.cursor.fall_behind();
        }
    }

    /// The chat tells something else.
    pub(crate) fn update(&mut self, cx: &mut Context, update: &Update) {
        match update {
            Update::NameLookedUp(standing) => self.tell_standing(standing),
            Update::Proving(response, begun) => self.tell_proving(response, begun),
            Update::Enrolling(response, id) => self.tell_enrolling(response, *id),
            Update::SignedIn(signed_in) => self.finish_sign_in(cx, signed_in),
            Update::NotSignedIn(why) => self.finish_refused_sign_in(cx, *why),
            Update::Synced(after) => self.handle_synced(cx, *after),
            Update::Backlog { after, page } => self.handle_backlog(cx, *after, page.as_ref()),
            Update::Message(delivery) => {
                let bytes = ServerMessage::Message(delivered(delivery)).to_wire();
                self.handle_delivery(delivery, &bytes);
            }
            Update::Sent(sent) => self.tell_sent(sent),
            Update::NotSent { id, why, .. } => {
                self.finish_send();
                self.answer(&ServerMessage::NotSent(*id, *why));
            }
            Update::Received(name, sequence) => self.gather_receipt(name, *sequence),
            Update::ReceivedCount { sequence, received, of } => {
                let (sequence, received, of) = (*sequence, *received, *of);
                self.notify(&ServerMessage::ReceivedCount { sequence, received, of });
            }
            Update::Failed(sequence, name, failure) => {
                self.notify(&ServerMessage::Failed(*sequence, name.clone(), receipt(*failure)));
            }
            Update::Read(conversation, sequence) => {
                self.notify(&ServerMessage::Read(conversation.clone(), *sequence));
            }
            Update::Typing(conversation, name) => {
                if self.has_room() {
                    let (conversation, name) = (conversation.clone(), name.clone());
                    self.notify(&ServerMessage::Typing(conversation, name));
                }
            }
            Update::Page(page) => self.tell_page(page),
            Update::Online { count, known } => self.tell_online(*count, known),
            Update::Presence(change) => self.tell_presence(change),
            Update::OnlineCount(count) => {
                if self.has_room() {
                    self.notify(&ServerMessage::OnlineCount(*count));
                }
            }
            Update::Group(name, outcome) => self.tell_group(name, outcome),
            Update::GroupNews(name, news) => {
                self.notify(&ServerMessage::GroupNews(name.clone(), on_wire(news)));
            }
            Update::Renamed(renaming) => self.tell_renamed(renaming),
            Update::Waiting { invitations, asking } => self.tell_waiting(invitations, asking),
            Update::Block(name, reply) => {
                self.finish_answer();
                self.answer(&ServerMessage::Block(name.clone(), *reply));
            }
            Update::AccountSessions(sessions) => self.tell_sessions(sessions),
            Update::SessionsEnded(count) => {
                self.finish_answer();
                self.answer(&ServerMessage::SessionsEnded(*count));
            }
            Update::Password(reply) => {
                self.finish_answer();
                self.answer(&ServerMessage::Password(reply.clone()));
            }
            Update::SettingsKept(kept) => self.tell_kept(kept.as_ref()),
            Update::Settings(kept) => self.notify(&ServerMessage::Settings(Some(kept.clone()))),
            Update::Ended => self.end_from_elsewhere(cx),
            Update::GiveWay => self.give_way(),
            Update::Stopping => self.notify(&ServerMessage::Stopping),
            // For clients that could not be told later.
            Update::Outcome(_) | Update::Roster(_) => {}
        }
    }

    /// Answers something that was asked. It waits if the link is full.
    pub(super) fn answer(&mut self, message: &ServerMessage) {
        self.answer_bytes(message.to_wire());
    }

    fn answer_bytes(&mut self, bytes: Vec<u8>) {
        match &mut self.stage {
            Stage::SignedIn(signed_in) => {
                if !signed_in.owed.is_empty() || self.link.send(&bytes).is_err() {
                    signed_in.owed.push_back(bytes);
                }
            }
            Stage::Locked | Stage::Unlocked | Stage::Named(_) | Stage::Waiting(_) => {
                // A client that is not signed in was sent little.
                let _ = self.link.send(&bytes);
            }
        }
    }

    /// Puts what is owed into the link, as far as it has room.
    pub(super) fn pay_owed(&mut self) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        while let Some(bytes) = signed_in.owed.front() {
            if self.link.send(bytes) == Err(LinkError::Full) {
                return;
            }
            signed_in.owed.pop_front();
        }
    }

    /// Tells something that was not asked for. If there is no room, the client is told later that it
    /// missed something.
    fn notify(&mut self, message: &ServerMessage) {
        let has_room = self.has_room();
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        if !has_room || self.link.send(&message.to_wire()).is_err() {
            signed_in.is_stale = true;
        }
    }

    /// Tells what was gathered or missed, if there is room now.
    pub(super) fn tell_gathered(&mut self, cx: &mut Context) {
        if !self.has_room() {
            return;
        }
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        if std::mem::take(&mut signed_in.is_stale) {
            let _ = self.link.send(&ServerMessage::Stale.to_wire());
        }
        while let Some((name, sequence)) = signed_in.receipts.pop_first() {
            if self.link.send(&ServerMessage::Received(name, sequence).to_wire()).is_err() {
                signed_in.is_stale = true;
            }
        }
        if std::mem::take(&mut signed_in.online_is_stale) {
            cx.request(self.key, Request::Online);
        }
        if let Some(after) = signed_in.renamed_after.take() {
            cx.request(self.key, Request::Renamings(after));
        }
    }

    fn handle_synced(&mut self, cx: &Context, after: Sequence) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        signed_in.in_flight.clear();
        signed_in.cursor = Cursor::begin(cx, after);
        self.answer(&ServerMessage::From(after));
    }

    fn handle_backlog(&mut self, cx: &mut Context, after: Sequence, page: Option<&BacklogPage>) {
        let Self { link, stage, is_away, .. } = self;
        let Stage::SignedIn(signed_in) = stage else { return };
        let mut cursor = signed_in.cursor;
        cursor.finish_page(cx, after, page, |_, delivery| {
            let bytes = ServerMessage::Message(delivered(delivery)).to_wire();
            super::has_room(*is_away, link) && put(link, signed_in, delivery, &bytes)
        });
        signed_in.cursor = cursor;
    }

    fn tell_sent(&mut self, sent: &Sent) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let message = &sent.message;
        if !sent.comes_back {
            signed_in.cursor.advance(message.sequence);
        }
        let sent = ServerMessage::Sent {
            id: message.id,
            sequence: message.sequence,
            time: message.time,
            position: signed_in.cursor.after(),
            recipients: sent.recipients.clone(),
        };
        self.finish_send();
        self.answer(&sent);
    }

    fn finish_send(&mut self) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            signed_in.sends_under_way = signed_in.sends_under_way.saturating_sub(1);
        }
    }

    /// Receipts are cumulative: of one user, only the latest is told.
    fn gather_receipt(&mut self, name: &UserName, sequence: Sequence) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        if let Some(gathered) = signed_in.receipts.get_mut(name) {
            *gathered = sequence.max(*gathered);
        } else if signed_in.receipts.len() < RECEIPTS_GATHERED_MAX {
            signed_in.receipts.insert(name.clone(), sequence);
        } else {
            signed_in.is_stale = true;
        }
    }

    fn tell_page(&mut self, page: &PageAnswer) {
        self.finish_answer();
        match page {
            PageAnswer::History { conversation, from, messages, has_more } => {
                self.tell_past(messages);
                self.end_history(conversation.clone(), *from, *has_more);
            }
            PageAnswer::Overview { messages, read, unread, next } => {
                self.tell_past(messages);
                for (conversation, sequence) in read {
                    self.answer(&ServerMessage::Read(conversation.clone(), *sequence));
                }
                for (conversation, count) in unread {
                    self.answer(&ServerMessage::Unread(conversation.clone(), *count));
                }
                self.answer(&ServerMessage::OverviewEnd(*next));
            }
            PageAnswer::Failures(failures) => {
                for (sequence, name, failure) in failures {
                    let failed = ServerMessage::Failed(*sequence, name.clone(), receipt(*failure));
                    self.answer(&failed);
                }
            }
            PageAnswer::Settings(kept, renamed) => {
                for Renaming { from, to, .. } in renamed {
                    self.answer(&ServerMessage::SettingsRenamed(from.clone(), to.clone()));
                }
                self.answer(&ServerMessage::Settings(kept.clone()));
            }
            PageAnswer::Groups(groups) => {
                let (page, has_more) = List::page(groups.iter().cloned());
                self.answer(&ServerMessage::Groups(page, has_more));
            }
            PageAnswer::Members(group, members) => {
                let (page, has_more) = List::page(members.iter().cloned());
                self.answer(&ServerMessage::Members(group.clone(), page, has_more));
            }
            PageAnswer::Online(names) => {
                let (page, has_more) = List::page(names.iter().cloned());
                self.answer(&ServerMessage::OnlinePage(page, has_more));
            }
            PageAnswer::Blocked(names) => {
                let (page, has_more) = List::page(names.iter().cloned());
                self.answer(&ServerMessage::Blocked(page, has_more));
            }
            PageAnswer::Receivers(sequence, names) => {
                let (page, has_more) = List::page(names.iter().cloned());
                self.answer(&ServerMessage::Receivers(*sequence, page, has_more));
            }
        }
    }

    fn end_history(&mut self, conversation: Conversation, from: HistoryFrom, has_more: bool) {
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        let end = match std::mem::take(&mut signed_in.is_history_of_before) {
            true => ServerMessage::HistoryEnd(conversation, has_more),
            false => ServerMessage::LinesEnd(conversation, from, has_more),
        };
        self.answer(&end);
    }

    fn tell_past(&mut self, messages: &[Arc<Delivery>]) {
        for delivery in messages {
            self.answer(&ServerMessage::Past(delivered(delivery)));
        }
    }

    /// Those one knows, as many as there is room for; more never come to be asked for.
    fn tell_online(&mut self, count: u32, known: &[UserName]) {
        let mut pages = List::pages(known.iter().cloned()).into_iter();
        self.notify(&ServerMessage::Online(count, pages.next().unwrap_or_default()));
        for page in pages {
            self.notify(&ServerMessage::Came(page));
        }
    }

    fn tell_presence(&mut self, change: &PresenceChange) {
        if !self.has_room() {
            if let Stage::SignedIn(signed_in) = &mut self.stage {
                signed_in.online_is_stale = true;
            }
            return;
        }
        for page in List::pages(change.came.iter().cloned()) {
            self.notify(&ServerMessage::Came(page));
        }
        for page in List::pages(change.left.iter().cloned()) {
            self.notify(&ServerMessage::Left(page));
        }
    }

    fn tell_group(&mut self, name: &GroupName, outcome: &GroupOutcome) {
        self.finish_answer();
        self.answer(&ServerMessage::Group(name.clone(), reply(outcome)));
    }

    /// A client that does not hear of it would take the group for another: it is told when there is room,
    /// and of later ones after it.
    fn tell_renamed(&mut self, Renaming { at, from, to }: &Renaming) {
        let has_room = self.has_room();
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        if signed_in.renamed_after.is_some() {
            return;
        }
        let new = NewName { at: *at, name: to.clone() };
        let renamed = ServerMessage::GroupNews(from.clone(), News::Renamed(new));
        if !has_room || self.link.send(&renamed.to_wire()).is_err() {
            signed_in.renamed_after = Some(at.previous());
        }
    }

    fn tell_waiting(
        &mut self,
        invitations: &[(GroupName, UserName)],
        asking: &[(GroupName, UserName)],
    ) {
        self.finish_answer();
        for (group, by) in invitations {
            let invited = News::Invited(by.clone());
            self.answer(&ServerMessage::GroupNews(group.clone(), invited));
        }
        for (group, name) in asking {
            self.answer(&ServerMessage::GroupNews(group.clone(), News::Asks(name.clone())));
        }
        self.answer(&ServerMessage::InvitationsEnd);
    }

    fn tell_kept(&mut self, kept: Result<&KeptSettings, &NotKept>) {
        self.finish_answer();
        self.answer(&match kept {
            Ok(kept) => ServerMessage::Settings(Some(kept.clone())),
            Err(why) => ServerMessage::SettingsNotKept(*why),
        });
    }

    fn tell_sessions(&mut self, sessions: &[AccountSession]) {
        self.finish_answer();
        for session in sessions {
            self.answer(&ServerMessage::Session(session.clone()));
        }
        self.answer(&ServerMessage::SessionsEnd);
    }

    pub(super) fn finish_answer(&mut self) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            signed_in.awaits_answer = false;
        }
    }
}

/// Puts a message into the link. False if there is no room. One that can never fit is passed over,
/// and the client told that it missed something: it must not be tried for ever.
fn put(link: &mut Link, signed_in: &mut SignedIn, delivery: &Delivery, bytes: &[u8]) -> bool {
    match link.send(bytes) {
        Ok(()) => signed_in.note_handed(delivery),
        Err(LinkError::Full) => return false,
        Err(LinkError::MessageTooLong | LinkError::Malformed | LinkError::Forged) => {
            signed_in.is_stale = true;
        }
    }
    true
}

impl SignedIn {
    /// The message is in the link: the client is to acknowledge it.
    fn note_handed(&mut self, delivery: &Delivery) {
        if delivery.is_for_reader {
            let message = &delivery.message;
            let (sequence, sender) = (message.sequence, message.sender);
            self.in_flight.push_back(InFlight { sequence, sender });
        }
    }
}

/// What became of a request, as the wire has it. Of long lists, the first page.
fn reply(outcome: &GroupOutcome) -> GroupReply {
    let names = |names: &[UserName]| List::page(names.iter().cloned()).0;
    let typed = |names: &[String]| List::page(names.iter().cloned()).0;
    match outcome {
        GroupOutcome::Created { invited, unknown, .. } => {
            GroupReply::Created { invited: names(invited), not_invited: typed(unknown) }
        }
        GroupOutcome::Joined { members } => GroupReply::Joined {
            count: u32::try_from(members.len()).unwrap_or(u32::MAX),
            members: names(members),
        },
        GroupOutcome::Asked => GroupReply::Asked,
        GroupOutcome::DoesNotExist | GroupOutcome::Found(_) => GroupReply::DoesNotExist,
        GroupOutcome::Quit => GroupReply::Quit,
        GroupOutcome::Declined => GroupReply::Declined,
        GroupOutcome::Invited { invited, unknown } => {
            GroupReply::Invited { invited: names(invited), not_invited: typed(unknown) }
        }
        GroupOutcome::Admitted(name) => GroupReply::Admitted(name.clone()),
        GroupOutcome::TurnedAway(name) => GroupReply::TurnedAway(name.clone()),
        GroupOutcome::Removed(name) => GroupReply::Removed(name.clone()),
        GroupOutcome::Renamed { at, to } => {
            GroupReply::Renamed(NewName { at: *at, name: to.clone() })
        }
        GroupOutcome::Is(GroupDescription { policy, maker, invited, asking }) => {
            GroupReply::Is(GroupInfo {
                policy: *policy,
                maker: maker.clone(),
                invited: names(invited),
                asking: names(asking),
            })
        }
        GroupOutcome::Refused(line) => GroupReply::Refused(line.clone()),
    }
}

fn on_wire(news: &GroupNews) -> News {
    match news {
        GroupNews::Added | GroupNews::Admitted => News::Added,
        GroupNews::Left => News::Left,
        GroupNews::Removed => News::Removed,
        GroupNews::Invited(by) => News::Invited(by.clone()),
        GroupNews::Uninvited => News::Uninvited,
        GroupNews::TurnedAway => News::TurnedAway,
        GroupNews::Asks(name) => News::Asks(name.clone()),
        GroupNews::AsksNoMore(name) => News::AsksNoMore(name.clone()),
        GroupNews::Is(policy, maker) => News::Is(*policy, maker.clone()),
    }
}

fn receipt(failure: DeliveryFailure) -> Receipt {
    match failure {
        DeliveryFailure::Lost => Receipt::Lost,
        DeliveryFailure::Corrupted => Receipt::Corrupted,
    }
}
