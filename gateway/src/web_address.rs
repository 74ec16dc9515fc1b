//! Hosts and origins as browsers write them (RFC 6454, RFC 9110 section 7.2), in one form each.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// Longest name of a host, in bytes (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

/// A host: an address, or a name in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// An address, such as `192.0.2.1` or `[2001:db8::1]`.
    Address(IpAddr),
    /// A name, such as chat.example.org.
    Name(String),
}

/// A page's origin: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Why a text is no host or no origin. The text is the end of a line for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebAddressError {
    /// It does not begin with a scheme that browsers open pages with.
    #[error("an origin begins with http:// or https://, such as https://chat.example.org")]
    Scheme,
    /// There is something behind the host and the port.
    #[error("an origin is scheme, host and port only, such as https://chat.example.org:8443")]
    Path,
    /// The host is neither an address nor a name.
    #[error(
        "a host is a name of letters, digits, dots and hyphens (others as xn--…), or an address"
    )]
    Host,
    /// A host with a port, where only a host is wanted.
    #[error("give the host without a port")]
    PortNotWanted,
    /// The port is none.
    #[error("a port is a number from 1 to 65535")]
    Port,
}

impl Host {
    /// Whether it can only be the machine that a browser runs on.
    pub(crate) fn is_this_machine(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    /// Reads a host and the port behind it, if there is one.
    pub(crate) fn parse_with_port(text: &str) -> Result<(Self, Option<u16>), WebAddressError> {
        let (host, port) = match text.rsplit_once(':') {
            // A colon within brackets, or of an address without them, begins no port.
            Some((host, port)) if !port.contains(']') && !host.ends_with(':') => (host, Some(port)),
            _ => (text, None),
        };
        let port = port.map(parse_port).transpose()?;
        Ok((Self::parse_alone(host)?, port))
    }

    fn parse_alone(text: &str) -> Result<Self, WebAddressError> {
        if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let address: Ipv6Addr = address.parse().map_err(|_| WebAddressError::Host)?;
            return Ok(Self::Address(IpAddr::from(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_label = |label: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(is_letter)
        };
        let is_name = name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label);
        // A browser takes a name whose last part is a number for an address.
        let ends_in_number =
            name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if !is_name || ends_in_number {
            return Err(WebAddressError::Host);
        }
        Ok(Self::Name(name))
    }
}

fn parse_port(text: &str) -> Result<u16, WebAddressError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = if is_number { text.parse().ok() } else { None };
    port.filter(|&port| port > 0).ok_or(WebAddressError::Port)
}

impl FromStr for Host {
    type Err = WebAddressError;

    /// Reads a host without a port.
    fn from_str(text: &str) -> Result<Self, WebAddressError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        match Self::parse_with_port(text)? {
            (host, None) => Ok(host),
            (_, Some(_)) => Err(WebAddressError::PortNotWanted),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Origin {
    /// The host of it.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether this is the page of a host that was asked with this port, or with none.
    pub(crate) fn is_of(&self, host: &Host, port: Option<u16>) -> bool {
        self.host == *host && self.port == port.unwrap_or(self.scheme.default_port())
    }
}

impl FromStr for Origin {
    type Err = WebAddressError;

    /// Reads an origin; small letters, the usual port and a slash at the end make no difference.
    fn from_str(text: &str) -> Result<Self, WebAddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(WebAddressError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(WebAddressError::Scheme),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(WebAddressError::Path);
        }
        let (host, port) = Host::parse_with_port(authority)?;
        Ok(Self { scheme, host, port: port.unwrap_or(scheme.default_port()) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        let name = match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{name}://{host}")?;
        if *port == scheme.default_port() { Ok(()) } else { write!(f, ":{port}") }
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<String, WebAddressError> {
        text.parse::<Origin>().map(|origin| origin.to_string())
    }

    #[test]
    fn one_origin_has_one_form() {
        for text in [
            "https://chat.example.org",
            "https://chat.example.org/",
            "HTTPS://Chat.Example.ORG:443",
            "https://chat.example.org.:443/",
        ] {
            assert_eq!(origin(text).as_deref(), Ok("https://chat.example.org"), "{text}");
        }
        assert_eq!(origin("http://[0:0::1]:80").as_deref(), Ok("http://[::1]"));
        assert_eq!(
            origin("http://[::ffff:127.0.0.1]:8080").as_deref(),
            Ok("http://127.0.0.1:8080")
        );
        assert_eq!(
            origin("https://xn--bcher-kva.example:8443").as_deref(),
            Ok("https://xn--bcher-kva.example:8443")
        );
    }

    #[test]
    fn what_is_none_is_told() {
        use WebAddressError::{Host as NoHost, Path, Port, PortNotWanted, Scheme};
        for (text, expected) in [
            ("chat.example.org", Scheme),
            ("null", Scheme),
            ("*", Scheme),
            ("ftp://chat.example.org", Scheme),
            ("https://chat.example.org/chat", Path),
            ("https://chat.example.org//", Path),
            ("https://user@chat.example.org", Path),
            ("https://", NoHost),
            ("https://*.example.org", NoHost),
            ("https://bücher.example", NoHost),
            ("https://chat..example.org", NoHost),
            ("https://1.2.3", NoHost),
            ("https://::1", NoHost),
            ("https://[::1", NoHost),
            ("https://chat.example.org:0", Port),
            ("https://chat.example.org:", Port),
            ("https://chat.example.org:+80", Port),
            ("https://chat.example.org:65536", Port),
        ] {
            assert_eq!(origin(text), Err(expected), "{text}");
        }
        assert_eq!("chat.example.org:80".parse::<Host>(), Err(PortNotWanted));
        assert_eq!("::1".parse::<Host>().unwrap().to_string(), "[::1]");
    }
}
