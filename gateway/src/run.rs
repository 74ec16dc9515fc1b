//! Listening, and stopping in order.

use std::net::SocketAddr;

use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, lookup_host};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::admission::{Admission, Bounds};
use crate::app::App;
use crate::limits::STOP_TIMEOUT;
use crate::origin::OriginRule;
use crate::{GatewayConfig, GatewayError};

/// A gateway that listens, and is about to run.
#[derive(Debug)]
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    config: GatewayConfig,
}

impl Gateway {
    /// Listens on `address` (port 0 takes any free one) in front of the server at `server`.
    ///
    /// # Errors
    /// When the address can't be had.
    pub async fn bind(
        address: SocketAddr,
        server: SocketAddr,
        config: GatewayConfig,
    ) -> Result<Self, GatewayError> {
        let listen = |source| GatewayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address, server, config })
    }

    /// The address that the gateway listens on.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` completes, then closes every session (code 1001) and waits for them.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let stopping = CancellationToken::new();
        let sessions = TaskTracker::new();
        let app = App {
            server: self.server,
            origins: OriginRule::new(self.address, self.config.allow_origins),
            admission: Admission::start(Bounds {
                sessions_max: self.config.sessions,
                sessions_per_address_max: self.config.sessions_per_address,
            }),
            stopping: stopping.clone(),
            sessions: sessions.clone(),
        };
        let service = app.into_router().into_make_service_with_connect_info::<SocketAddr>();
        let listener = self.listener.tap_io(|stream| {
            // Small messages must not wait for each other; without it they are only slower.
            let _ = stream.set_nodelay(true);
        });
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
            shutdown.await;
            stopping.cancel();
        });
        if let Err(error) = serving.await {
            warn!(%error, "the gateway stopped serving");
        }
        sessions.close();
        let _ = timeout(STOP_TIMEOUT, sessions.wait()).await;
    }
}

/// Finds the address of a server that is given as host:port.
///
/// # Errors
/// When it is no address, or the name is unknown.
pub async fn resolve(server: &str) -> Result<SocketAddr, GatewayError> {
    let unknown = || GatewayError::Server(server.to_owned());
    let mut addresses = lookup_host(server).await.map_err(|_| unknown())?;
    addresses.next().ok_or_else(unknown)
}
