//! What is measured, and how.

use std::net::SocketAddr;
use std::time::Duration;

use super::load::{Load, Outcome, Party};
use super::pace::Pace;
use super::parties::{mqtt, nats, netchat, relay};
use super::programs::Program;
use crate::options::Options;

/// Messages of one sender in a second, with little load.
const LITTLE: f64 = 10.0;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rival {
    /// Datagrams passed on, and nothing else.
    Relay,
    /// NetChat's server, as operators run it.
    Server,
    /// The same, with storage that forgets.
    InMemory,
    /// An MQTT broker, in memory.
    Mosquitto,
    /// A message bus, in memory.
    Nats,
}

/// How it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Situation {
    /// With so many messages of each sender under way.
    Saturation(u64),
    /// With half of what was reached with the first of the windows.
    Half,
    /// With little load.
    Little,
}

impl Rival {
    pub(crate) const ALL: [Self; 5] =
        [Self::Relay, Self::Server, Self::InMemory, Self::Mosquitto, Self::Nats];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relay => "bare relay",
            Self::Server => "netchat-server",
            Self::InMemory => "in-memory store",
            Self::Mosquitto => "mosquitto",
            Self::Nats => "nats-server",
        }
    }

    /// Measures it in every situation; `None` if it is not installed.
    pub(crate) fn measure(self, options: &Options) -> Option<Vec<(Situation, Outcome)>> {
        let program = Program::start(self)?;
        let (address, count) = (program.address, options.pairs);
        Some(match self {
            Self::Relay => measure(&program, relay::pairs(address, count), options, false),
            Self::Server => self.measure_netchat(&program, options),
            Self::InMemory => self.measure_netchat(&program, options),
            Self::Mosquitto => measure(&program, mqtt::pairs(address, count), options, false),
            Self::Nats => measure(&program, nats::pairs(address, count), options, false),
        })
    }

    fn measure_netchat(self, program: &Program, options: &Options) -> Vec<(Situation, Outcome)> {
        let address: SocketAddr = program.address;
        let pairs = netchat::pairs(address, options.pairs);
        measure(program, pairs, options, self == Self::Server)
    }
}

fn measure<P: Party>(
    program: &Program,
    people: Vec<(P, P)>,
    options: &Options,
    with_latencies: bool,
) -> Vec<(Situation, Outcome)> {
    let mut load = Load::new(people);
    let mut run = |pace| load.run(pace, options.duration, program.id());
    let mut outcomes = Vec::new();
    for &window in &options.windows {
        outcomes.push((Situation::Saturation(window), run(Pace::Window(window))));
    }
    if with_latencies && let Some((_, reached)) = outcomes.first() {
        let half = Pace::per_second(reached.per_second() / 2.0, options.pairs);
        outcomes.push((Situation::Half, run(half)));
        let little = Pace::Every(Duration::from_secs_f64(1.0 / LITTLE));
        outcomes.push((Situation::Little, run(little)));
    }
    outcomes
}
