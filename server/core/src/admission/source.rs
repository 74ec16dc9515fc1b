//! Where a stranger comes from, as bounds and waits see it.

use std::net::IpAddr;

/// An IPv4 address, or the first 64 bits of an IPv6 address, which is what one customer is given: who
/// has them has all the addresses behind them. Bounds for strangers are per source.
///
/// An address that has not proved that it receives may be forged, so it is another source than the
/// same address when it has: whoever forges it locks nobody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    prefix: Prefix,
    is_proved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Prefix {
    V4([u8; 4]),
    V6([u8; 8]),
}

impl Source {
    /// An address that has proved that it receives, or that a gateway answers for.
    pub(crate) fn proved(address: IpAddr) -> Self {
        Self { prefix: Prefix::of(address), is_proved: true }
    }

    /// An address that a datagram claims to come from.
    pub(crate) fn claimed(address: IpAddr) -> Self {
        Self { prefix: Prefix::of(address), is_proved: false }
    }

    /// Whether that address is of this source, proved or not.
    pub(crate) fn holds(self, address: IpAddr) -> bool {
        self.prefix == Prefix::of(address)
    }
}

impl Prefix {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_the_first_half_of_an_ipv6_address() {
        let source = |text: &str| Source::proved(text.parse().unwrap());
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.1"));
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::2"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_ne!(source("192.0.2.1"), Source::claimed("192.0.2.1".parse().unwrap()));
        assert!(source("192.0.2.1").holds("192.0.2.1".parse().unwrap()));
    }
}
