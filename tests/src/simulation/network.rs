//! A network that loses, repeats, delays, reorders, damages and fails, as one seed decides.

use std::collections::BTreeMap;
use std::time::Duration;

use netchat_shared::time::Instant;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// How bad it is, in one direction.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub loss_percent: u32,
    pub repeat_percent: u32,
    pub damage_percent: u32,
    /// Every datagram takes between these, each by itself: so they overtake each other.
    pub delay_min: Duration,
    pub delay_max: Duration,
}

impl Conditions {
    /// 20 ms and nothing else.
    pub const GOOD: Self = Self {
        loss_percent: 0,
        repeat_percent: 0,
        damage_percent: 0,
        delay_min: Duration::from_millis(20),
        delay_max: Duration::from_millis(20),
    };

    /// 30 % lost, 10 % repeated, 5 to 35 ms.
    pub const BAD: Self = Self {
        loss_percent: 30,
        repeat_percent: 10,
        damage_percent: 0,
        delay_min: Duration::from_millis(5),
        delay_max: Duration::from_millis(35),
    };

    /// Drawn at random: 0 to 30 % lost, 0 to 50 % repeated, up to 200 ms.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut below = |bound: u32| rng.next_u32() % bound;
        let delay_min = Duration::from_millis(u64::from(below(50)));
        Self {
            loss_percent: below(31),
            repeat_percent: below(51),
            damage_percent: below(10),
            delay_min,
            delay_max: delay_min + Duration::from_millis(u64::from(below(150))),
        }
    }
}

/// Datagrams under way between places of type `P`.
#[derive(Debug)]
pub struct Network<P> {
    pub conditions: Conditions,
    rng: ChaCha8Rng,
    under_way: BTreeMap<(Instant, u64), Datagram<P>>,
    serial: u64,
    /// Until then, everything is lost.
    down_until: Instant,
    pub carried: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram<P> {
    pub from: P,
    pub to: P,
    pub bytes: Vec<u8>,
}

impl<P: Clone> Network<P> {
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            conditions,
            rng: ChaCha8Rng::seed_from_u64(seed),
            under_way: BTreeMap::new(),
            serial: 0,
            down_until: Instant::ZERO,
            carried: 0,
        }
    }

    /// A datagram is sent; whether and when it arrives is decided now.
    pub fn send(&mut self, now: Instant, from: P, to: P, bytes: &[u8]) {
        self.carried += 1;
        if now < self.down_until || self.chance(self.conditions.loss_percent) {
            return;
        }
        let copies = if self.chance(self.conditions.repeat_percent) { 2 } else { 1 };
        for _ in 0..copies {
            let mut bytes = bytes.to_vec();
            if self.chance(self.conditions.damage_percent) && !bytes.is_empty() {
                let at = self.rng.next_u32() as usize % bytes.len();
                bytes[at] ^= 1 << (self.rng.next_u32() % 8);
            }
            self.serial += 1;
            let at = now + self.delay();
            let datagram = Datagram { from: from.clone(), to: to.clone(), bytes };
            self.under_way.insert((at, self.serial), datagram);
        }
    }

    /// Everything sent until then is lost.
    pub fn fail_until(&mut self, end: Instant) {
        self.down_until = end;
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next datagram that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<Datagram<P>> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    fn delay(&mut self) -> Duration {
        let Conditions { delay_min, delay_max, .. } = self.conditions;
        let spread = u64::try_from((delay_max - delay_min).as_micros()).unwrap();
        delay_min + Duration::from_micros(self.rng.next_u64() % (spread + 1))
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.next_u32() % 100 < percent
    }
}
