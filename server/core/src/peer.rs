//! Where a session is, and who that is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where the datagrams of a client come from and go to, and the address that is behind it if a gateway
/// of this server says so. Whoever asks who somebody is looks at [`Self::ip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Of the datagrams: the client's own, or its gateway's.
    pub source: SocketAddr,
    /// The browser's, which its gateway says.
    pub behind: Option<IpAddr>,
}

impl Peer {
    /// The address of the person's machine, as far as it is known: limits, bans and logs are about it.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.behind.unwrap_or_else(|| self.source.ip())
    }
}

impl From<SocketAddr> for Peer {
    fn from(source: SocketAddr) -> Self {
        Self { source, behind: None }
    }
}

/// As an operator reads it.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.behind {
            Some(behind) => write!(f, "{behind} through {}", self.source),
            None => self.source.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_its_own_address_and_not_its_gateways() {
        let source = SocketAddr::from(([127, 0, 0, 1], 4_000));
        let direct = Peer::from(source);
        assert_eq!((direct.ip(), direct.to_string().as_str()), (source.ip(), "127.0.0.1:4000"));
        let behind = Peer { behind: "2001:db8::7".parse().ok(), ..direct };
        assert_eq!(behind.ip(), "2001:db8::7".parse::<IpAddr>().unwrap());
        assert_eq!(behind.to_string(), "2001:db8::7 through 127.0.0.1:4000");
    }
}
