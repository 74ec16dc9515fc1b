//! Who it is that comes through a gateway (PROTOCOL.md, "Through a gateway").
//!
//! A gateway has one source address for each browser. Before it passes anything on, it introduces
//! the browser: it asks for a cookie, and says whose address is behind this one, with a proof that it
//! knows the key which gateway and server share. The cookie binds that to its source address and to a
//! few seconds, so a copy is worth nothing elsewhere or later. [`Introduction`] is the gateway's
//! side: a gateway needs no other word of the protocol.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use zeroize::Zeroizing;

use crate::crypto::{Mac, Secret, SecretError};
use crate::extended::{Datagram, PROTOCOL_VERSION};

/// After so many repetitions a cookie is given up for a new one: it may have grown too old.
const REPETITIONS_MAX: u32 = 8;

/// Where a datagram says what it is, in bytes.
const KIND_FROM: usize = "X#00000000#".len();

/// The key that a server shares with its gateways: 256 random bits. As text: 64 digits. The `Debug`
/// form shows nothing of it, and it is wiped when it is dropped.
#[derive(Debug, Clone)]
pub struct GatewayKey(Secret);

/// A gateway says whose address is behind its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via {
    pub(crate) nonce: u64,
    pub(crate) cookie: u64,
    address: IpAddr,
    mac: Mac,
}

/// The server has taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViaTaken {
    pub(crate) nonce: u64,
    mac: Mac,
}

/// A gateway says that nobody is behind its address any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HangUp {
    pub(crate) nonce: u64,
    pub(crate) cookie: u64,
    mac: Mac,
}

/// What a gateway says to the server before it passes on what a browser says.
///
/// Send [`Self::next_datagram`], and again every 250 ms or so, until [`Self::is_taken`]; give each
/// datagram of the server to [`Self::handle_datagram`], and pass on those that are not its own. A
/// server that knows no gateway key never takes it: after some seconds, a gateway goes on without.
/// A server that was restarted has forgotten it: [renew](Self::renew) it before a message that
/// [asks for a session](asks_for_session).
#[derive(Debug)]
pub struct Introduction {
    key: GatewayKey,
    nonce: u64,
    address: IpAddr,
    state: State,
    /// The cookie with which it was taken last.
    taken: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Asking,
    Saying { cookie: u64, repetitions: u32 },
    Taken,
}

/// Whether a browser's message asks for a session, in either protocol, so that the server that
/// answers it should know who asks.
#[must_use]
pub fn asks_for_session(message: &[u8]) -> bool {
    has_kind(message, b"OFFER#") || message.starts_with(b"LOCKED#")
}

/// Datagrams are told apart by what follows their checksum.
fn has_kind(datagram: &[u8], kind: &[u8]) -> bool {
    datagram.starts_with(b"X#") && datagram.get(KIND_FROM..).is_some_and(|it| it.starts_with(kind))
}

impl GatewayKey {
    /// A key of these random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads it as it stands in a file.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        Secret::parse(text).map(Self)
    }

    /// As it stands in a file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        self.0.to_text()
    }
}

impl Via {
    fn new(key: &GatewayKey, nonce: u64, cookie: u64, address: IpAddr) -> Self {
        let address = address.to_canonical();
        let mac = Mac::new(&key.0, "netchat via 2", &via_fields(nonce, cookie, address).each());
        Self { nonce, cookie, address, mac }
    }

    /// The address that is behind the gateway's, if a gateway that knows the key says so. Whether the
    /// cookie is good is the server's to see.
    #[must_use]
    pub fn proved_address(&self, key: &GatewayKey) -> Option<IpAddr> {
        let fields = via_fields(self.nonce, self.cookie, self.address);
        self.mac.proves(&key.0, "netchat via 2", &fields.each()).then_some(self.address)
    }

    /// The nonce of the offer that the cookie answered.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// What proves the gateway's source address to the server.
    #[must_use]
    pub fn cookie(&self) -> u64 {
        self.cookie
    }

    /// The answer that it was taken.
    #[must_use]
    pub fn taken(&self, key: &GatewayKey) -> ViaTaken {
        let (nonce, cookie) = (self.nonce.to_be_bytes(), self.cookie.to_be_bytes());
        let mac = Mac::new(&key.0, "netchat via taken 2", &[&nonce, &cookie]);
        ViaTaken { nonce: self.nonce, mac }
    }

    /// Reads what stands behind the cookie.
    pub(crate) fn parse(nonce: u64, cookie: u64, address: &str, mac: &str) -> Option<Self> {
        let address: IpAddr = address.parse().ok()?;
        let is_canonical = address.to_canonical() == address;
        is_canonical.then_some(Self { nonce, cookie, address, mac: Mac::parse(mac)? })
    }
}

/// As it stands in a datagram.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nonce, cookie, address, mac } = self;
        write!(f, "VIA#{PROTOCOL_VERSION}#{nonce:016x}#{cookie:016x}#{address}#{mac}")
    }
}

impl ViaTaken {
    fn proves(&self, key: &GatewayKey, cookie: u64) -> bool {
        let (nonce, cookie) = (self.nonce.to_be_bytes(), cookie.to_be_bytes());
        self.mac.proves(&key.0, "netchat via taken 2", &[&nonce, &cookie])
    }

    pub(crate) fn parse(nonce: u64, mac: &str) -> Option<Self> {
        Some(Self { nonce, mac: Mac::parse(mac)? })
    }
}

/// As it stands in a datagram.
impl fmt::Display for ViaTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VIA_TAKEN#{:016x}#{}", self.nonce, self.mac)
    }
}

impl HangUp {
    fn new(key: &GatewayKey, nonce: u64, cookie: u64) -> Self {
        let fields = [nonce.to_be_bytes(), cookie.to_be_bytes()];
        let mac = Mac::new(&key.0, "netchat hang-up 2", &[&fields[0], &fields[1]]);
        Self { nonce, cookie, mac }
    }

    /// Whether a gateway that knows the key says so, of whom it introduced by this [`Via`] or by
    /// another with the same nonce.
    #[must_use]
    pub fn ends(&self, key: &GatewayKey, via: &Via) -> bool {
        let (nonce, cookie) = (self.nonce.to_be_bytes(), self.cookie.to_be_bytes());
        self.nonce == via.nonce && self.mac.proves(&key.0, "netchat hang-up 2", &[&nonce, &cookie])
    }

    pub(crate) fn parse(nonce: u64, cookie: u64, mac: &str) -> Option<Self> {
        Some(Self { nonce, cookie, mac: Mac::parse(mac)? })
    }
}

/// As it stands in a datagram.
impl fmt::Display for HangUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nonce, cookie, mac } = self;
        write!(f, "HANG_UP#{PROTOCOL_VERSION}#{nonce:016x}#{cookie:016x}#{mac}")
    }
}

impl Introduction {
    /// Introduces who is behind the next source address. The nonce must be random and new.
    #[must_use]
    pub fn new(key: GatewayKey, nonce: u64, address: IpAddr) -> Self {
        Self { key, nonce, address, state: State::Asking, taken: None }
    }

    /// What to send now.
    #[must_use]
    pub fn next_datagram(&mut self) -> Vec<u8> {
        match &mut self.state {
            State::Saying { cookie, repetitions } if *repetitions < REPETITIONS_MAX => {
                *repetitions += 1;
                let via = Via::new(&self.key, self.nonce, *cookie, self.address);
                Datagram::Via(via).to_wire()
            }
            State::Asking | State::Saying { .. } | State::Taken => {
                self.state = State::Asking;
                Datagram::Offer { version: PROTOCOL_VERSION, nonce: self.nonce }.to_wire()
            }
        }
    }

    /// Takes a datagram of the server; whether it was for the gateway. If so, send
    /// [`Self::next_datagram`] at once, unless it [is taken](Self::is_taken).
    pub fn handle_datagram(&mut self, datagram: &[u8]) -> bool {
        if !has_kind(datagram, b"COOKIE#") && !has_kind(datagram, b"VIA_TAKEN#") {
            return false;
        }
        match Datagram::parse(datagram) {
            Ok(Datagram::Cookie { nonce, cookie, .. }) if nonce == self.nonce => {
                if self.state != State::Taken {
                    self.state = State::Saying { cookie, repetitions: 0 };
                }
                true
            }
            Ok(Datagram::ViaTaken(taken)) if taken.nonce == self.nonce => {
                if let State::Saying { cookie, .. } = self.state
                    && taken.proves(&self.key, cookie)
                {
                    self.state = State::Taken;
                    self.taken = Some(cookie);
                }
                true
            }
            _ => false,
        }
    }

    /// Whether the server has taken it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.state == State::Taken
    }

    /// Whether the server has answered at all, and not taken it yet: it may have another key.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.state, State::Saying { .. })
    }

    /// Begins anew: the server may have forgotten it.
    pub fn renew(&mut self) {
        self.state = State::Asking;
    }

    /// Says that nobody is behind this address any more: to be sent twice, as one may be lost. `None`
    /// if the server does not know who was.
    #[must_use]
    pub fn hang_up(&self) -> Option<Vec<u8>> {
        let cookie = self.taken?;
        Some(Datagram::HangUp(HangUp::new(&self.key, self.nonce, cookie)).to_wire())
    }
}

/// What is proved of an introduction.
struct ViaFields {
    nonce: [u8; 8],
    cookie: [u8; 8],
    address: [u8; 16],
}

impl ViaFields {
    fn each(&self) -> [&[u8]; 3] {
        [&self.nonce, &self.cookie, &self.address]
    }
}

fn via_fields(nonce: u64, cookie: u64, address: IpAddr) -> ViaFields {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    ViaFields {
        nonce: nonce.to_be_bytes(),
        cookie: cookie.to_be_bytes(),
        address: address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_key::StaticKey;

    fn key(byte: u8) -> GatewayKey {
        GatewayKey::from_random([byte; 32])
    }

    fn address() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn cookie(nonce: u64) -> Datagram<'static> {
        let server = StaticKey::from_random([3; 32]).public();
        Datagram::Cookie { version: PROTOCOL_VERSION, nonce, cookie: 9, server }
    }

    /// An introduction that has a cookie.
    fn with_cookie() -> Introduction {
        let mut introduction = Introduction::new(key(1), 7, address());
        let cookie = cookie(7);
        assert!(introduction.handle_datagram(&cookie.to_wire()));
        introduction
    }

    fn via(introduction: &mut Introduction) -> Via {
        let wire = introduction.next_datagram();
        let Ok(Datagram::Via(via)) = Datagram::parse(&wire) else { panic!("no introduction") };
        via
    }

    #[test]
    fn an_introduction_asks_for_a_cookie_and_is_taken() {
        let mut introduction = Introduction::new(key(1), 7, address());
        let offer = introduction.next_datagram();
        assert!(asks_for_session(&offer));
        let expected = Datagram::Offer { version: PROTOCOL_VERSION, nonce: 7 };
        assert_eq!(Datagram::parse(&offer), Ok(expected));
        assert_eq!(introduction.hang_up(), None);

        let mut introduction = with_cookie();
        let via = via(&mut introduction);
        assert_eq!(via.proved_address(&key(1)), Some(address()));
        assert!(!introduction.is_taken());
        let taken = |key: &GatewayKey| Datagram::ViaTaken(via.taken(key)).to_wire();
        assert!(introduction.handle_datagram(&taken(&key(2))), "it is the gateway's, and false");
        assert!(!introduction.is_taken());
        assert!(introduction.handle_datagram(&taken(&key(1))));
        assert!(introduction.is_taken());

        let hang_up = introduction.hang_up().unwrap();
        let Ok(Datagram::HangUp(hang_up)) = Datagram::parse(&hang_up) else { panic!() };
        assert!(hang_up.ends(&key(1), &via));
        assert!(!hang_up.ends(&key(2), &via), "of another gateway");
        assert!(!hang_up.ends(&key(1), &Via::new(&key(1), 8, 9, address())), "of somebody else");
    }

    #[test]
    fn one_that_is_renewed_can_hang_up_all_the_time() {
        let mut introduction = with_cookie();
        let via = via(&mut introduction);
        introduction.handle_datagram(&Datagram::ViaTaken(via.taken(&key(1))).to_wire());
        introduction.renew();
        assert!(!introduction.is_taken());
        let offer = introduction.next_datagram();
        assert!(asks_for_session(&offer));
        let Ok(Datagram::HangUp(hang_up)) = Datagram::parse(&introduction.hang_up().unwrap())
        else {
            panic!()
        };
        let renewed = Via::new(&key(1), 7, 10, address());
        assert!(hang_up.ends(&key(1), &renewed), "the server knows it by the renewed one");
    }

    #[test]
    fn what_is_for_the_browser_is_passed_on() {
        let mut introduction = with_cookie();
        let cookie = cookie(8);
        let of_another = Via::new(&key(1), 8, 9, address()).taken(&key(1));
        for datagram in [cookie.to_wire(), Datagram::ViaTaken(of_another).to_wire(), vec![]] {
            assert!(!introduction.handle_datagram(&datagram));
        }
    }

    #[test]
    fn a_cookie_that_brings_nothing_is_given_up() {
        let mut introduction = with_cookie();
        for _ in 0..REPETITIONS_MAX {
            via(&mut introduction);
        }
        let offer = introduction.next_datagram();
        assert!(matches!(Datagram::parse(&offer), Ok(Datagram::Offer { .. })));
    }

    #[test]
    fn a_proof_is_of_one_key_nonce_cookie_and_address() {
        let via = Via::new(&key(1), 7, 9, address());
        assert_eq!(via.proved_address(&key(2)), None);
        let elsewhere = "192.0.2.8".parse().unwrap();
        for changed in
            [Via { nonce: 8, ..via }, Via { cookie: 8, ..via }, Via { address: elsewhere, ..via }]
        {
            assert_eq!(changed.proved_address(&key(1)), None, "{changed:?}");
        }
    }

    #[test]
    fn both_ways_to_write_an_address_are_one() {
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        let via = Via::new(&key(1), 7, 9, mapped);
        assert_eq!(via, Via::new(&key(1), 7, 9, address()));
        let mac = via.mac.to_string();
        assert_eq!(Via::parse(7, 9, "192.0.2.7", &mac), Some(via));
        assert_eq!(Via::parse(7, 9, "::ffff:192.0.2.7", &mac), None);
    }

    #[test]
    fn they_are_written_as_the_protocol_says() {
        // Computed by another program from PROTOCOL.md.
        let text = |datagram: Datagram<'_>| String::from_utf8(datagram.to_wire()).unwrap();
        let via = Via::new(&key(1), 7, 9, address());
        assert_eq!(
            text(Datagram::Via(via)),
            "X#22263010#VIA#2#0000000000000007#0000000000000009#192.0.2.7#4c5aed04ed3fb9bd91f8a1f370982407"
        );
        assert_eq!(
            text(Datagram::ViaTaken(via.taken(&key(1)))),
            "X#4b5e950e#VIA_TAKEN#0000000000000007#271bdab429fcdd9b33d024a807d38f3b"
        );
        assert_eq!(
            text(Datagram::HangUp(HangUp::new(&key(1), 7, 9))),
            "X#651a38cd#HANG_UP#2#0000000000000007#0000000000000009#6eb283d0ae7518a387f7ee11585cddc4"
        );
    }
}
