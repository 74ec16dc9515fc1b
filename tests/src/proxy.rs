//! A UDP proxy between clients and a server, which does to datagrams what a bad network does.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::simulation::network::Conditions;

/// Decides what becomes of a datagram: each copy that arrives, and after how long.
pub type Change = dyn FnMut(Vec<u8>) -> Vec<(Duration, Vec<u8>)> + Send;

pub struct Proxy {
    pub address: SocketAddr,
    running: JoinHandle<()>,
}

impl Proxy {
    /// A proxy that passes everything on as `change` says, in both directions.
    pub async fn start(server: SocketAddr, change: Box<Change>) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = front.local_addr().unwrap();
        Self { address, running: tokio::spawn(run(front, server, change)) }
    }

    /// One that damages, and loses nothing.
    pub async fn damaging(
        server: SocketAddr,
        mut damage: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static,
    ) -> Self {
        Self::start(server, Box::new(move |bytes| vec![(Duration::ZERO, damage(bytes))])).await
    }

    /// A bad network, in both directions.
    pub async fn bad(server: SocketAddr, conditions: Conditions, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let change = move |bytes: Vec<u8>| {
            let mut chance = |percent: u32| rng.next_u32() % 100 < percent;
            let copies = match (chance(conditions.loss_percent), chance(conditions.repeat_percent))
            {
                (true, _) => 0,
                (false, false) => 1,
                (false, true) => 2,
            };
            let spread = conditions.delay_max - conditions.delay_min;
            let mut delay = || {
                conditions.delay_min
                    + spread.mul_f64(f64::from(rng.next_u32()) / f64::from(u32::MAX))
            };
            (0..copies).map(|_| (delay(), bytes.clone())).collect()
        };
        Self::start(server, Box::new(change)).await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn run(front: Arc<UdpSocket>, server: SocketAddr, mut change: Box<Change>) {
    let (answers, mut answered) = unbounded_channel();
    let mut backs: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut buffer = vec![0; 65_536];
    loop {
        tokio::select! {
            Ok((length, client)) = front.recv_from(&mut buffer) => {
                let back = match backs.entry(client) {
                    Entry::Occupied(known) => Arc::clone(known.get()),
                    Entry::Vacant(new) => {
                        let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                        back.connect(server).await.unwrap();
                        tokio::spawn(pass_back(Arc::clone(&back), client, answers.clone()));
                        Arc::clone(new.insert(back))
                    }
                };
                for (delay, datagram) in change(buffer[..length].to_vec()) {
                    let back = Arc::clone(&back);
                    after(delay, async move { drop(back.send(&datagram).await) }).await;
                }
            }
            Some((client, datagram)) = answered.recv() => {
                for (delay, datagram) in change(datagram) {
                    let front = Arc::clone(&front);
                    after(delay, async move { drop(front.send_to(&datagram, client).await) }).await;
                }
            }
        }
    }
}

/// Sends at once, or later and in no particular order.
async fn after(delay: Duration, send: impl Future<Output = ()> + Send + 'static) {
    if delay.is_zero() {
        return send.await;
    }
    tokio::spawn(async move {
        sleep(delay).await;
        send.await;
    });
}

async fn pass_back(
    back: Arc<UdpSocket>,
    client: SocketAddr,
    answers: UnboundedSender<(SocketAddr, Vec<u8>)>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length) = back.recv(&mut buffer).await {
        if answers.send((client, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}
