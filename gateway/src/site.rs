//! Which names are this gateway's own, and which pages may open a WebSocket here.
//!
//! A browser lets any page open a WebSocket to anywhere, and says which page it was in `Origin`. Only
//! the gateway's own page, or one that the operator names, is let in. What its own page is depends on
//! the name that was asked for; and a page can have its own name point here later (DNS rebinding). So
//! only names that are known to be the gateway's are answered at all.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use thiserror::Error;

use crate::GatewayConfig;
use crate::web_address::{Host, Origin};

/// The rules for one gateway.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Other pages that are let in, such as `https://chat.example.org` behind a proxy.
    origins: Vec<Origin>,
    names: BTreeSet<Host>,
    /// Only this machine can reach the gateway, so only its own addresses are the gateway's.
    is_loopback: bool,
}

/// A host and a port, as a request names them.
type Asked = (Host, Option<u16>);

/// Why a request is not answered. The text is for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SiteError {
    /// It names no host, or two, or something else.
    #[error("The request names no host.")]
    NoHost,
    /// The host is not known to be this gateway.
    #[error("{0} is not known as a name of this gateway: its operator can add --allow-host {0}.")]
    OtherHost(Host),
    /// The page may not open a WebSocket.
    #[error("This page may not connect here.")]
    OtherPage,
}

impl Site {
    /// The rules of a gateway that listens on this address. Names that it has by itself: `localhost`,
    /// and that of the machine.
    pub(crate) fn new(listen: SocketAddr, config: &GatewayConfig, machine: Option<&str>) -> Self {
        let own = ["localhost".to_owned()].into_iter();
        let own = own
            .chain(machine.into_iter().flat_map(|name| [name.to_owned(), format!("{name}.local")]));
        Self {
            origins: config.allow_origins.clone(),
            names: own.filter_map(|name| name.parse().ok()).chain(config.named_hosts()).collect(),
            is_loopback: listen.ip().is_loopback(),
        }
    }

    /// The host that a request asks for, if it is this gateway.
    ///
    /// # Errors
    /// [`SiteError`].
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<Asked, SiteError> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(SiteError::NoHost);
        };
        let host = host.to_str().ok().and_then(|host| Host::parse_with_port(host).ok());
        let (host, port) = host.ok_or(SiteError::NoHost)?;
        let is_own = match &host {
            // An address can't be made to point elsewhere.
            Host::Address(address) => !self.is_loopback || address.is_loopback(),
            Host::Name(_) => false,
        };
        if is_own || self.names.contains(&host) {
            Ok((host, port))
        } else {
            Err(SiteError::OtherHost(host))
        }
    }

    /// Whether the page that a request comes from may open a WebSocket.
    ///
    /// # Errors
    /// [`SiteError`].
    pub(crate) fn check_page(&self, headers: &HeaderMap) -> Result<(), SiteError> {
        let (host, port) = self.check_host(headers)?;
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return Err(SiteError::OtherPage);
        };
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Origin>().ok());
        let origin = origin.ok_or(SiteError::OtherPage)?;
        if self.origins.contains(&origin) || origin.is_of(&host, port) {
            Ok(())
        } else {
            Err(SiteError::OtherPage)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn site(listen: &str) -> Site {
        let config = GatewayConfig {
            allow_origins: vec!["https://chat.example.org".parse().unwrap()],
            allow_hosts: vec!["chat.lan".parse().unwrap()],
            ..GatewayConfig::default()
        };
        Site::new(listen.parse().unwrap(), &config, Some("attic"))
    }

    fn head(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        headers
    }

    fn check(listen: &str, host: &str, origin: Option<&str>) -> Result<(), SiteError> {
        site(listen).check_page(&head(host, origin))
    }

    #[test]
    fn the_own_page_and_named_ones_are_let_in() {
        for host in
            ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080", "localhost"]
        {
            let origin = format!("http://{}", host.to_lowercase());
            assert_eq!(check("127.0.0.1:8080", host, Some(&origin)), Ok(()), "{host}");
        }
        for host in
            ["chat.lan:8080", "attic:8080", "attic.local", "192.0.2.7:8080", "[2001:db8::1]"]
        {
            for scheme in ["http", "https"] {
                let origin = format!("{scheme}://{host}");
                assert_eq!(check("0.0.0.0:8080", host, Some(&origin)), Ok(()), "{host}");
            }
        }
        for host in ["127.0.0.1:8080", "chat.example.org", "chat.example.org:443"] {
            let origin = Some("https://chat.example.org");
            assert_eq!(check("127.0.0.1:8080", host, origin), Ok(()), "{host}");
        }
    }

    #[test]
    fn every_other_page_is_not() {
        let refused = [
            None,
            Some("null"),
            Some(""),
            Some("http://127.0.0.1:8081"),
            Some("http://127.0.0.1"),
            Some("ftp://127.0.0.1:8080"),
            Some("http://127.0.0.1:8080.evil.example"),
            Some("http://evil.example"),
            Some("https://chat.example.org.evil.example"),
            Some("https://evil.chat.example.org"),
            Some("http://chat.example.org"),
            Some("https://chat.example.org:8443"),
        ];
        for origin in refused {
            let checked = check("127.0.0.1:8080", "127.0.0.1:8080", origin);
            assert_eq!(checked, Err(SiteError::OtherPage), "{origin:?}");
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_is_not_answered() {
        for listen in ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080", "192.0.2.7:80"] {
            for host in ["evil.example:8080", "evil.example", "localhost.evil.example"] {
                let origin = format!("http://{host}");
                let checked = check(listen, host, Some(&origin));
                assert!(matches!(checked, Err(SiteError::OtherHost(_))), "{host}: {checked:?}");
            }
            for host in ["", "user@127.0.0.1", "127.0.0.1/path", "127.0.0.1:port", "1.2.3.4.5"] {
                assert_eq!(check(listen, host, None), Err(SiteError::NoHost), "{host}");
            }
        }
        let elsewhere = check("127.0.0.1:8080", "192.0.2.7:8080", Some("http://192.0.2.7:8080"));
        assert!(matches!(elsewhere, Err(SiteError::OtherHost(_))), "{elsewhere:?}");
    }
}
