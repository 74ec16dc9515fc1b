//! `cargo xtask bench`: how many messages the server takes, how long they are under way, and what of
//! it is the network's.
//!
//! Fifty senders write to fifty recipients, one to one, durably and with receipts. Beside it, in the
//! same run and under the same load, a bare UDP relay does as many sends and receives for each message
//! as the protocol needs without putting anything together. The load and what it loads share the
//! machine: the ratios say more than the figures.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

mod cpu;
mod gateway;
mod latencies;
mod load;
mod relay;

use std::time::Duration;

use netchat_tests::process::Process;

use self::cpu::Cpu;
use self::load::{Outcome, Pace};

/// Senders, and as many recipients.
const PAIRS: usize = 50;
/// Messages of one sender that are under way at saturation.
const WINDOW: usize = 32;
/// How long each measurement takes, after a second of warming up.
const DURATION: Duration = Duration::from_secs(6);
/// Ten messages of each sender in a second.
const QUIET: Pace = Pace::Every(Duration::from_millis(100));

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let relay = bench_relay().await;
        let server = bench_server().await;
        println!("\nserver / relay at saturation: {:.2}", server / relay);
        gateway::bench().await;
    });
}

async fn bench_relay() -> f64 {
    println!("== a bare UDP relay: 2 receives and 3 sends for each message");
    let relay = relay::start();
    let cpu = Cpu::of_thread("relay");
    let saturation = relay::load(relay, Pace::Window(WINDOW)).await;
    report(&saturation, &cpu.since());
    let half = relay::load(relay, half_of(&saturation)).await;
    report_latencies("at half of it", &half);
    saturation.per_second()
}

async fn bench_server() -> f64 {
    println!("\n== netchat-server: stored, delivered, acknowledged");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = folder.path().join("bench.db");
    let flags = ["--listen", "127.0.0.1:0", "--database", database.to_str().unwrap()];
    let mut server = Process::start("netchat-server", &flags);
    let line = server.line().await;
    let address = line.trim_end_matches(" (UDP)").rsplit(' ').next().unwrap().parse().unwrap();
    let mut people = load::people(address).await;
    let cpu = Cpu::of_process(server.id());
    let saturation = load::run(&mut people, Pace::Window(WINDOW)).await;
    report(&saturation, &cpu.since());
    let half = load::run(&mut people, half_of(&saturation)).await;
    report_latencies("at half of it", &half);
    let quiet = load::run(&mut people, QUIET).await;
    report_latencies("with little load", &quiet);
    saturation.per_second()
}

/// Half of what was reached.
fn half_of(saturation: &Outcome) -> Pace {
    Pace::Every(Duration::from_secs_f64(PAIRS as f64 * 2.0 / saturation.per_second()))
}

fn report(saturation: &Outcome, cpu: &[cpu::Share]) {
    println!("at saturation: {:.0} messages/s", saturation.per_second());
    for share in cpu {
        let per_message = share.seconds * 1e6 / saturation.all_messages as f64;
        println!(
            "  {:<16} {per_message:>6.1} µs CPU for each message, {:.0} % of it in the kernel",
            share.name,
            share.kernel_percent()
        );
    }
}

fn report_latencies(when: &str, outcome: &Outcome) {
    println!("{when}: {:.0} messages/s", outcome.per_second());
    for (what, latencies) in
        [("stored", &outcome.stored), ("arrived", &outcome.arrived), ("receipt", &outcome.received)]
    {
        println!("  {what:<8} {latencies}");
    }
}
