//! One account that does as much as it can, and what others notice of it: with the quotas that a server
//! has by itself, and without any.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, ServerMessage, Token};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;

use super::latencies::Latencies;
use super::sign_in::{Chat, Client, PAUSE, Server, Try, enter};

const MEASURED_FOR: Duration = Duration::from_secs(15);
/// What there is at once is spent before it is measured.
const SPENT_AFTER: Duration = Duration::from_secs(15);
/// Others, and how long each thinks after an answer: not so fast that their own quotas matter.
const WRITERS: usize = 8;
const THINKS_FOR: Duration = Duration::from_millis(100);
const TEXT: &str = "And another one, as people write them, or somewhat longer than that.";

/// What the account does.
#[derive(Debug, Clone, Copy)]
enum Flood {
    Broadcasts,
    Histories,
    Sessions,
}

pub(crate) fn bench() {
    println!(
        "one account that floods: release build; SENT of {WRITERS} others, who write now and then"
    );
    for (flags, quotas) in [
        (&[][..], "with the quotas of a server by itself"),
        (&["--message-quota", "off", "--request-quota", "off"][..], "without quotas"),
    ] {
        println!("  {quotas}");
        let server = Server::start_with(flags);
        let writers = (0..WRITERS).map(|n| Chat::begin(&server, &format!("writer{n}"), THINKS_FOR));
        let mut writers: Vec<_> = writers.collect();
        let idle = measure(&mut writers, Duration::ZERO);
        println!("    nobody floods: {idle}");
        for flood in [Flood::Broadcasts, Flood::Histories, Flood::Sessions] {
            let under_way = UnderWay::begin(&server, flood);
            let seen = measure(&mut writers, SPENT_AFTER);
            let cpu = server.cpu_time();
            thread::sleep(Duration::from_secs(1));
            let cpu = server.cpu_time().saturating_sub(cpu);
            let done = under_way.end();
            let ratio =
                seen.percentile(99).as_secs_f64() / idle.percentile(99).as_secs_f64().max(1e-6);
            println!(
                "    {flood:?}: {seen}, p99 {ratio:.1} times; {done} of them in {} s; the server's CPU \
                 beside it {:.0} %",
                (MEASURED_FOR + SPENT_AFTER).as_secs() + 1,
                cpu.as_secs_f64() * 100.0
            );
        }
    }
}

/// What the writers notice, after so long.
fn measure(writers: &mut [Chat], after: Duration) -> Latencies {
    let _ = pass(writers, after);
    pass(writers, MEASURED_FOR)
}

fn pass(writers: &mut [Chat], duration: Duration) -> Latencies {
    let began = Instant::now();
    while began.elapsed() < duration {
        writers.iter_mut().for_each(Chat::turn);
        thread::sleep(PAUSE);
    }
    let mut all = Latencies::default();
    writers.iter_mut().for_each(|writer| all.append(std::mem::take(&mut writer.latencies)));
    all
}

/// A flood until it is ended.
struct UnderWay {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl UnderWay {
    fn begin(server: &Server, flood: Flood) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (address, over) = (server.address, Arc::clone(&is_over));
        let name = format!("flooder{flood:?}");
        let mut client = enter(address, Ipv4Addr::new(127, 0, 0, 6), &name, Try::Register);
        let thread = thread::spawn(move || {
            let (mut done, mut sent) = (0, 0);
            let token: Option<Token> = client.token;
            while !over.load(Ordering::Relaxed) {
                match flood {
                    Flood::Broadcasts => client.say_until_full(|| {
                        sent += 1;
                        ClientMessage::Send {
                            id: MessageId(sent),
                            to: Conversation::Everyone,
                            kind: MessageKind::Text,
                            body: Some(Body::new(&name.parse().unwrap(), TEXT)),
                        }
                    }),
                    Flood::Histories => client.say_until_full(|| ClientMessage::History {
                        conversation: Conversation::Everyone,
                        before: None,
                        limit: 100,
                    }),
                    Flood::Sessions => {
                        let from = Ipv4Addr::new(127, 0, 0, 6);
                        if let Some(mut other) = Client::try_open(address, from) {
                            other.resume(token.unwrap());
                            let asked = Instant::now();
                            while other.token.is_none() && asked.elapsed() < PAUSE * 100 {
                                other.turn();
                            }
                            done += usize::from(other.token.is_some());
                        }
                    }
                }
                client.turn();
                for message in client.heard.drain(..) {
                    done += usize::from(matches!(
                        message,
                        ServerMessage::Sent { .. } | ServerMessage::HistoryEnd(..)
                    ));
                }
                thread::yield_now();
            }
            done
        });
        Self { is_over, thread }
    }

    /// How much of it was done.
    fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
