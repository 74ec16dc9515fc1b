//! A UDP proxy between clients and a server, which does to datagrams what a bad network does.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Decides what becomes of a datagram: nothing, itself, another one.
pub type Change = dyn FnMut(Direction, Vec<u8>) -> Option<Vec<u8>> + Send;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

pub struct Proxy {
    pub address: SocketAddr,
    running: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: SocketAddr, change: Box<Change>) -> Self {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = front.local_addr().unwrap();
        Self { address, running: tokio::spawn(run(front, server, change)) }
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
                if let Some(datagram) = change(Direction::ToServer, buffer[..length].to_vec()) {
                    let _ = back.send(&datagram).await;
                }
            }
            Some((client, datagram)) = answered.recv() => {
                if let Some(datagram) = change(Direction::ToClient, datagram) {
                    let _ = front.send_to(&datagram, client).await;
                }
            }
        }
    }
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
