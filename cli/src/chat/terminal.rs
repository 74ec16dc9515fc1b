//! The terminal client as a person sees it: the prompts and lines of the original, as a state
//! machine without I/O. Lines typed and session events come in; lines to print and the next prompt
//! come out.

mod account;
mod groups;
mod questions;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use self::groups::Decision;
use netchat_client::session::{
    Arrival, Connection, Content, Event, Failure, GroupOutcome, Online, Progress, SendError,
    Session, StoredAt, Told,
};
use netchat_client::slash::{Slash, Typed, help, parse_names};
use netchat_shared::classic::{Notice, Roster};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{AccountSession, Recipients};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::UNSETTLED_MESSAGES_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Word, WordError};
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Instant, Now};

use super::account::{Filled, PasswordForm, lines as session_lines, outcome as password_outcome};
use super::recent::Recent;

const MENU: [&str; 4] = [
    "To chat with one other user, enter CHAT",
    "To chat with a group, enter GROUP",
    "To broadcast a message, enter BROADCAST",
    "To see a list of users online, enter ACTIVE",
];
const MENU_PROMPT: &str = "To exit the server and end your client, enter EXIT: ";

/// A server that is away for less is not worth a line.
const UNDISTURBED: Duration = Duration::from_secs(5);

/// While at most so many are online, all of them are asked for: to complete their names, and to say
/// who gets a message later. Of more, those are known with whom one shares a conversation.
const ONLINE_WATCHED_MAX: u32 = 200;

/// What was given on the command line; nothing is asked that is given.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Somebody is there to ask, and not a script.
    pub(crate) is_interactive: bool,
    pub(crate) server_password: Option<Password>,
    pub(crate) name: Option<UserName>,
    pub(crate) password: Option<Password>,
    /// In place of a password that they do not know.
    pub(crate) word: Option<Word>,
}

/// The next thing to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) text: &'static str,
    /// A password: not shown while it is typed.
    pub(crate) is_secret: bool,
}

/// A line to print, and what kind it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A message of somebody: their name, and what they wrote.
    Message(String, String),
    /// What the server or the client says.
    Info(String),
    /// Something went wrong.
    Problem(String),
}

/// The state of the terminal client.
#[derive(Debug)]
pub(crate) struct Terminal {
    view: View,
    given: Given,
    lines: VecDeque<Line>,
    online: Option<Online>,
    watches_online: bool,
    me: Option<UserName>,
    recent: Recent,
    /// The last thing that went wrong and was not put right, for the exit status.
    problem: Option<String>,
    unreachable_since: Option<Instant>,
    said_unreachable: bool,
    /// Messages to more than one: with these, it is said whom a failure is about.
    to_several: BTreeSet<MessageId>,
    /// One's sessions, as they were listed last.
    sessions: Vec<AccountSession>,
}

/// What a typed line means at present.
#[derive(Debug, Clone, PartialEq, Eq)]
enum View {
    /// The server has to answer first.
    Waiting,
    ServerPassword,
    Name,
    Word,
    Password(&'static str),
    /// Another server answers than the one that is known.
    ServerKey,
    Menu,
    ChatName,
    GroupChoice,
    GroupName {
        is_new: bool,
    },
    GroupMembers(GroupName, Vec<String>),
    /// Writing to these.
    Writing(Vec<Conversation>),
    /// Changing one's password, on the way back to that.
    ChangingPassword(PasswordForm, Box<Self>),
    /// Asked to end; what was sent is waited for.
    Leaving,
    Done,
}

impl Terminal {
    pub(crate) fn new(given: Given) -> Self {
        Self {
            view: View::Waiting,
            given,
            lines: VecDeque::new(),
            online: None,
            watches_online: false,
            me: None,
            recent: Recent::default(),
            problem: None,
            unreachable_since: None,
            said_unreachable: false,
            to_several: BTreeSet::new(),
            sessions: Vec::new(),
        }
    }

    /// What to ask for now; `None` while the server has to answer first.
    pub(crate) fn prompt(&self) -> Option<Prompt> {
        let (text, is_secret) = match &self.view {
            View::Waiting | View::Done => return None,
            View::ServerPassword => ("Input server password: ", true),
            View::Name => ("Input your name: ", false),
            View::Word => ("Input the one-time word: ", false),
            View::Password(text) => (*text, true),
            View::ServerKey => ("Enter TRUST to trust it from now on, or LEAVE: ", false),
            View::Menu => (MENU_PROMPT, false),
            View::ChatName => {
                ("Enter the username of the person you would like to chat with: ", false)
            }
            View::GroupChoice => ("Join an existing group(E) or make a new group(N): ", false),
            View::GroupName { is_new: true } => ("Enter the name of your new group: ", false),
            View::GroupName { is_new: false } => ("Enter the name of the group: ", false),
            View::ChangingPassword(form, _) => (form.prompt(), true),
            View::GroupMembers(..) | View::Writing(_) | View::Leaving => ("", false),
        };
        Some(Prompt { text, is_secret })
    }

    /// The next line to print.
    pub(crate) fn next_line(&mut self) -> Option<Line> {
        self.lines.pop_front()
    }

    /// Names to complete.
    pub(crate) fn online(&self) -> impl Iterator<Item = &UserName> {
        self.online.iter().flat_map(|online| &online.names)
    }

    /// Whether the client is to end.
    pub(crate) fn is_done(&self) -> bool {
        self.view == View::Done
    }

    /// Whether it ends as soon as everything is settled.
    pub(crate) fn is_leaving(&self) -> bool {
        self.view == View::Leaving
    }

    /// Whether it is still signing in.
    pub(crate) fn is_signing_in(&self) -> bool {
        match self.view {
            View::Waiting
            | View::ServerPassword
            | View::Name
            | View::Word
            | View::Password(_)
            | View::ServerKey => true,
            View::Menu
            | View::ChatName
            | View::GroupChoice
            | View::GroupName { .. }
            | View::GroupMembers(..)
            | View::Writing(_)
            | View::ChangingPassword(..)
            | View::Leaving
            | View::Done => false,
        }
    }

    /// What went wrong last, if it was not put right.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Since when the server has not been reached.
    pub(crate) fn unreachable_since(&self) -> Option<Instant> {
        self.unreachable_since
    }

    /// There is no more input, and not enough of it to sign in.
    pub(crate) fn report_end_of_input(&mut self) {
        if self.problem.is_none() {
            self.report("the input ended before signing in".to_owned());
        }
    }

    /// Says what should be known and is no failure.
    pub(crate) fn warn(&mut self, line: String) {
        self.lines.push_back(Line::Problem(line));
    }

    /// Says what went wrong, and keeps it for the exit status.
    pub(crate) fn report(&mut self, problem: String) {
        self.lines.push_back(Line::Problem(problem.clone()));
        self.problem = Some(problem);
    }

    pub(crate) fn handle_event(&mut self, now: Now, event: Event, session: &mut Session) {
        let Now { monotonic: now, calendar } = now;
        match event {
            Event::Asked(question) => self.handle_question(now, question, session),
            Event::PutOff(put_off) => self.info(put_off.describe(now)),
            Event::SignedIn(name) => {
                self.me = Some(name);
                self.handle_signed_in();
            }
            Event::SignedOut => self.view = View::Done,
            Event::Connection(connection) => self.handle_connection(now, connection),
            Event::Arrived(arrival) => self.handle_arrival(arrival),
            Event::Progress(id, progress) => self.handle_progress(id, progress),
            Event::Online(online) => self.handle_online(now, online, session),
            Event::ActiveList(roster) => self.handle_active(roster),
            Event::Group(group, outcome) => self.handle_group(group, outcome),
            Event::Invited(group, by) => self.handle_decision(Decision::Invited(group, by)),
            Event::Asks(group, name) => self.handle_decision(Decision::Asks(group, name)),
            Event::Renamed(from, to) => self.rename(&from, &to),
            Event::Block(name, reply) => self.handle_block(&name, reply),
            Event::Blocked(names, more) => self.list_blocked(&names, more),
            Event::Sessions(sessions) => {
                session_lines(calendar, &sessions).into_iter().for_each(|line| self.info(line));
                self.sessions = sessions;
            }
            Event::SessionsEnded(1) => self.info("1 session was ended."),
            Event::SessionsEnded(count) => self.info(format!("{count} sessions were ended.")),
            Event::Password(outcome) => match password_outcome(outcome) {
                Ok(line) => self.info(line),
                Err(problem) => self.report(problem),
            },
            Event::EndedElsewhere => self.be_signed_out(session),
            Event::OtherLog => self.recent.forget(),
            // Not asked for here: a terminal shows what comes.
            Event::InvitationEnded(_)
            | Event::AsksNoMore(..)
            | Event::History(..)
            | Event::Groups(..)
            | Event::Overview(..)
            | Event::Members(..)
            | Event::Receivers(..)
            | Event::Read(..)
            | Event::Unread(..)
            | Event::Settings(_)
            | Event::SettingsCrossed(_)
            | Event::SettingsRenamed(..)
            | Event::Typing(..)
            // Kept by whoever drives this.
            | Event::ServerKey(_)
            | Event::Stale => {}
            Event::Line(told) => self.info(told.sentence()),
        }
    }

    pub(crate) fn handle_line(&mut self, now: Instant, line: &str, session: &mut Session) {
        match self.view.clone() {
            View::Waiting | View::Done => {}
            View::ServerPassword => match Password::new(line) {
                Ok(password) => {
                    self.view = View::Waiting;
                    session.answer_server_password(now, password);
                }
                Err(error) => self.report(error.to_string()),
            },
            View::Name => match line.trim().parse() {
                Ok(name) => {
                    self.view = View::Waiting;
                    session.answer_name(now, name);
                }
                Err(error) => self.report(error.to_string()),
            },
            View::Word => match line.trim().parse() {
                Ok(word) => {
                    self.view = View::Waiting;
                    session.answer_word(now, word);
                }
                Err(WordError) => self.report(format!("This is none: {WordError}.")),
            },
            View::Password(_) => match Password::new(line) {
                Ok(password) => {
                    self.view = View::Waiting;
                    session.answer_password(now, password);
                }
                Err(error) => self.report(error.to_string()),
            },
            View::ServerKey => match line.trim() {
                "TRUST" => {
                    self.view = View::Waiting;
                    self.problem = None;
                    session.answer_server_key(now, true);
                }
                "LEAVE" => self.view = View::Done,
                _ => self.warn("Enter TRUST or LEAVE.".to_owned()),
            },
            View::ChangingPassword(form, back) => self.fill(now, form, back, line, session),
            View::Menu
            | View::ChatName
            | View::GroupChoice
            | View::GroupName { .. }
            | View::GroupMembers(..)
            | View::Leaving
            | View::Writing(_) => self.handle_chat_line(now, line, session),
        }
    }

    /// A line that was asked for before something else came between: it is not what is wanted now.
    pub(crate) fn refuse_line(&mut self, line: &str) {
        if !line.trim().is_empty() {
            self.warn("That was not sent: sign in first, then type it again.".to_owned());
        }
    }

    /// The session was ended from another one of the person's: they show who they are, if somebody is
    /// there to ask.
    fn be_signed_out(&mut self, session: &Session) {
        let line = "You were signed out from another session.";
        match (self.given.is_interactive, session.is_settled()) {
            (true, _) => {
                self.warn(format!("{line} To sign in again, press Enter."));
                self.view = View::Waiting;
            }
            (false, true) => self.stop(line),
            (false, false) => self.stop(&format!("{line} Not everything had been sent.")),
        }
    }

    /// Ends, since nobody can be asked.
    fn stop(&mut self, problem: &str) {
        if !self.is_done() {
            self.report(problem.to_owned());
            self.view = View::Done;
        }
    }

    fn handle_connection(&mut self, now: Instant, connection: Connection) {
        match connection {
            Connection::Retrying(_) => {
                let since = *self.unreachable_since.get_or_insert(now);
                let disturbs = self.is_signing_in() || now >= since + UNDISTURBED;
                if disturbs && !std::mem::replace(&mut self.said_unreachable, true) {
                    self.report(
                        "No answer from the server. Trying again until it is back.".to_owned(),
                    );
                }
            }
            Connection::Connected => {
                if self.unreachable_since.take().is_some() {
                    self.problem = None;
                }
                if std::mem::take(&mut self.said_unreachable) {
                    self.info("The server answers again.");
                }
            }
            Connection::Connecting => {}
        }
    }

    fn handle_online(&mut self, now: Instant, online: Online, session: &mut Session) {
        if online.count <= ONLINE_WATCHED_MAX && !online.is_complete && !self.watches_online {
            self.watches_online = true;
            session.watch_online(now);
        } else if online.count > ONLINE_WATCHED_MAX && self.watches_online {
            self.watches_online = false;
            session.unwatch_online(now);
        }
        self.online = Some(online);
    }

    /// Signed in for the first time, or again after an interruption: then nothing is said.
    fn handle_signed_in(&mut self) {
        if self.is_signing_in() {
            self.problem = None;
            self.info("LOGGEDIN");
            self.show_menu();
        }
    }

    fn handle_chat_line(&mut self, now: Instant, line: &str, session: &mut Session) {
        match Slash::parse(line) {
            Ok(Typed::Command(command)) => self.handle_slash(now, command, session),
            Err(error) => self.report(error.to_string()),
            Ok(Typed::Text(text)) => self.handle_text(now, text, session),
        }
    }

    fn handle_slash(&mut self, now: Instant, command: Slash, session: &mut Session) {
        match command {
            Slash::Chat(names) => self.write_to_users(names),
            Slash::Group(group) => self.join_group(now, group, session),
            Slash::NewGroup(group, members) => self.create_group(now, group, members, session),
            Slash::QuitGroup(group) => session.quit_group(now, group),
            Slash::Invite(group, names) => session.invite(now, group, names),
            Slash::ActOnGroup(group, action) => session.act_on_group(now, group, action),
            Slash::Block(name, is_blocked) => session.block(now, name, is_blocked),
            Slash::Blocked => session.request_blocked(now, None),
            Slash::Broadcast => self.view = View::Writing(vec![Conversation::Everyone]),
            Slash::Active => session.request_active(now),
            Slash::Reply(text) => self.reply(now, &text, session),
            Slash::Edit(text) => {
                self.change_own(session, |session, to, of| session.edit(now, to, of, &text));
            }
            Slash::Delete => {
                self.change_own(session, |session, to, of| session.delete(now, to, of));
            }
            Slash::React(reaction) => {
                let Some(to) = self.present() else { return };
                let of = self.recent.others(&to).or_else(|| self.recent.own(&to));
                let react = |session: &mut Session, to, of| session.react(now, to, of, &reaction);
                self.send_about(&to, of, None, session, react);
            }
            Slash::Password { ends_others } => {
                let back = Box::new(self.view.clone());
                self.view = View::ChangingPassword(PasswordForm::new(ends_others), back);
            }
            Slash::Sessions => session.request_sessions(now),
            Slash::EndSession(number) => self.end_session(now, number, session),
            Slash::EndOtherSessions => _ = session.end_other_sessions(now),
            Slash::Leave => self.show_menu(),
            Slash::Exit => self.leave(now, session),
            Slash::ExitEverywhere => {
                session.end_other_sessions(now);
                self.leave(now, session);
            }
            Slash::Help => help().for_each(|line| self.info(line)),
        }
    }

    fn handle_text(&mut self, now: Instant, text: &str, session: &mut Session) {
        match (self.view.clone(), text.trim()) {
            (View::Menu, word) => self.handle_menu(now, word, session),
            (View::Leaving, "EXIT") => session.sign_out(now),
            (View::Writing(_), "LEAVE") => self.show_menu(),
            (View::Writing(to), _) => self.send(now, &to, text, session),
            (View::ChatName, names) => match parse_names(names) {
                Ok(names) => self.write_to_users(names),
                Err(error) => self.report(error.to_string()),
            },
            (View::GroupChoice, "E" | "e") => self.view = View::GroupName { is_new: false },
            (View::GroupChoice, "N" | "n") => self.view = View::GroupName { is_new: true },
            (View::GroupChoice, _) => self.show_menu(),
            (View::GroupName { is_new }, name) => match name.parse() {
                Ok(group) if is_new => self.ask_members(group),
                Ok(group) => self.join_group(now, group, session),
                Err(error) => self.report(error.to_string()),
            },
            (View::GroupMembers(group, members), "DONE") => {
                self.create_group(now, group, members, session);
            }
            (View::GroupMembers(group, mut members), name) => {
                if !name.is_empty() {
                    members.push(name.to_owned());
                }
                self.view = View::GroupMembers(group, members);
            }
            (
                View::Waiting
                | View::ServerPassword
                | View::Name
                | View::Word
                | View::Password(_)
                | View::ServerKey
                | View::ChangingPassword(..)
                | View::Leaving
                | View::Done,
                _,
            ) => {}
        }
    }

    fn handle_menu(&mut self, now: Instant, word: &str, session: &mut Session) {
        match word.to_ascii_uppercase().as_str() {
            "CHAT" => self.view = View::ChatName,
            "GROUP" => self.view = View::GroupChoice,
            "BROADCAST" => self.view = View::Writing(vec![Conversation::Everyone]),
            "ACTIVE" => {
                // The answer brings the menu back.
                self.view = View::Waiting;
                session.request_active(now);
            }
            "EXIT" => self.leave(now, session),
            _ => self.show_menu(),
        }
    }

    /// Messages as the original shows them; one of a conversation that is not in front says which.
    fn handle_arrival(&mut self, arrival: Arrival) {
        let place = match &arrival.conversation {
            Some(conversation @ (Conversation::Everyone | Conversation::Group(_))) => {
                let is_in_front =
                    matches!(&self.view, View::Writing(to) if to.contains(conversation));
                if is_in_front { String::new() } else { format!("[{conversation}] ") }
            }
            Some(Conversation::User(_)) | None => String::new(),
        };
        let is_own = arrival.sender.is_some() && arrival.sender == self.me;
        self.recent.add_arrival(&arrival, is_own);
        let quoted = arrival.kind.of().zip(arrival.conversation.as_ref());
        let quoted = quoted.and_then(|(of, to)| self.recent.excerpt(to, of)).map(str::to_owned);
        let Arrival { sender, kind, content, .. } = arrival;
        let Some(sender) = sender.map(|sender| format!("{place}{sender}")) else {
            match content {
                Content::Text(text) => self.info(text),
                Content::Corrupted => self.info(first_text(&Notice::Corrupted)),
                Content::Reaction(_) | Content::TakenBack | Content::Unknown => {}
            }
            return;
        };
        match (content, kind) {
            (Content::Text(text), MessageKind::Edit(_)) => {
                self.lines.push_back(Line::Message(sender, format!("(corrected) {text}")));
            }
            (Content::Text(text), _) => self.lines.push_back(Line::Message(sender, text)),
            (Content::Reaction(reaction), _) => {
                let about = quoted.map_or_else(
                    || "an earlier message".to_owned(),
                    |excerpt| format!("“{excerpt}”"),
                );
                let sign = reaction.sign;
                match reaction.is_added {
                    true => {
                        self.lines.push_back(Line::Message(sender, format!("{sign} to {about}")));
                    }
                    false => self.info(format!("{sender} took {sign} away from {about}")),
                }
            }
            (Content::TakenBack, MessageKind::Deletion(_)) => {
                self.info(format!("{sender} took a message back"));
            }
            // Its deletion comes behind it.
            (Content::TakenBack, _) => {}
            (Content::Corrupted, _) => self.info(first_text(&Notice::Corrupted)),
            (Content::Unknown, _) => {
                let unknown = "(a newer client is needed to show this)".to_owned();
                self.lines.push_back(Line::Message(sender, unknown));
            }
        }
    }

    fn handle_active(&mut self, roster: Roster) {
        if roster.entries.iter().any(|entry| entry.address.is_some()) {
            self.notice(&Notice::Active(roster));
        } else {
            self.info(format!("Online: {}", roster.names().join(", ")));
        }
        if self.view == View::Waiting {
            self.show_menu();
        }
    }

    fn handle_progress(&mut self, id: MessageId, progress: Progress) {
        match progress {
            Progress::Sent => {
                self.recent.settle(id, None);
                self.notice(&Notice::Sent);
            }
            Progress::Stored(stored, recipients) => self.handle_stored(stored, &recipients),
            Progress::Received(name) => self.notice(&Notice::Received(name.to_string())),
            Progress::ReceivedCount { received, of } if received == of => {
                self.info(format!("SERVER: RECEIVED by all {of}"));
            }
            Progress::ReceivedCount { .. } => {}
            Progress::Failed(failure, recipient) => {
                self.recent.settle(id, None);
                self.handle_failure(id, failure, recipient);
            }
        }
    }

    fn handle_stored(&mut self, stored: StoredAt, recipients: &Recipients) {
        let sent = self.recent.settle(stored.id, Some(stored.sequence));
        if sent.as_ref().is_some_and(|sent| sent.text.is_none()) {
            // A change of a message says no more than that it was done.
            return self.notice(&Notice::Sent);
        }
        let names = recipients.names();
        if recipients.count() > 1 {
            self.to_several.insert(stored.id);
            if self.to_several.len() > UNSETTLED_MESSAGES_MAX {
                self.to_several.pop_first();
            }
        }
        if names.is_empty() && recipients.count() > 0 {
            return self.info(format!("SERVER: SENT to {}", recipients.count()));
        }
        names.iter().for_each(|_| self.notice(&Notice::Sent));
        let Some(online) = self.online.as_ref().filter(|online| online.is_complete) else { return };
        let away = names.iter().filter(|name| !online.names.contains(*name));
        let away: Vec<_> = away.map(UserName::as_str).collect();
        if !away.is_empty() {
            let line = format!("SERVER: {} will get it when they are back", away.join(", "));
            self.info(line);
        }
    }

    fn handle_failure(&mut self, id: MessageId, failure: Failure, recipient: Option<UserName>) {
        let line = match failure {
            Failure::NoSuchUser => first_text(&Notice::NoSuchClient),
            Failure::Lost => first_text(&Notice::Lost),
            Failure::Corrupted => first_text(&Notice::Corrupted),
            Failure::Refused(Told::Server(line)) if line.starts_with("SERVER: ") => line,
            Failure::Refused(why) => format!("SERVER: Not sent: {why}"),
            Failure::NoAnswer => {
                "SERVER: No answer; it may not have arrived. Please send again.".to_owned()
            }
        };
        self.report(match recipient {
            Some(name) if self.to_several.contains(&id) => format!("{line} ({name})"),
            Some(_) | None => line,
        });
    }

    fn write_to_users(&mut self, names: Vec<UserName>) {
        self.view = View::Writing(names.into_iter().map(Conversation::User).collect());
    }

    fn send(&mut self, now: Instant, to: &[Conversation], text: &str, session: &mut Session) {
        if text.trim().is_empty() {
            return;
        }
        for conversation in to {
            let sent = session.send(now, conversation.clone(), text);
            self.note_sent(conversation, Some(text), sent);
        }
    }

    fn reply(&mut self, now: Instant, text: &str, session: &mut Session) {
        let Some(to) = self.present() else { return };
        let of = self.recent.others(&to);
        let reply = |session: &mut Session, to, of| session.reply(now, to, of, text);
        self.send_about(&to, of, Some(text), session, reply);
    }

    /// Changes one's last line in the conversation in front.
    fn change_own(
        &mut self,
        session: &mut Session,
        change: impl FnOnce(&mut Session, Conversation, Sequence) -> Result<MessageId, SendError>,
    ) {
        let Some(to) = self.present() else { return };
        let of = self.recent.own(&to);
        self.send_about(&to, of, None, session, change);
    }

    /// Sends something about a line, if there is one.
    fn send_about(
        &mut self,
        to: &Conversation,
        of: Option<Sequence>,
        text: Option<&str>,
        session: &mut Session,
        send: impl FnOnce(&mut Session, Conversation, Sequence) -> Result<MessageId, SendError>,
    ) {
        let Some(of) = of else {
            return self.report("there is no message here yet that this could be about".to_owned());
        };
        let sent = send(session, to.clone(), of);
        self.note_sent(to, text, sent);
    }

    fn note_sent(
        &mut self,
        to: &Conversation,
        text: Option<&str>,
        sent: Result<MessageId, SendError>,
    ) {
        match sent {
            Ok(id) => self.recent.add_sent(id, to.clone(), text),
            Err(error) => self.report(error.to_string()),
        }
    }

    /// The one conversation in front.
    fn present(&mut self) -> Option<Conversation> {
        if let View::Writing(to) = &self.view
            && let [conversation] = &to[..]
        {
            return Some(conversation.clone());
        }
        self.report(
            "open one conversation before: /chat NAME, /group NAME or /broadcast".to_owned(),
        );
        None
    }

    /// Ends the client, but not before what was typed has been settled, and the server knows of
    /// what was shown.
    fn leave(&mut self, now: Instant, session: &mut Session) {
        if !session.is_settled() {
            self.info("Waiting until what you sent has arrived. EXIT again leaves at once.");
        } else if session.is_acknowledged() {
            return session.sign_out(now);
        }
        self.view = View::Leaving;
    }

    fn show_menu(&mut self) {
        for line in MENU {
            self.info(line);
        }
        self.view = View::Menu;
    }

    pub(crate) fn info(&mut self, line: impl Into<String>) {
        self.lines.push_back(Line::Info(line.into()));
    }

    fn notice(&mut self, notice: &Notice) {
        for text in notice.texts() {
            self.info(text);
        }
    }
}

fn first_text(notice: &Notice) -> String {
    notice.texts().into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
