//! What the operator decides.

use std::time::Duration;

use netchat_shared::limits::ACK_TIMEOUT_DEFAULT;
use netchat_shared::opaque::Setup;
use netchat_shared::password::Password;
use netchat_shared::server_key::StaticKey;
use netchat_shared::via::GatewayKey;

use crate::admission::{MESSAGES_OF_ACCOUNT_DEFAULT, REQUESTS_OF_ACCOUNT_DEFAULT, Rate};
use crate::limits::{
    GROUPS_OF_ACCOUNT_DEFAULT, RETENTION_DEFAULT, SESSIONS_OF_ACCOUNT_DEFAULT,
    STORED_BYTES_OF_ACCOUNT_DEFAULT,
};

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The password that opens the server.
    pub password: Password,
    /// How long a classic recipient may be silent before its message is reported lost.
    pub ack_timeout: Duration,
    /// Whether original clients are answered: their protocol can be read and forged by everyone on
    /// the way.
    pub allow_classic: bool,
    /// Let in clients without a password, under names that nobody has registered.
    pub allow_guests: bool,
    /// Show no addresses in lists of users.
    pub hide_addresses: bool,
    /// How many passwords are hashed at once.
    pub hash_threads: usize,
    /// How long messages are kept; `None`: for ever.
    pub retention: Option<Duration>,
    /// How much one account may do.
    pub quotas: AccountQuotas,
}

/// How much one account may do, over all of its sessions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountQuotas {
    /// Messages: one each, and more for what is long or for many. `None`: any number.
    pub messages: Option<Rate>,
    /// Everything else that is asked for, by what it costs. `None`: any number.
    pub requests: Option<Rate>,
    /// Most sessions at once. For a further one, the one that is missed least gives way.
    pub sessions: usize,
    /// Most groups that somebody may have made that are there. No further one is made until one has gone.
    pub groups: usize,
    /// Most bytes of messages that are stored, everything counted
    /// ([`MESSAGE_BYTES_AROUND`](crate::limits::MESSAGE_BYTES_AROUND)). `None`: any number. Storage sees to
    /// it.
    pub stored_bytes: Option<u64>,
}

impl Default for AccountQuotas {
    fn default() -> Self {
        Self {
            messages: MESSAGES_OF_ACCOUNT_DEFAULT,
            requests: REQUESTS_OF_ACCOUNT_DEFAULT,
            sessions: SESSIONS_OF_ACCOUNT_DEFAULT,
            groups: GROUPS_OF_ACCOUNT_DEFAULT,
            stored_bytes: Some(STORED_BYTES_OF_ACCOUNT_DEFAULT),
        }
    }
}

/// The keys of a server. They stand in files of their own.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// What it proves itself to clients with.
    pub server_key: StaticKey,
    /// What all records of passwords are made with.
    pub password_setup: Setup,
    /// What it shares with its gateways, if it has any that say whom they bring.
    pub gateway_key: GatewayKey,
}

impl Settings {
    /// The defaults, with this password.
    #[must_use]
    pub fn new(password: Password) -> Self {
        Self {
            password,
            ack_timeout: ACK_TIMEOUT_DEFAULT,
            allow_classic: true,
            allow_guests: false,
            hide_addresses: false,
            hash_threads: 1,
            retention: Some(RETENTION_DEFAULT),
            quotas: AccountQuotas::default(),
        }
    }

    /// Whether that is the password of the server, however it was typed.
    pub(crate) fn is_password(&self, given: &Password) -> bool {
        given.normalised() == self.password.normalised()
    }
}
