//! Which pages may open a WebSocket here.
//!
//! A browser lets any page open a WebSocket to anywhere, and says which page it was in `Origin`.
//! Only the gateway's own page, or one that the operator names, is let in.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// The rule for one gateway.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    /// Other origins that are let in, such as `https://chat.example.org` behind a proxy.
    pub(crate) allowed: Vec<String>,
    /// Only this machine can reach the gateway, so only names of this machine are its own. Otherwise
    /// a page whose name is made to point here later (DNS rebinding) would be taken for ours.
    pub(crate) is_loopback: bool,
}

impl OriginRule {
    pub(crate) fn new(listen: SocketAddr, allowed: Vec<String>) -> Self {
        Self { allowed, is_loopback: listen.ip().is_loopback() }
    }

    pub(crate) fn allows(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(origin) = text(ORIGIN) else {
            return false;
        };
        if self.allowed.iter().any(|allowed| allowed == origin) {
            return true;
        }
        let Some(host) = text(HOST) else { return false };
        let Some((scheme, origin_host)) = origin.split_once("://") else {
            return false;
        };
        matches!(scheme, "http" | "https")
            && origin_host == host
            && (!self.is_loopback || names_this_machine(host))
    }
}

fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allows(listen: &str, host: &str, origin: Option<&str>) -> bool {
        let allowed = vec!["https://chat.example.org".to_owned()];
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        OriginRule::new(listen.parse().unwrap(), allowed).allows(&headers)
    }

    #[test]
    fn the_own_page_and_named_ones_are_let_in() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "localhost"] {
            let origin = format!("http://{host}");
            assert!(allows("127.0.0.1:8080", host, Some(&origin)), "{host}");
        }
        assert!(allows("0.0.0.0:8080", "chat.lan:8080", Some("http://chat.lan:8080")));
        assert!(allows("127.0.0.1:8080", "127.0.0.1:8080", Some("https://chat.example.org")));
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
        ];
        for origin in refused {
            assert!(!allows("127.0.0.1:8080", "127.0.0.1:8080", origin), "{origin:?}");
        }
        // A name that was made to point at this machine.
        assert!(!allows("127.0.0.1:8080", "evil.example:8080", Some("http://evil.example:8080")));
    }
}
