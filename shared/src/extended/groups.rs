//! Groups on the wire (PROTOCOL.md, "Groups"): who may join one, what is asked about one, what is
//! answered, and what is told without being asked for.

use super::delivered::{from_word, word};
use super::fields::{Line, fields};
use crate::body::{decode_text, encode_text};
use crate::list::List;
use crate::name::{GroupName, UserName};
use crate::sequence::Sequence;

/// Who may become a member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum JoinPolicy {
    /// Whoever wants to.
    Anyone,
    /// Who is invited.
    #[default]
    Invitation,
    /// Who is invited, or asks and is let in by its maker.
    Asking,
}

/// What is asked about a group that there is, beside joining and leaving it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAction {
    /// Turns one's invitation down, or takes back that one asked to join.
    Decline,
    /// Invites these.
    Invite(List<String>),
    /// Lets in who asks to join.
    Admit(UserName),
    /// Turns away who asks to join, or takes an invitation back.
    TurnAway(UserName),
    /// Ends somebody's membership. They need an invitation of the maker's to come back.
    Remove(UserName),
    /// Gives it another name.
    Rename(GroupName),
    /// Sets who may join.
    SetPolicy(JoinPolicy),
    /// Asks what it is.
    Describe,
}

/// What a group is to somebody who belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// Who may join.
    pub policy: JoinPolicy,
    /// Who decides about it.
    pub maker: UserName,
    /// The first of those who are invited; told to members.
    pub invited: List<UserName>,
    /// The first of those who ask to join; told to its maker.
    pub asking: List<UserName>,
}

/// What became of a request about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupReply {
    /// It was made.
    Created {
        /// The first of those who are invited.
        invited: List<UserName>,
        /// Who could not be: not registered, or with too many invitations.
        not_invited: List<String>,
    },
    /// One is a member, with so many, of whom these are the first.
    Joined {
        /// So many, oneself included.
        count: u32,
        /// The first of them.
        members: List<UserName>,
    },
    /// One has asked to join: its maker decides.
    Asked,
    /// There is no such group.
    DoesNotExist,
    /// One is not a member any more.
    Quit,
    /// One is not invited any more, or does not ask any more.
    Declined,
    /// These were invited.
    Invited {
        /// The first of them.
        invited: List<UserName>,
        /// Who could not be: not registered, removed before, or with too many invitations.
        not_invited: List<String>,
    },
    /// They are let in.
    Admitted(UserName),
    /// They were turned away.
    TurnedAway(UserName),
    /// They are a member no more.
    Removed(UserName),
    /// It has another name.
    Renamed(NewName),
    /// What it is.
    Is(GroupInfo),
    /// It was refused; why.
    Refused(String),
}

/// What a group is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewName {
    /// From that place of the log on. Renamings are told in their order, some of them again: those up to
    /// one that is known are known.
    pub at: Sequence,
    /// The name.
    pub name: GroupName,
}

/// What is told about a group without being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupNews {
    /// One is a member: let in, or put there by a classic client.
    Added,
    /// One has left it, in another session.
    Left,
    /// Its maker has removed one.
    Removed,
    /// They invite one.
    Invited(UserName),
    /// One is not invited any more.
    Uninvited,
    /// Its maker does not let one in.
    TurnedAway,
    /// They ask to join a group of which one is the maker.
    Asks(UserName),
    /// They don't ask any more, or were answered.
    AsksNoMore(UserName),
    /// It has another name.
    Renamed(NewName),
    /// Who may join, or who decides, has changed.
    Is(JoinPolicy, UserName),
}

/// What became of blocking somebody's invitations, or of letting them through again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockReply {
    /// They are not told.
    Blocked,
    /// They are told.
    Free,
    /// There is no such user.
    Unknown,
    /// One blocks too many.
    TooMany,
    /// It was not stored: to be tried again.
    NotStored,
}

impl JoinPolicy {
    /// All of them, with their words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Anyone, "anyone"), (Self::Invitation, "invitation"), (Self::Asking, "asking")];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        word(&Self::ALL, self)
    }

    /// The one with that word.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        from_word(&Self::ALL, text)
    }
}

impl BlockReply {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Blocked, "blocked"),
        (Self::Free, "free"),
        (Self::Unknown, "unknown"),
        (Self::TooMany, "too-many"),
        (Self::NotStored, "not-stored"),
    ];
}

impl NewName {
    fn write(&self, line: Line) -> Line {
        line.number(self.at.0).text(&self.name)
    }

    fn parse(text: &str) -> Option<Self> {
        let [at, name] = fields(text)?;
        Some(Self { at: Sequence(at.parse().ok()?), name: name.parse().ok()? })
    }
}

impl GroupAction {
    pub(super) fn line(&self, group: &GroupName) -> Line {
        let of = |word: &str| Line::new(word).text(group);
        match self {
            Self::Decline => of("DECLINE"),
            Self::Invite(names) => of("INVITE").list(names),
            Self::Admit(name) => of("ADMIT").text(name),
            Self::TurnAway(name) => of("TURN_AWAY").text(name),
            Self::Remove(name) => of("REMOVE").text(name),
            Self::Rename(name) => of("RENAME").text(name),
            Self::SetPolicy(policy) => of("POLICY").text(policy.word()),
            Self::Describe => of("DESCRIBE"),
        }
    }

    pub(super) fn parse(word: &str, rest: &str) -> Option<(GroupName, Self)> {
        let (group, rest) = match word {
            "DECLINE" | "DESCRIBE" => (rest, ""),
            "INVITE" | "ADMIT" | "TURN_AWAY" | "REMOVE" | "RENAME" | "POLICY" => {
                rest.split_once('#')?
            }
            _ => return None,
        };
        let action = match word {
            "DECLINE" => Self::Decline,
            "INVITE" => Self::Invite(List::parse(rest)?),
            "ADMIT" => Self::Admit(rest.parse().ok()?),
            "TURN_AWAY" => Self::TurnAway(rest.parse().ok()?),
            "REMOVE" => Self::Remove(rest.parse().ok()?),
            "RENAME" => Self::Rename(rest.parse().ok()?),
            "POLICY" => Self::SetPolicy(JoinPolicy::from_word(rest)?),
            _ => Self::Describe,
        };
        Some((group.parse().ok()?, action))
    }
}

impl GroupReply {
    pub(super) fn write(&self, line: Line) -> Line {
        match self {
            Self::Created { invited, not_invited } => {
                line.text("created").list(invited).list(not_invited)
            }
            Self::Joined { count, members } => {
                line.text("joined").number(u64::from(*count)).list(members)
            }
            Self::Asked => line.text("asked"),
            Self::DoesNotExist => line.text("none"),
            Self::Quit => line.text("quit"),
            Self::Declined => line.text("declined"),
            Self::Invited { invited, not_invited } => {
                line.text("invited").list(invited).list(not_invited)
            }
            Self::Admitted(name) => line.text("admitted").text(name),
            Self::TurnedAway(name) => line.text("turned-away").text(name),
            Self::Removed(name) => line.text("removed").text(name),
            Self::Renamed(new) => new.write(line.text("renamed")),
            Self::Is(GroupInfo { policy, maker, invited, asking }) => {
                line.text("is").text(policy.word()).text(maker).list(invited).list(asking)
            }
            Self::Refused(why) => line.text("refused").text(encode_text(why)),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once('#').unwrap_or((text, ""));
        Some(match word {
            "created" => {
                let (invited, not_invited) = parse_invited(rest)?;
                Self::Created { invited, not_invited }
            }
            "joined" => {
                let [count, members] = fields(rest)?;
                Self::Joined { count: count.parse().ok()?, members: List::parse(members)? }
            }
            "asked" => Self::Asked,
            "none" => Self::DoesNotExist,
            "quit" => Self::Quit,
            "declined" => Self::Declined,
            "invited" => {
                let (invited, not_invited) = parse_invited(rest)?;
                Self::Invited { invited, not_invited }
            }
            "admitted" => Self::Admitted(rest.parse().ok()?),
            "turned-away" => Self::TurnedAway(rest.parse().ok()?),
            "removed" => Self::Removed(rest.parse().ok()?),
            "renamed" => Self::Renamed(NewName::parse(rest)?),
            "is" => {
                let [policy, maker, invited, asking] = fields(rest)?;
                Self::Is(GroupInfo {
                    policy: JoinPolicy::from_word(policy)?,
                    maker: maker.parse().ok()?,
                    invited: List::parse(invited)?,
                    asking: List::parse(asking)?,
                })
            }
            "refused" => Self::Refused(decode_text(rest)?),
            _ => return None,
        })
    }
}

/// Names that nobody has are what somebody typed: they may hold anything but a semicolon.
fn parse_invited(rest: &str) -> Option<(List<UserName>, List<String>)> {
    let (invited, not_invited) = rest.split_once('#')?;
    Some((List::parse(invited)?, List::parse(not_invited)?))
}

impl GroupNews {
    pub(super) fn write(&self, line: Line) -> Line {
        match self {
            Self::Added => line.text("added"),
            Self::Left => line.text("left"),
            Self::Removed => line.text("removed"),
            Self::Invited(by) => line.text("invited").text(by),
            Self::Uninvited => line.text("uninvited"),
            Self::TurnedAway => line.text("turned-away"),
            Self::Asks(name) => line.text("asks").text(name),
            Self::AsksNoMore(name) => line.text("asks-no-more").text(name),
            Self::Renamed(new) => new.write(line.text("renamed")),
            Self::Is(policy, maker) => line.text("is").text(policy.word()).text(maker),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once('#').unwrap_or((text, ""));
        Some(match word {
            "added" => Self::Added,
            "left" => Self::Left,
            "removed" => Self::Removed,
            "invited" => Self::Invited(rest.parse().ok()?),
            "uninvited" => Self::Uninvited,
            "turned-away" => Self::TurnedAway,
            "asks" => Self::Asks(rest.parse().ok()?),
            "asks-no-more" => Self::AsksNoMore(rest.parse().ok()?),
            "renamed" => Self::Renamed(NewName::parse(rest)?),
            "is" => {
                let [policy, maker] = fields(rest)?;
                Self::Is(JoinPolicy::from_word(policy)?, maker.parse().ok()?)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extended::{ClientMessage, ServerMessage};

    fn group() -> GroupName {
        "CS: Group".parse().unwrap()
    }

    fn bob() -> UserName {
        "bob".parse().unwrap()
    }

    fn new_name() -> NewName {
        NewName { at: Sequence(7), name: "a: b".parse().unwrap() }
    }

    fn one() -> List<UserName> {
        List::new(vec![bob()]).unwrap()
    }

    fn typed() -> List<String> {
        List::new(vec!["gh#st".to_owned(), "x".to_owned()]).unwrap()
    }

    #[test]
    fn what_is_asked_is_written_as_the_protocol_says() {
        for (text, action) in [
            ("DECLINE#CS: Group", GroupAction::Decline),
            ("INVITE#CS: Group#gh#st;x", GroupAction::Invite(typed())),
            ("ADMIT#CS: Group#bob", GroupAction::Admit(bob())),
            ("TURN_AWAY#CS: Group#bob", GroupAction::TurnAway(bob())),
            ("REMOVE#CS: Group#bob", GroupAction::Remove(bob())),
            ("RENAME#CS: Group#a: b", GroupAction::Rename("a: b".parse().unwrap())),
            ("POLICY#CS: Group#asking", GroupAction::SetPolicy(JoinPolicy::Asking)),
            ("DESCRIBE#CS: Group", GroupAction::Describe),
        ] {
            let message = ClientMessage::Group(group(), action);
            assert_eq!(ClientMessage::parse(text.as_bytes()).as_ref(), Ok(&message), "{text}");
            assert_eq!(String::from_utf8(message.to_wire()).unwrap(), text);
        }
        for text in ["INVITE#g", "POLICY#g#all", "RENAME#g#", "REMOVE#g#a:b", "DECLINE#"] {
            assert!(ClientMessage::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn answers_are_written_as_the_protocol_says() {
        let info = GroupInfo {
            policy: JoinPolicy::Anyone,
            maker: bob(),
            invited: one(),
            asking: List::default(),
        };
        for (text, reply) in [
            ("created#bob#gh#st;x", GroupReply::Created { invited: one(), not_invited: typed() }),
            ("joined#1#bob", GroupReply::Joined { count: 1, members: one() }),
            ("asked", GroupReply::Asked),
            ("none", GroupReply::DoesNotExist),
            ("quit", GroupReply::Quit),
            ("declined", GroupReply::Declined),
            ("invited#bob#gh#st;x", GroupReply::Invited { invited: one(), not_invited: typed() }),
            ("admitted#bob", GroupReply::Admitted(bob())),
            ("turned-away#bob", GroupReply::TurnedAway(bob())),
            ("removed#bob", GroupReply::Removed(bob())),
            ("renamed#7#a: b", GroupReply::Renamed(new_name())),
            ("is#anyone#bob#bob#", GroupReply::Is(info)),
            ("refused#bm8=", GroupReply::Refused("no".to_owned())),
        ] {
            let (text, message) =
                (format!("GROUP#CS: Group#{text}"), ServerMessage::Group(group(), reply));
            assert_eq!(ServerMessage::parse(text.as_bytes()).as_ref(), Ok(&message), "{text}");
            assert_eq!(String::from_utf8(message.to_wire()).unwrap(), text);
        }
    }

    #[test]
    fn news_are_written_as_the_protocol_says() {
        for (text, news) in [
            ("added", GroupNews::Added),
            ("left", GroupNews::Left),
            ("removed", GroupNews::Removed),
            ("invited#bob", GroupNews::Invited(bob())),
            ("uninvited", GroupNews::Uninvited),
            ("turned-away", GroupNews::TurnedAway),
            ("asks#bob", GroupNews::Asks(bob())),
            ("asks-no-more#bob", GroupNews::AsksNoMore(bob())),
            ("renamed#7#a: b", GroupNews::Renamed(new_name())),
            ("is#invitation#bob", GroupNews::Is(JoinPolicy::Invitation, bob())),
        ] {
            let (text, message) =
                (format!("GROUP_NEWS#CS: Group#{text}"), ServerMessage::GroupNews(group(), news));
            assert_eq!(ServerMessage::parse(text.as_bytes()).as_ref(), Ok(&message), "{text}");
            assert_eq!(String::from_utf8(message.to_wire()).unwrap(), text);
        }
    }
}
