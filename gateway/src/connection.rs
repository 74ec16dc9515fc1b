//! One connection of a browser, until it ends or becomes a WebSocket.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;
use tracing::warn;

use crate::acme::is_challenge;
use crate::connections::ConnectionId;
use crate::limits::{
    CONNECTION_TIMEOUT, HANDSHAKE_TIMEOUT, HEAD_BYTES_MAX, HEAD_TIMEOUT, STOP_TIMEOUT,
};
use crate::proxies::{TrustedProxies, read_proxy_header};
use crate::stream::Stream;

/// What the listener is told of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening {
    /// It has asked for something.
    Heard(ConnectionId),
    /// It has ended, or become a WebSocket.
    Ended(ConnectionId),
}

/// Tells the listener of one connection; also of its end, whatever ends it.
#[derive(Debug)]
pub(crate) struct Reporter {
    pub(crate) id: ConnectionId,
    /// Holds at most a few words of each connection: it speaks only when it was heard.
    pub(crate) listener: UnboundedSender<Happening>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    /// The other end of the connection; or whom a proxy brings by the PROXY protocol.
    pub(crate) peer: IpAddr,
}

impl Reporter {
    fn heard(&self) {
        // The listener may have gone: the gateway is stopping.
        let _ = self.listener.send(Happening::Heard(self.id));
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let _ = self.listener.send(Happening::Ended(self.id));
    }
}

/// Who is behind a connection; nobody if its proxy does not say so in time.
async fn behind(stream: &mut TcpStream, peer: IpAddr, proxies: &TrustedProxies) -> Option<IpAddr> {
    if !proxies.introduce(peer) {
        return Some(peer);
    }
    match timeout(HEAD_TIMEOUT, read_proxy_header(stream)).await {
        Ok(Ok(said)) => Some(said.unwrap_or(peer)),
        Ok(Err(_)) | Err(_) => {
            warn!(proxy = %peer, "refused: no header of the PROXY protocol");
            None
        }
    }
}

/// Answers what the connection asks for.
pub(crate) async fn serve(
    mut stream: TcpStream,
    tls: Option<TlsAcceptor>,
    (peer, proxies): (IpAddr, Arc<TrustedProxies>),
    router: Router,
    reporter: Reporter,
    stopping: CancellationToken,
) {
    // Small messages must not wait for each other; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let Some(peer) = behind(&mut stream, peer, &proxies).await else { return };
    let stream = match tls {
        None => Stream::Plain(stream),
        // What went wrong is the other end's, as below.
        Some(tls) => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            // It has seen the certificate that it asked for, and says no more (RFC 8737, section 3).
            Ok(Ok(mut stream)) if is_challenge(stream.get_ref().1) => {
                let _ = timeout(STOP_TIMEOUT, stream.shutdown()).await;
                return;
            }
            Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let service = service_fn(move |mut request: Request<Incoming>| {
        reporter.heard();
        request.extensions_mut().insert(Visitor { peer });
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // What went wrong is the other end's: it has gone, was silent for too long, or speaks no HTTP.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(CONNECTION_TIMEOUT) => {}
        () = stopping.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(STOP_TIMEOUT, connection).await;
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    router.call(request).await
}
