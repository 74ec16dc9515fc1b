//! The server's own bounds; those of the wire are in [`netchat_shared::limits`].

use std::time::Duration;

/// Most sessions of each protocol that have not signed in, but for those that wait to be. For a further
/// one, the oldest of whoever has the most gives way.
pub const UNSIGNED_SESSIONS_MAX: usize = 4_096;

/// Most of them of one source. For a further one, its oldest gives way.
pub const UNSIGNED_SESSIONS_OF_SOURCE_MAX: usize = 1_024;

/// Most server passwords of original clients that came too soon after wrong ones and wait to be looked
/// at, and most of one source. A further one is not answered.
pub const KNOCKS_HELD_MAX: usize = 256;
/// See [`KNOCKS_HELD_MAX`].
pub const KNOCKS_HELD_OF_SOURCE_MAX: usize = 16;

/// How long an address may stay between `LOCKED` and sign-in before it is forgotten: long enough
/// for a person to think of a password.
pub const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(600);

/// Most classic sessions, those that sign in included. A further `LOCKED` hears `Locked`, and the
/// operator sees why.
pub const CLASSIC_SESSIONS_MAX: usize = 20_000;

/// A classic session that has said nothing for so long is over: its program is gone.
pub const CLASSIC_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// Most datagrams that wait for one classic session. A further line is dropped: it belongs to a
/// client that reads nothing. Messages wait in storage earlier ([`CLASSIC_FEED_MAX`]).
pub const CLASSIC_QUEUE_MAX: usize = 512;

/// How long after an acknowledgement the next message goes to a classic client. Acknowledgements
/// carry no number: one that the network repeats within this time can't be taken for the next
/// message's.
pub const CLASSIC_ACK_SPACING: Duration = Duration::from_millis(100);

/// How often a classic client that missed an acknowledgement is sent a line to see whether it is
/// still there, before it counts as away.
pub const CLASSIC_PROBES_MAX: u32 = 3;

/// Commands kept for a session whose registration is being stored. Further ones are dropped.
pub const REGISTERING_COMMANDS_MAX: usize = 16;

/// Most marks that a letter of a new name may carry: more than any language needs, and few enough not to
/// paint over other lines.
pub const MARKS_PER_LETTER_MAX: usize = 4;

/// Most names like others that the operator is told of at the start; of further ones, how many.
pub const NAMES_ALIKE_TOLD_MAX: usize = 100;

/// Most accounts. A further registration is refused, and the operator sees why.
pub const USERS_MAX: usize = 1_000_000;

/// Most groups. A further one is refused with a line.
pub const GROUPS_MAX: usize = 100_000;

/// Most members of a group. A further one is refused with a line.
pub const GROUP_MEMBERS_MAX: usize = 1_000;

/// Most invitations into one group that are open: they hold no places. A further one is refused with a
/// line.
pub const GROUP_INVITED_MAX: usize = 1_000;

/// Most of them by one member, but for the group's maker, who can take any of them back.
pub const INVITED_BY_MEMBER_MAX: usize = 64;

/// Most people who ask to join one group. A further one is refused with a line.
pub const GROUP_ASKING_MAX: usize = 256;

/// Most groups that one asks to join. A further request is refused with a line.
pub const ASKS_OF_USER_MAX: usize = 64;

/// Most invitations that one is told of; a further one can't be made, and who makes it is told so.
/// Those of people whom one blocks don't count.
pub const INVITATIONS_OF_USER_MAX: usize = 256;

/// Most people who ask to join groups of one's that are told together. Further ones stand with their
/// group.
pub const ASKING_TOLD_MAX: usize = 256;

/// Most people of whom one group knows that they were removed or turned away; of further ones, the
/// earliest is forgotten.
pub const GROUP_BARRED_MAX: usize = 1_000;

/// Most people whose invitations one blocks. A further one is refused with a line.
pub const BLOCKED_BY_USER_MAX: usize = 1_000;

/// Most former names of a group that are known; the earliest is forgotten. A client that was away for
/// more takes it for another group, and asks for its history anew.
pub const FORMER_NAMES_MAX: usize = 16;

/// Most refusals that are told to the operator in a line of their own until they are next summed up.
pub const REFUSALS_TOLD_MAX: usize = 32;

/// How often further refusals are summed up for the operator.
pub const REFUSALS_INTERVAL: Duration = Duration::from_secs(60);

/// Most writes under way to storage. At the bound, messages are reported lost to their senders.
pub const WRITES_PENDING_MAX: usize = 65_536;

/// Before an address has signed in, it gets at most so many times the bytes that came from it.
pub const AMPLIFICATION_MAX: usize = 3;

/// Most extended sessions that have signed in or wait to be; beyond it, an `OPEN` is not answered, and
/// the operator sees why.
pub const EXTENDED_SESSIONS_MAX: usize = 20_000;

/// Most bytes of messages that are not whole, or not read yet, for all sessions together. At it, the
/// session that holds the most is ended; its client begins a new link.
pub const RECEIVED_BYTES_MAX: usize = 32 << 20;

/// Most addresses of gateways that are known with whom they bring. Those that have been silent for
/// long make room; beyond it, a browser counts as its gateway.
pub const INTRODUCTIONS_MAX: usize = 40_000;

/// How long a cookie is good: four of these, the present one included.
pub const COOKIE_PERIOD: Duration = Duration::from_secs(4);

/// An extended session that was sent something and has not been heard for so long is away: its
/// messages wait in the database.
pub const AWAY_AFTER_UNANSWERED: Duration = Duration::from_secs(10);

/// The same for a session that nothing was sent to. Clients say something every 15 s.
pub const AWAY_AFTER_SILENCE: Duration = Duration::from_secs(40);

/// An extended session that has not been heard for so long is forgotten; its client resumes with its
/// token.
pub const FORGOTTEN_AFTER_SILENCE: Duration = Duration::from_secs(150);

/// How often an address that wants to take over a session is asked to prove itself.
pub const CHALLENGE_INTERVAL: Duration = Duration::from_millis(200);

/// How long a token is good after it was last used.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How often it is noted that a token is in use, while its client is connected.
pub const TOKEN_RENEWAL_INTERVAL: Duration = Duration::from_secs(24 * 3_600);

/// Most sessions that are listed to their user, those without a token included.
pub const SESSIONS_LISTED_MAX: usize = 64;

/// A message costs one more for each so many bytes of its body, as it travels.
pub const MESSAGE_BYTES_PER_COST: usize = 4_096;

/// And one more for each so many recipients.
pub const MESSAGE_RECIPIENTS_PER_COST: usize = 256;

/// How often a client that is slowed down, or refused for it, is told so.
pub const SLOWED_TOLD_INTERVAL: Duration = Duration::from_secs(10);
/// The same for an original client, which nothing holds back.
pub const REFUSED_TOLD_INTERVAL: Duration = Duration::from_secs(1);

/// Within so long after a slowed account may do something again, its sessions look, each at a moment that
/// is drawn anew every time: so each has its turn, whatever the others want.
pub const SLOWED_SPREAD: Duration = Duration::from_millis(10);

/// Most sessions of one account at once unless the operator decides otherwise.
pub const SESSIONS_OF_ACCOUNT_DEFAULT: usize = 32;

/// Most groups that somebody may have made that are there, unless the operator decides otherwise.
pub const GROUPS_OF_ACCOUNT_DEFAULT: usize = 100;

/// Most bytes of messages that an account may have stored unless the operator decides otherwise: a
/// thousand lines a day, for two years.
pub const STORED_BYTES_OF_ACCOUNT_DEFAULT: u64 = 512 << 20;

/// Most accounts of which it is known how often they signed in lately, with tokens and with passwords each;
/// whoever may again first makes room.
pub const SIGN_INS_REMEMBERED_MAX: usize = 65_536;

/// Most tokens of one user; the one used longest ago makes room.
pub const TOKENS_PER_USER_MAX: usize = 16;

/// Most ended tokens of one user that are kept, so that their clients can be told; the one used longest
/// ago is forgotten.
pub const TOKENS_ENDED_PER_USER_MAX: usize = 32;

/// Bytes in a link beyond which no more messages are put into it: the rest of its queue is for
/// answers. They are read from the database when it has drained.
pub const FEED_BYTES_MAX: usize = 128 * 1_024;

/// Messages that a classic client's queue may hold before further ones wait in the database.
pub const CLASSIC_FEED_MAX: usize = 128;

/// Most messages in one page of storage.
pub const PAGE_MESSAGES_MAX: usize = 100;

/// Most bytes of one page of storage, everything counted: bodies, and [`MESSAGE_BYTES_AROUND`] for
/// each message and each change of one. Only a single message may exceed it.
pub const PAGE_BYTES_MAX: usize = 64 * 1_024;

/// What a message counts for in a page beside its body.
pub const MESSAGE_BYTES_AROUND: usize = 256;

/// Most lines in one page of a history: as many short ones as its bytes hold.
pub const PAGE_LINES_MAX: usize = PAGE_BYTES_MAX / MESSAGE_BYTES_AROUND;

/// Most lines that are looked at to count those of others, the latest of a conversation: what lies
/// before so many lines of one's own, one has seen.
pub const UNREAD_LINES_LOOKED_AT_MAX: usize = 400;

/// Most edits of one message. A further one is refused.
pub const EDITS_PER_MESSAGE_MAX: usize = 64;

/// Most reactions to one message, taken back ones included. A further one is refused.
pub const REACTIONS_PER_MESSAGE_MAX: usize = 128;

/// Most failures in one answer of storage: the latest.
pub const FAILURES_MAX: usize = 1_000;

/// How far the clock may move beside the time that passed before it counts as wrong, and how long it
/// must then go right before anything is called old again.
pub const CLOCK_JUMP_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Most questions to storage under way. At the bound, a feed waits and a history ends early.
pub const LOADS_PENDING_MAX: usize = 4_096;

/// Most outcomes that senders wait for who could not be told later. At the bound, a message is
/// reported lost to its sender.
pub const AWAITED_OUTCOMES_MAX: usize = 200_000;

/// How long changes of who is online are gathered before clients are told.
pub const PRESENCE_INTERVAL: Duration = Duration::from_millis(100);

/// How long changes of how far users have received are gathered before they are stored.
pub const RECEIVED_INTERVAL: Duration = Duration::from_millis(50);

/// How long messages are kept unless the operator decides otherwise.
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How often messages that are too old are forgotten, and the operator is told what was dropped.
pub const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(600);

/// How often those who look at the list of who is online are told how many there are.
pub const ONLINE_COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// While at most so many are online, whoever looks at the list is told of each change of it. Of
/// more, a count is told, and pages on request: else one arrival would cost as much as everybody.
pub const WATCHED_ONLINE_MAX: usize = 256;

/// Most contacts whose presence one is told of; of further ones, nothing.
pub const CONTACTS_TOLD_MAX: usize = 4_096;

/// Most messages to many whose receipts are counted as they come, the latest ones.
pub const COUNTED_MESSAGES_MAX: usize = 1_024;

/// How long such receipts are gathered before the sender is told the number.
pub const RECEIVED_COUNTS_INTERVAL: Duration = Duration::from_millis(500);

/// Most sessions that are handed messages in one turn. Others wait for the next: datagrams are read
/// in between.
pub const FAN_OUT_PER_TURN_MAX: usize = 256;

/// Most messages whose fan-out waits. Beyond it, a turn takes as long as it takes.
pub const FAN_OUTS_PENDING_MAX: usize = 16_384;

/// Most members of a group for whom one is said to be typing; in a larger one, nobody is.
pub const TYPING_MEMBERS_MAX: usize = 64;

/// How long a page that was not complete waits until it is asked for again.
pub const PAGE_AGAIN_INTERVAL: Duration = Duration::from_millis(20);

/// How long a session waits for the log to reach the place that its client has. A place that is not
/// reached by then is of another log.
pub const POSITION_WAIT_MAX: Duration = Duration::from_secs(10);

/// Most answers to one session's messages under way. What it asks beyond that is read later.
pub const SENDS_PER_SESSION_MAX: usize = 256;

/// Most users whose receipts are gathered for one session that takes nothing at present. Beyond it,
/// it is told to ask anew.
pub const RECEIPTS_GATHERED_MAX: usize = 1_024;

/// Most messages that one session of their recipient has given up and another may still deliver.
/// Beyond it, the sender hears of a delivery only.
pub const DOUBTFUL_MESSAGES_MAX: usize = 65_536;

/// Longest body of a reaction, as it travels: the longest sign with the longest name around it.
pub const REACTION_BODY_BYTES_MAX: usize = 384;

/// Most members of a new group who are told at once which of the others are online.
pub const INTRODUCED_MEMBERS_MAX: usize = 64;

/// Most timers that fire in one turn. Others wait for the next: datagrams are read in between.
pub const TIMERS_PER_TURN_MAX: usize = 256;

/// Most guests who are here at once. A further one is refused, and the operator sees why.
pub const GUESTS_MAX: usize = 10_000;

/// How often a page that storage could not read is asked for before its reader is told so. What
/// waits behind a place is asked for until it can be read.
pub const PAGE_ATTEMPTS_MAX: u32 = 5;

/// How long a page that storage could not read waits until it is asked for again.
pub const PAGE_FAILED_INTERVAL: Duration = Duration::from_secs(1);
