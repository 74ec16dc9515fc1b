//! The bounds and waits for strangers, and what accounts may do.

use std::time::Duration;

use super::rate::Rate;
use super::throttle::Rule;

/// Most attempts to sign in or register that wait for their password hash. Beyond it, who takes most
/// of the queue is told to come later.
pub(crate) const ATTEMPTS_QUEUED_MAX: usize = 8_192;

/// The same of one source: a further one is told to come later. As many people may be behind one
/// address, and come back at once after an outage.
pub(crate) const ATTEMPTS_QUEUED_OF_SOURCE_MAX: usize = 2_048;

/// The shortest and the longest time after which somebody who found the queue full comes again.
pub(crate) const BUSY_WAIT_MIN: Duration = Duration::from_secs(1);
pub(crate) const BUSY_WAIT_MAX: Duration = Duration::from_secs(30);

/// Owners who come from where they came from last go first; every so many-th attempt is a stranger's.
pub(crate) const STRANGERS_TURN: u32 = 4;

/// Every so many-th attempt is of a source that was wrong lately, however many others wait.
pub(crate) const SUSPECTS_TURN: u32 = 16;

/// Wrong passwords for one name from one source.
pub(crate) const GUESSES_BY_NAME: Rule = Rule {
    free: 5,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(15 * 60),
    forgives_one_after: Duration::from_secs(15 * 60),
};

/// The same while the name is guessed from many sources.
pub(crate) const GUESSES_BY_ATTACKED_NAME: Rule = Rule {
    free: 1,
    first_wait: Duration::from_secs(10 * 60),
    longest_wait: Duration::from_secs(60 * 60),
    forgives_one_after: Duration::from_secs(60 * 60),
};

/// A name that so many wrong passwords were shown for lately, whoever did, is attacked.
pub(crate) const GUESSES_OF_NAME_ATTACKED: u32 = 20;

/// After so long, one of them counts no more.
pub(crate) const GUESSES_OF_NAME_FORGIVEN: Duration = Duration::from_secs(60);

/// Wrong passwords from one source, for whatever names: many people may be behind one address.
pub(crate) const GUESSES_BY_SOURCE: Rule = Rule {
    free: 64,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(60),
    forgives_one_after: Duration::from_secs(30),
};

/// Most proofs that one source may have begun: as many people may be behind one address. A further one is
/// told to come later.
pub(crate) const PROOFS_OF_SOURCE_MAX: usize = 256;

/// Whoever has begun a proof and has not made it after so long has guessed. A slow telephone takes some
/// seconds.
pub(crate) const PROOF_TIME_MAX: Duration = Duration::from_secs(60);

/// The same of a source that was wrong often lately.
pub(crate) const PROOFS_OF_SUSPECT_MAX: usize = 4;

/// Steps of proofs and enrolments that all sources together may ask for: enough for everybody after an outage,
/// and then what takes an eighth of a core. Beyond it, each source has its own share.
pub(crate) const PASSWORD_STEPS: Rate = Rate { burst: 8_192, interval: Duration::from_millis(2) };

/// The share of one source.
pub(crate) const PASSWORD_STEPS_OF_SOURCE: Rate =
    Rate { burst: 16, interval: Duration::from_millis(500) };

/// Accounts that all sources together may make: as many people may come at once, and then one a second. Beyond
/// it, each source has its own share.
pub(crate) const NEW_ACCOUNTS: Rate = Rate { burst: 4_096, interval: Duration::from_secs(1) };

/// The share of one source.
pub(crate) const NEW_ACCOUNTS_OF_SOURCE: Rate =
    Rate { burst: 4, interval: Duration::from_secs(60) };

/// Wrong server passwords from one source.
pub(crate) const SERVER_PASSWORD_GUESSES: Rule = Rule {
    free: 10,
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(60),
    forgives_one_after: Duration::from_secs(60),
};

/// Most sources, names, and pairs of both whose wrong attempts are remembered, each. Who would be
/// forgiven soonest makes room.
pub(crate) const ATTEMPT_SOURCES_MAX: usize = 16_384;

/// Links that all sources together may open: enough for everybody after an outage, and then what takes
/// an eighth of a core. Beyond it, each source has its own share.
pub(crate) const OPENINGS: Rate = Rate { burst: 8_192, interval: Duration::from_millis(1) };

/// The share of one source.
pub(crate) const OPENINGS_OF_SOURCE: Rate = Rate { burst: 8, interval: Duration::from_secs(1) };

/// Most sources whose shares are remembered; whose share is whole again first makes room.
pub(crate) const OPENING_SOURCES_MAX: usize = 16_384;

/// How many messages one account may send at once, and then each second, unless the operator decides
/// otherwise: far more than people write, and little for the server.
pub(crate) const MESSAGES_OF_ACCOUNT_DEFAULT: Option<Rate> = Rate::new(500, 20);

/// The same for everything else that is asked for, by what it costs (`session/costs.rs`).
pub(crate) const REQUESTS_OF_ACCOUNT_DEFAULT: Option<Rate> = Rate::new(2_000, 200);

/// How often an account may sign in: its sessions must not drive each other out for ever.
pub(crate) const SIGN_INS_OF_ACCOUNT: Rate = Rate { burst: 64, interval: Duration::from_secs(2) };
