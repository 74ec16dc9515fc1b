//! What the way through the gateway adds to a round trip.

use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use netchat_tests::process::Process;
use tokio::net::UdpSocket;
use tokio::runtime::Builder;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::latencies::Latencies;

const ROUND_TRIPS: usize = 20_000;

pub(crate) fn bench() {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(compare());
}

async fn compare() {
    println!("the gateway: round trips, one after another, to a server that echoes");
    let echo = StdUdpSocket::bind("127.0.0.1:0").unwrap();
    let server = echo.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            let _ = echo.send_to(&buffer[..length], from);
        }
    });
    let direct = direct(server).await;
    println!("  over UDP      {direct}");
    let bridged = bridged(server).await;
    println!("  over gateway  {bridged}");
    let added = bridged.percentile(50).saturating_sub(direct.percentile(50));
    println!("  added         {:.3} ms at p50", added.as_secs_f64() * 1_000.0);
}

async fn direct(server: SocketAddr) -> Latencies {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    let (mut latencies, mut buffer) = (Latencies::default(), [0; 2_048]);
    for _ in 0..ROUND_TRIPS {
        let started = Instant::now();
        socket.send(&[7; 200]).await.unwrap();
        socket.recv(&mut buffer).await.unwrap();
        latencies.push(started.elapsed());
    }
    latencies
}

async fn bridged(server: SocketAddr) -> Latencies {
    let server = server.to_string();
    let mut gateway =
        Process::start("netchat-gateway", &["--listen", "127.0.0.1:0", "--server", &server]);
    let line = gateway.line().await;
    let http = line.rsplit("http://").next().unwrap();
    let mut request = format!("ws://{http}/ws").into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("http://{http}").parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let mut latencies = Latencies::default();
    for _ in 0..ROUND_TRIPS {
        let started = Instant::now();
        socket.send(Message::binary(vec![7; 200])).await.unwrap();
        socket.next().await.unwrap().unwrap();
        latencies.push(started.elapsed());
    }
    latencies
}
