//! Every bound of the client, in one place. What happens at a bound is said beside it.

use std::time::Duration;

/// Most sessions of an account that are listed. A server tells of fewer; what comes beyond it is dropped.
pub const ACCOUNT_SESSIONS_MAX: usize = 256;

/// How many of the latest arrivals a session knows again. One of them that comes once more (a
/// server was restored from a backup, and its log begins anew) is not shown twice; an earlier one
/// would be.
pub const ARRIVALS_REMEMBERED_MAX: usize = 1_024;

/// Most names in a list of who is online. Of further ones, only the number is known.
pub const ONLINE_NAMES_MAX: usize = 10_000;

/// Lines asked for at once to be shown.
pub const PAGE_LINES: u16 = 50;

/// Lines asked for at once to be looked through: more than any server gives. A page costs what an account may spend
/// the same, however long it is.
pub const SEARCH_PAGE_LINES: u16 = 1_000;

/// Most messages of one page that is being put together. A server sends fewer; what comes beyond it
/// is dropped.
pub const PAGE_MESSAGES_MAX: usize = 4_096;

/// Most invitations, and most people who ask to join groups, that are shown. A server tells of fewer;
/// what comes beyond it is dropped.
pub const DECISIONS_MAX: usize = 1_024;

/// Most renamings of groups that are told with settings which were set before. Further ones are dropped.
pub const SETTINGS_RENAMED_MAX: usize = 1_024;

/// Most conversations of which it is remembered how far they were read. One that was told to the
/// server makes room.
pub const READ_MARKS_MAX: usize = 4_096;

/// Most small things that wait for room in the link (questions about receipts, reports of damage).
/// Further ones are dropped: the receipts are asked for again on the next link.
pub const ERRANDS_MAX: usize = 1_024;

/// A link that lives so long, or that brings something new, is no reason to wait when it is ended.
pub const LINK_STABLE_AFTER: Duration = Duration::from_secs(10);

/// So many lines of a long text are shown before one asks for the rest.
pub const LINES_SHOWN_MAX: usize = 20;

/// So many characters of it.
pub const CHARS_SHOWN_MAX: usize = 2_000;

/// Most ways to go on that are shown for what is being typed. The best are.
pub const COMPLETIONS_MAX: usize = 8;

/// Most words that are looked for at once. Further ones are not.
pub const SEARCH_WORDS_MAX: usize = 8;

/// Most lines that are kept of what was read for a search, and most bytes of their texts. The earliest
/// beyond it are read again for the next one.
pub const SEARCH_KEPT_MESSAGES_MAX: usize = 20_000;
/// See [`SEARCH_KEPT_MESSAGES_MAX`].
pub const SEARCH_KEPT_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Most hits of a search. Then it looks no further: the latest are shown, and one asks for more words.
pub const SEARCH_HITS_MAX: usize = 500;

/// Most places in a text where words are marked. Further ones are not.
pub const SEARCH_PLACES_MAX: usize = 64;

/// Most characters of a hit that are shown in a list, and most of them before what was looked for.
pub const EXCERPT_CHARS_MAX: usize = 160;
/// See [`EXCERPT_CHARS_MAX`].
pub const EXCERPT_BEFORE_CHARS: usize = 40;

/// Most changes of a conversation while a page of it is under way to a search. With more, it is asked
/// for again.
pub const SEARCH_MEANWHILE_MAX: usize = 256;
