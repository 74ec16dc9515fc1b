//! What a request costs of what its account may spend: about what it costs the server, beside that of
//! noting that something arrived. What changes the log is dear: many read that.

use netchat_shared::body::Body;
use netchat_shared::classic::ChatCommand;
use netchat_shared::extended::{ClientMessage, GroupAction};

use crate::admission::Spending;
use crate::limits::MESSAGE_BYTES_PER_COST;

/// Something that is noted, or told on.
const NOTE: u32 = 1;
/// Names, or how something stands, from memory.
const LOOK_UP: u32 = 10;
/// Messages, from the database.
const PAGE: u32 = 20;
/// Another entry in the log; a list of everybody.
const CHANGE: u32 = 50;
/// Somebody who is invited, beside that: what is stored and told of each.
const INVITED: u32 = 5;
/// A step towards a password or with one: arithmetic on a curve.
const PASSWORD: u32 = 50;

/// What is spent, and how much of it.
pub(super) type Cost = (Spending, u32);

/// The cost of a message in the extended protocol.
pub(super) fn of_message(message: &ClientMessage) -> Cost {
    let cost = match message {
        ClientMessage::Send { body, .. } => {
            return (Spending::Messages, body.as_ref().map_or(1, of_body));
        }
        ClientMessage::Received(_)
        | ClientMessage::Corrupted(_)
        | ClientMessage::Read(..)
        | ClientMessage::Typing(_)
        | ClientMessage::Unwatch
        | ClientMessage::Device(_)
        | ClientMessage::SignOut
        | ClientMessage::Unlock(_)
        | ClientMessage::Name(_)
        | ClientMessage::Enrolled(_)
        | ClientMessage::Proof(_)
        | ClientMessage::Resume(_) => NOTE,
        ClientMessage::Watch(_)
        | ClientMessage::Groups(_)
        | ClientMessage::Members(..)
        | ClientMessage::Receivers(..)
        | ClientMessage::Receipts(..)
        | ClientMessage::Blocked(_)
        | ClientMessage::Invitations
        | ClientMessage::Group(_, GroupAction::Describe)
        | ClientMessage::Sessions => LOOK_UP,
        ClientMessage::Sync(_)
        | ClientMessage::History { .. }
        | ClientMessage::Lines { .. }
        | ClientMessage::GetSettings
        | ClientMessage::Overview(_) => PAGE,
        ClientMessage::JoinGroup(_)
        | ClientMessage::QuitGroup(_)
        | ClientMessage::Group(
            _,
            GroupAction::Decline
            | GroupAction::Admit(_)
            | GroupAction::TurnAway(_)
            | GroupAction::Remove(_)
            | GroupAction::Rename(_)
            | GroupAction::SetPolicy(_),
        )
        | ClientMessage::Block(..)
        | ClientMessage::SetSettings(..)
        | ClientMessage::EndSession(_)
        | ClientMessage::EndOtherSessions => CHANGE,
        ClientMessage::NewGroup(_, _, names)
        | ClientMessage::Group(_, GroupAction::Invite(names)) => of_invitations(names.len()),
        ClientMessage::Enrol(..)
        | ClientMessage::Prove(_)
        | ClientMessage::ChangePassword { .. } => PASSWORD,
    };
    (Spending::Requests, cost)
}

/// The cost of a command of an original client.
pub(super) fn of_command(command: &ChatCommand) -> Cost {
    use netchat_shared::classic::Recipients;

    let cost = match command {
        ChatCommand::Chat(recipients, body) => {
            let messages = match recipients {
                Recipients::Everyone => 1,
                Recipients::Named(names) => u32::try_from(names.len()).unwrap_or(u32::MAX),
            };
            return (Spending::Messages, messages.saturating_mul(of_body(body)));
        }
        ChatCommand::GroupChat(_, body) => return (Spending::Messages, of_body(body)),
        ChatCommand::Leave | ChatCommand::Received | ChatCommand::Exit(_) => NOTE,
        ChatCommand::CheckForGroup(_) => LOOK_UP,
        ChatCommand::NewGroup(_, names) => of_invitations(names.len()),
        ChatCommand::JoinGroup(_) | ChatCommand::QuitGroup(_) | ChatCommand::Active => CHANGE,
    };
    (Spending::Requests, cost)
}

fn of_invitations(names: usize) -> u32 {
    let names = u32::try_from(names).unwrap_or(u32::MAX);
    names.saturating_mul(INVITED).saturating_add(CHANGE)
}

fn of_body(body: &Body) -> u32 {
    let more = body.as_str().len() / MESSAGE_BYTES_PER_COST;
    u32::try_from(more).unwrap_or(u32::MAX).saturating_add(1)
}
