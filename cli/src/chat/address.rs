//! Where a server is, and whom one means by it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use netchat_shared::limits::DEFAULT_UDP_PORT;
use netchat_shared::server_key::{KeyCode, KeyCodeError};

/// `host:port`, `host` alone for an IP address, either with the server's code and `@` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// The code that the server must have.
    pub(super) code: Option<KeyCode>,
    /// What to look up.
    pub(super) host: String,
}

impl ServerAddress {
    /// What the server is remembered by.
    pub(super) fn name(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, DEFAULT_UDP_PORT).to_string(),
            Err(_) => self.host.to_lowercase(),
        }
    }
}

impl FromStr for ServerAddress {
    type Err = KeyCodeError;

    fn from_str(text: &str) -> Result<Self, KeyCodeError> {
        match text.split_once('@') {
            Some((code, host)) => Ok(Self { code: Some(code.parse()?), host: host.to_owned() }),
            None => Ok(Self { code: None, host: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_say_whom_it_is_with() {
        let address: ServerAddress = "g7ndh-25b1s-31k12-we9a6@Chat.Example:12000".parse().unwrap();
        assert_eq!(address.code.map(|code| code.to_string()).unwrap(), "g7ndh-25b1s-31k12-we9a6");
        assert_eq!(address.name(), "chat.example:12000");
        let address: ServerAddress = "127.0.0.1".parse().unwrap();
        assert_eq!((address.code, address.name().as_str()), (None, "127.0.0.1:12000"));
        assert_eq!("password@chat.example".parse::<ServerAddress>(), Err(KeyCodeError));
    }
}
