//! Whom gateways bring: the address that is behind each of theirs (PROTOCOL.md, "Through a gateway").

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use netchat_shared::time::Instant;
use netchat_shared::via::{GatewayKey, HangUp, Via, ViaTaken};

use crate::limits::{FORGOTTEN_AFTER_SILENCE, INTRODUCTIONS_MAX};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Introductions {
    key: GatewayKey,
    by_source: BTreeMap<SocketAddr, Introduction>,
}

#[derive(Debug)]
struct Introduction {
    via: Via,
    behind: IpAddr,
    at: Instant,
    /// Nobody is behind it any more: a copy of what introduced them is worth nothing.
    has_ended: bool,
}

/// Whether both are of one connection of a browser: a gateway draws a nonce for each.
fn is_same(via: &Via, other: &Via) -> bool {
    via.nonce() == other.nonce()
}

/// Why an introduction is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// No gateway of this server has made it.
    Forged,
    /// Somebody else is behind that address.
    InUse,
    /// There are too many.
    Full,
}

impl Introductions {
    pub(crate) fn new(key: GatewayKey) -> Self {
        Self { key, by_source: BTreeMap::new() }
    }

    /// Takes an introduction whose cookie is good, or one that is renewed. A source stands for one address until its gateway
    /// hangs up, or has said nothing for long and no session is there.
    pub(crate) fn introduce(
        &mut self,
        now: Instant,
        from: SocketAddr,
        via: &Via,
        has_session: impl Fn(&SocketAddr) -> bool,
    ) -> Result<ViaTaken, NotTaken> {
        let key = &self.key;
        let behind = via.proved_address(key).ok_or(NotTaken::Forged)?;
        let is_in_use = |source: &SocketAddr, known: &Introduction| {
            let is_recent = now < known.at + FORGOTTEN_AFTER_SILENCE;
            !known.has_ended && (is_recent || has_session(source))
        };
        let taken = via.taken(key);
        match self.by_source.get(&from) {
            Some(known) if is_same(&known.via, via) && known.has_ended => {
                return Err(NotTaken::InUse);
            }
            Some(known) if is_same(&known.via, via) && known.behind == behind => {}
            Some(known) if is_in_use(&from, known) => return Err(NotTaken::InUse),
            Some(_) => {}
            None => {
                if self.by_source.len() >= INTRODUCTIONS_MAX {
                    self.by_source.retain(|source, known| is_in_use(source, known));
                }
                if self.by_source.len() >= INTRODUCTIONS_MAX {
                    return Err(NotTaken::Full);
                }
            }
        }
        let known = Introduction { via: *via, behind, at: now, has_ended: false };
        self.by_source.insert(from, known);
        Ok(taken)
    }

    /// Whether the gateway that introduced somebody at that source says that they are gone.
    pub(crate) fn hang_up(&mut self, from: SocketAddr, hang_up: &HangUp) -> bool {
        let Some(known) = self.by_source.get_mut(&from) else { return false };
        if known.has_ended || !hang_up.ends(&self.key, &known.via) {
            return false;
        }
        known.has_ended = true;
        true
    }

    /// The address that is behind a source, if a gateway says so.
    pub(crate) fn behind(&self, source: SocketAddr) -> Option<IpAddr> {
        self.by_source.get(&source).filter(|known| !known.has_ended).map(|known| known.behind)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use netchat_shared::extended::{Datagram, PROTOCOL_VERSION};
    use netchat_shared::server_key::StaticKey;
    use netchat_shared::via::Introduction as Gateway;

    use super::*;

    fn key() -> GatewayKey {
        GatewayKey::from_random([5; 32])
    }

    fn source(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// A gateway that has a cookie for its nonce, and what it says with it.
    fn gateway(nonce: u64, behind: IpAddr) -> (Gateway, Via) {
        gateway_with(nonce, 9, behind)
    }

    fn gateway_with(nonce: u64, cookie: u64, behind: IpAddr) -> (Gateway, Via) {
        let mut gateway = Gateway::new(key(), nonce, behind);
        let server = StaticKey::from_random([1; 32]).public();
        let cookie = Datagram::Cookie { version: PROTOCOL_VERSION, nonce, cookie, server };
        assert!(gateway.handle_datagram(&cookie.to_wire()));
        let via = gateway.next_datagram();
        let Ok(Datagram::Via(via)) = Datagram::parse(&via) else { panic!() };
        (gateway, via)
    }

    fn hang_up(mut gateway: Gateway, taken: ViaTaken) -> HangUp {
        gateway.handle_datagram(&Datagram::ViaTaken(taken).to_wire());
        let hang_up = gateway.hang_up().unwrap();
        let Ok(Datagram::HangUp(hang_up)) = Datagram::parse(&hang_up) else { panic!() };
        hang_up
    }

    #[test]
    fn a_source_stands_for_one_address_until_its_gateway_hangs_up() {
        let (now, mut introductions) = (Instant::ZERO, Introductions::new(key()));
        let nobody = |_: &SocketAddr| false;
        let (one, via) = gateway(1, address(1));
        let taken = introductions.introduce(now, source(1), &via, nobody).unwrap();
        assert_eq!(introductions.behind(source(1)), Some(address(1)));
        assert_eq!(introductions.behind(source(2)), None);
        assert_eq!(introductions.introduce(now, source(1), &via, nobody), Ok(taken), "repeated");
        let (_, renewed) = gateway_with(1, 10, address(1));
        assert!(introductions.introduce(now, source(1), &renewed, nobody).is_ok(), "renewed");
        let (_, elsewhere) = gateway(1, address(3));
        let refused = introductions.introduce(now, source(1), &elsewhere, nobody);
        assert_eq!(refused, Err(NotTaken::InUse), "one nonce, one address");
        let (_, other) = gateway(2, address(2));
        let in_use = introductions.introduce(now, source(1), &other, nobody);
        assert_eq!(in_use, Err(NotTaken::InUse));

        let hang_up = hang_up(one, taken);
        assert!(!introductions.hang_up(source(2), &hang_up), "of another source");
        assert!(introductions.hang_up(source(1), &hang_up));
        assert!(!introductions.hang_up(source(1), &hang_up), "a copy ends nothing");
        assert_eq!(introductions.behind(source(1)), None);
        let copy = introductions.introduce(now, source(1), &via, nobody);
        assert_eq!(copy, Err(NotTaken::InUse), "a copy brings nobody back");
        let copy = introductions.introduce(now, source(1), &renewed, nobody);
        assert_eq!(copy, Err(NotTaken::InUse), "nor does one of the renewed");
        assert!(introductions.introduce(now, source(1), &other, nobody).is_ok());
        assert_eq!(introductions.behind(source(1)), Some(address(2)));
        assert!(!introductions.hang_up(source(1), &hang_up), "it is not of this one");
    }

    #[test]
    fn a_source_that_fell_silent_may_stand_for_another_address() {
        let mut introductions = Introductions::new(key());
        let (_, via) = gateway(1, address(1));
        let (_, other) = gateway(2, address(2));
        introductions.introduce(Instant::ZERO, source(1), &via, |_| false).unwrap();
        let later = Instant::ZERO + FORGOTTEN_AFTER_SILENCE;
        let used = introductions.introduce(later, source(1), &other, |_| true);
        assert_eq!(used, Err(NotTaken::InUse), "a session is there");
        let almost = Instant::ZERO + FORGOTTEN_AFTER_SILENCE - Duration::from_secs(1);
        assert!(introductions.introduce(almost, source(1), &other, |_| false).is_err());
        assert!(introductions.introduce(later, source(1), &other, |_| false).is_ok());
    }

    #[test]
    fn nobody_is_believed_without_the_key() {
        let (_, via) = gateway(1, address(1));
        let mut introductions = Introductions::new(GatewayKey::from_random([6; 32]));
        let taken = introductions.introduce(Instant::ZERO, source(1), &via, |_| false);
        assert_eq!(taken, Err(NotTaken::Forged));
        assert_eq!(introductions.behind(source(1)), None);
    }

    #[test]
    fn introductions_are_bounded_and_old_ones_make_room() {
        let mut introductions = Introductions::new(key());
        let (_, via) = gateway(1, address(1));
        let at = |n: usize| SocketAddr::from(([127, 0, (n >> 8) as u8, n as u8], (n >> 16) as u16));
        let mut introduce =
            |now, n| introductions.introduce(now, at(n), &via, |source| *source == at(0));
        for n in 0..INTRODUCTIONS_MAX {
            assert!(introduce(Instant::ZERO, n).is_ok(), "{n}");
        }
        assert_eq!(introduce(Instant::ZERO, INTRODUCTIONS_MAX), Err(NotTaken::Full));
        let later = Instant::ZERO + FORGOTTEN_AFTER_SILENCE;
        assert!(introduce(later, INTRODUCTIONS_MAX).is_ok());
        assert_eq!(introductions.by_source.len(), 2, "the one with a session, and the new one");
    }
}
