//! What came of all rounds, as a person reads it.

use std::collections::BTreeMap;
use std::fmt;

use super::load::Outcome;
use super::rivals::{Rival, Situation};

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report {
    rounds: BTreeMap<(Rival, Situation), Vec<Outcome>>,
}

/// One figure of every round.
struct Figure(Vec<f64>);

impl Report {
    pub(crate) fn add(&mut self, rival: Rival, outcomes: Vec<(Situation, Outcome)>) {
        for (situation, outcome) in outcomes {
            self.rounds.entry((rival, situation)).or_default().push(outcome);
        }
    }

    pub(crate) fn print(&self) {
        for (&(rival, situation), rounds) in &self.rounds {
            println!("\n{}, {situation}:", rival.name());
            println!("  messages/s        {:.0}", Figure::of(rounds, Outcome::per_second));
            if let Situation::Saturation(_) = situation {
                self.print_cpu(rival, situation, rounds);
            }
            print_latencies("sent", rounds, |outcome, percent| {
                outcome.stored.percentile(percent).as_secs_f64() * 1e3
            });
            print_latencies("received", rounds, |outcome, percent| {
                outcome.received.percentile(percent).as_secs_f64() * 1e3
            });
            let share = Figure::of(rounds, |outcome| outcome.generator_share * 100.0).median();
            println!("  generator         {share:.0} % of its core");
        }
        self.print_ratios();
    }

    fn print_cpu(&self, rival: Rival, situation: Situation, rounds: &[Outcome]) {
        let total = Figure::of(rounds, |outcome| outcome.micros_per_message(None).0);
        print!("  µs CPU/message    {total:.2}");
        for beside in [Rival::Relay, Rival::Mosquitto] {
            if let Some(other) = self.rounds.get(&(beside, situation)).filter(|_| beside != rival) {
                let other = Figure::of(other, |outcome| outcome.micros_per_message(None).0);
                print!("; {:.2} of {}", total.median() / other.median(), beside.name());
            }
        }
        println!();
        let names = rounds.iter().flat_map(|outcome| &outcome.threads).map(|(name, _)| name);
        for name in names.collect::<std::collections::BTreeSet<_>>() {
            let of_thread = |outcome: &Outcome| outcome.micros_per_message(Some(name));
            let total = Figure::of(rounds, |outcome| of_thread(outcome).0);
            let kernel = Figure::of(rounds, |outcome| of_thread(outcome).1).median();
            println!("    {name:<15} {total:.2}; {kernel:.2} of them in the kernel");
        }
    }

    fn print_ratios(&self) {
        let p99 = |situation| {
            let rounds = self.rounds.get(&(Rival::Server, situation))?;
            let millis = |outcome: &Outcome| outcome.stored.percentile(99).as_secs_f64() * 1e3;
            Some(Figure::of(rounds, millis).median())
        };
        if let (Some(half), Some(little)) = (p99(Situation::Half), p99(Situation::Little)) {
            println!("\np99 of SENT, half of saturation / little load: {:.2}", half / little);
        }
    }
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64()
    }

    /// What a thread, or all of them, took for each message; and of it, in the kernel.
    fn micros_per_message(&self, thread: Option<&str>) -> (f64, f64) {
        let chosen = self.threads.iter().filter(|(name, _)| thread.is_none_or(|it| it == name));
        let (mut total, mut kernel) = (0, 0);
        for (_, time) in chosen {
            total += time.total();
            kernel += time.kernel;
        }
        let messages = self.messages.max(1) as f64;
        (total as f64 / messages, kernel as f64 / messages)
    }
}

impl Figure {
    fn of(rounds: &[Outcome], figure: impl FnMut(&Outcome) -> f64) -> Self {
        let mut figures: Vec<_> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }
}

/// The median, and what it lies between. A precision holds for all three.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = f.precision().unwrap_or(2);
        let (least, most) = (self.0[0], self.0[self.0.len() - 1]);
        if self.0.len() == 1 {
            return write!(f, "{least:.precision$}");
        }
        write!(f, "{:.precision$} ({least:.precision$} to {most:.precision$})", self.median())
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saturation(window) => write!(f, "window {window}"),
            Self::Half => f.write_str("half of saturation"),
            Self::Little => f.write_str("little load"),
        }
    }
}

fn print_latencies(what: &str, rounds: &[Outcome], millis: impl Fn(&Outcome, usize) -> f64) {
    let [p50, p99] = [50, 99].map(|percent| Figure::of(rounds, |outcome| millis(outcome, percent)));
    if p99.median() > 0.0 {
        println!("  {what:<17} p50 {p50:.2} ms, p99 {p99:.2} ms");
    }
}
