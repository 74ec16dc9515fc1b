//! Whose address is behind a proxy: what the operator's own proxies say, and nobody else.
//!
//! A browser can send any header. So a header counts only if a trusted proxy brings it, only the one
//! kind that those proxies write is read, and of what it says only the part that they added: from its
//! end to the first address that is none of theirs.

use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{FORWARDED, HeaderMap, HeaderName};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What every header of version 2 begins with.
const VERSION_2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// A header of version 1 is at most so long, in bytes.
const VERSION_1_BYTES_MAX: usize = 107;
/// What follows the first 16 bytes of version 2: addresses, and at most so much beside them.
const VERSION_2_REST_BYTES_MAX: usize = 1_024;

/// Which proxies are believed, and how they say it.
#[derive(Debug, Clone, Default, Args)]
pub struct TrustedProxies {
    /// A proxy in front of the gateway, by address or network such as 10.0.0.0/8, that says whom it
    /// brings; may be repeated
    #[arg(
        long = "trusted-proxy",
        env = "NETCHAT_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = parse_network,
        value_name = "ADDRESS"
    )]
    pub networks: Vec<IpNet>,

    /// How trusted proxies say it. Name the one that they write: others come from the browser
    #[arg(
        long = "proxy-says",
        env = "NETCHAT_PROXY_SAYS",
        value_enum,
        default_value_t,
        value_name = "HOW"
    )]
    pub word: ProxyWord,
}

/// How a proxy says whom it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProxyWord {
    /// The header of that name
    #[default]
    XForwardedFor,
    /// The header of RFC 7239
    Forwarded,
    /// The PROXY protocol, version 1 or 2, before the first byte of each connection
    ProxyProtocol,
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "give an address or a network, such as 10.0.0.0/8".to_owned())
}

impl TrustedProxies {
    /// Whether that address is a proxy's.
    pub(crate) fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether the connection of that address begins with a header of the PROXY protocol.
    pub(crate) fn introduce(&self, peer: IpAddr) -> bool {
        self.word == ProxyWord::ProxyProtocol && self.include(peer)
    }

    /// The address of the browser that asks for something by a connection from `peer`. What can't be
    /// read, or is hidden, leaves the address of the proxy that wrote it.
    pub(crate) fn browser(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        let mut said = match self.word {
            ProxyWord::XForwardedFor => x_forwarded_for(headers),
            ProxyWord::Forwarded => forwarded(headers),
            ProxyWord::ProxyProtocol => Vec::new(),
        };
        while self.include(address)
            && let Some(Some(next)) = said.pop()
        {
            address = next.to_canonical();
        }
        address
    }
}

/// Every address that the headers of that name list, in their order; `None` for what is no address.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let name = HeaderName::from_static("x-forwarded-for");
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(|text| parse_address(text.trim())).collect()
}

/// With or without a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text.parse().ok();
    address
        .or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
        .or_else(bracketed)
}

fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let mut said = Vec::new();
    for line in headers.get_all(FORWARDED) {
        for node in rfc7239::parse(line.to_str().unwrap_or_default()) {
            let name = node.ok().and_then(|node| node.forwarded_for).map(|node| node.name);
            said.push(match name {
                Some(rfc7239::NodeName::Ip(address)) => Some(address),
                Some(rfc7239::NodeName::Unknown | rfc7239::NodeName::Obfuscated(_)) | None => None,
            });
        }
    }
    said
}

/// Reads the header of the PROXY protocol, and not a byte more; the address that it says. `None` if it
/// is about the proxy itself.
///
/// # Errors
/// When the connection ends before, or begins with something else.
pub(crate) async fn read_proxy_header(
    connection: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<IpAddr>> {
    // The shortest of both versions is longer.
    let mut header = vec![0; VERSION_2.len()];
    connection.read_exact(&mut header).await?;
    if header == VERSION_2 {
        header.resize(16, 0);
        connection.read_exact(&mut header[12..]).await?;
        let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if rest > VERSION_2_REST_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        header.resize(16 + rest, 0);
        connection.read_exact(&mut header[16..]).await?;
    } else {
        while !header.ends_with(b"\r\n") {
            if header.len() == VERSION_1_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            header.push(connection.read_u8().await?);
        }
    }
    address_of(&header).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// `None`: it is no header. `Some(None)`: it says no address.
fn address_of(header: &[u8]) -> Option<Option<IpAddr>> {
    let said = match HeaderResult::parse(header) {
        HeaderResult::V1(header) => match header.ok()?.addresses {
            v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
            v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
            v1::Addresses::Unknown => None,
        },
        HeaderResult::V2(header) => {
            let header = header.ok()?;
            match header.addresses {
                _ if header.command == v2::Command::Local => None,
                v2::Addresses::IPv4(addresses) => Some(addresses.source_address.into()),
                v2::Addresses::IPv6(addresses) => Some(addresses.source_address.into()),
                v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
            }
        }
    };
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(word: ProxyWord) -> TrustedProxies {
        let networks = ["10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48"];
        TrustedProxies {
            networks: networks.map(|text| parse_network(text).unwrap()).to_vec(),
            word,
        }
    }

    fn browser(word: ProxyWord, peer: &str, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        proxies(word).browser(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn what_a_trusted_proxy_says_counts_and_nothing_else() {
        let word = ProxyWord::XForwardedFor;
        let says = |peer, header| browser(word, peer, &[("x-forwarded-for", header)]);
        assert_eq!(says("10.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(says("::ffff:10.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(says("198.51.100.1", "203.0.113.7"), "198.51.100.1", "a stranger says so");
        assert_eq!(says("10.0.0.1", "1.2.3.4, 203.0.113.7"), "203.0.113.7", "made up before it");
        assert_eq!(says("10.0.0.1", "203.0.113.7, 10.2.3.4,192.0.2.1"), "203.0.113.7", "a chain");
        assert_eq!(says("10.0.0.1", "10.0.0.9"), "10.0.0.9", "the proxy's own");
        assert_eq!(says("10.0.0.1", "1.2.3.4, nonsense"), "10.0.0.1");
        assert_eq!(says("10.0.0.1", "1.2.3.4, unknown, 10.0.0.2"), "10.0.0.2");
        assert_eq!(says("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(says("2001:db8:1::5", "[2001:db8:9::1]:4711"), "2001:db8:9::1");
        assert_eq!(says("10.0.0.1", "203.0.113.7:80"), "203.0.113.7");
        let two = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(browser(word, "10.0.0.1", &two), "203.0.113.7", "lines are one list");
    }

    #[test]
    fn only_the_header_that_proxies_write_is_read() {
        let both = [("forwarded", "for=1.2.3.4"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(browser(ProxyWord::XForwardedFor, "10.0.0.1", &both), "203.0.113.7");
        assert_eq!(browser(ProxyWord::Forwarded, "10.0.0.1", &both), "1.2.3.4");
        assert_eq!(browser(ProxyWord::ProxyProtocol, "10.0.0.1", &both), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let says = |header| browser(ProxyWord::Forwarded, "10.0.0.1", &[("forwarded", header)]);
        assert_eq!(says("for=203.0.113.7;proto=https;by=10.0.0.1"), "203.0.113.7");
        assert_eq!(says("for=1.2.3.4, for=\"203.0.113.7:4711\""), "203.0.113.7");
        assert_eq!(says("For=\"[2001:db8:9::17]:4711\""), "2001:db8:9::17");
        assert_eq!(says("for=203.0.113.7, for=10.0.0.7"), "203.0.113.7");
        assert_eq!(says("for=1.2.3.4, for=_hidden"), "10.0.0.1");
        assert_eq!(says("for=1.2.3.4, for=unknown"), "10.0.0.1");
        assert_eq!(says("for=1.2.3.4, proto=https"), "10.0.0.1");
        assert_eq!(says(";;=,\"for=\\"), "10.0.0.1");
    }

    async fn header(bytes: &[u8]) -> (io::Result<Option<IpAddr>>, Vec<u8>) {
        let mut rest = bytes;
        let read = read_proxy_header(&mut rest).await;
        (read, rest.to_vec())
    }

    fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [VERSION_2, &[command, family][..], &length, rest].concat()
    }

    #[tokio::test]
    async fn both_versions_of_the_proxy_protocol_are_read_and_not_a_byte_more() {
        let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        let with_more = [&v4[..], &[4, 0, 2, 0xaa, 0xbb]].concat();
        let mut v6 = [0; 36];
        v6[..2].copy_from_slice(&[0x20, 0x01]);
        v6[15] = 7;
        for (bytes, expected) in [
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 80\r\n".to_vec(), Some("203.0.113.7")),
            (b"PROXY TCP6 2001::7 2001::1 4711 80\r\n".to_vec(), Some("2001::7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (version_2(0x21, 0x11, &v4), Some("203.0.113.7")),
            (version_2(0x21, 0x11, &with_more), Some("203.0.113.7")),
            (version_2(0x21, 0x21, &v6), Some("2001::7")),
            (version_2(0x20, 0x00, &[]), None),
        ] {
            let (read, rest) = header(&[&bytes[..], b"GET /"].concat()).await;
            assert_eq!(read.unwrap(), expected.map(|text| text.parse().unwrap()), "{bytes:?}");
            assert_eq!(rest, b"GET /", "{bytes:?}");
            for length in 0..bytes.len() {
                assert!(header(&bytes[..length]).await.0.is_err(), "cut at {length}: {bytes:?}");
            }
        }
        let long = [&b"PROXY TCP4 "[..], &[b'1'; 200], b"\r\n"].concat();
        let endless = [VERSION_2, &[0x21, 0x11, 0xff, 0xff][..], &[0; 70_000]].concat();
        for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &long, &endless] {
            assert!(header(bytes).await.0.is_err());
        }
    }
}
