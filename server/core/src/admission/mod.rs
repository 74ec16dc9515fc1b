//! Who may come in and do how much how fast: bounds and waits for strangers and for accounts, as parts
//! without I/O that know neither sessions nor the chat. The time and what is asked come in, answers go out.

mod attempts;
mod fair_queue;
mod guesses;
mod half_open;
mod later;
mod limits;
mod proofs;
mod quotas;
mod rate;
mod shares;
mod source;
mod throttle;

pub(crate) use self::attempts::{Attempt, Attempts, Begun, Next};
pub(crate) use self::guesses::Guess;
pub(crate) use self::half_open::HalfOpen;
pub(crate) use self::later::Later;
pub(crate) use self::limits::{
    ATTEMPT_SOURCES_MAX, MESSAGES_OF_ACCOUNT_DEFAULT, REQUESTS_OF_ACCOUNT_DEFAULT,
    SERVER_PASSWORD_GUESSES, SIGN_INS_OF_ACCOUNT,
};
pub(crate) use self::quotas::{Quotas, Slowed, Spending};
pub(crate) use self::rate::Buckets;
pub use self::rate::Rate;
pub(crate) use self::shares::Shares;
pub(crate) use self::source::Source;
pub(crate) use self::throttle::Throttle;
