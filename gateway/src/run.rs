//! Listening, and stopping in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io};

use axum::Router;
use netchat_shared::via::GatewayKey;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::acme::Acme;
use crate::admission::{self, Admission};
use crate::app::App;
use crate::connection::{Happening, Reporter, serve};
use crate::connections::{Bounds, Connections};
use crate::limits::{ACCEPT_RETRY, STOP_TIMEOUT, TLS_RELOAD_INTERVAL};
use crate::proxies::TrustedProxies;
use crate::site::Site;
use crate::source::Source;
use crate::tls::{Tls, TlsFiles};
use crate::{GatewayConfig, GatewayError};

/// A gateway that listens, and is about to run.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    key: Option<GatewayKey>,
    config: GatewayConfig,
    bounds: Bounds,
    tls: Option<Tls>,
    acme: Option<Acme>,
}

/// Lets connections in. One task owns it.
struct Entrance {
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    connections: Connections<AbortHandle>,
    proxies: Arc<TrustedProxies>,
    happenings: UnboundedReceiver<Happening>,
    reports: UnboundedSender<Happening>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Gateway {
    /// Listens on `address` (port 0 takes any free one) in front of the server at `server`, which knows
    /// it by `key`. The limit of
    /// open files is raised as far as the system lets it.
    ///
    /// # Errors
    /// When the address can't be had, or the certificate can't be used.
    pub async fn bind(
        address: SocketAddr,
        (server, key): (SocketAddr, Option<GatewayKey>),
        config: GatewayConfig,
    ) -> Result<Self, GatewayError> {
        let (tls, acme) = encryption(&config)?;
        let listen = |source| GatewayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let files = netchat_process::raise_file_limit();
        let bounds = Bounds::of_files(files, config.sessions);
        Ok(Self { listener, address, server, key, config, bounds, tls, acme })
    }

    /// The address that the gateway listens on.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// What browsers open.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `shutdown` completes, then closes every session (code 1001) and waits for them.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        self.log_bounds();
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let machine = netchat_process::machine_name();
        let site = Site::new(self.address, &self.config, machine.as_deref());
        let proxies = Arc::new(self.config.proxies);
        let app = App {
            server: self.server,
            key: self.key,
            proxies: Arc::clone(&proxies),
            site: Arc::new(site),
            is_tls: self.tls.is_some(),
            admission: Admission::start(admission::Bounds {
                sessions_max: self.bounds.sessions_max,
                sessions_per_source_max: self.config.sessions_per_address,
            }),
            stopping: stopping.clone(),
            tasks: tasks.clone(),
        };
        let (reports, happenings) = unbounded_channel();
        if let Some(acme) = self.acme {
            tasks.spawn(acme.run(stopping.clone()));
        }
        let mut entrance = Entrance {
            listener: self.listener,
            tls: self.tls,
            router: app.into_router(),
            connections: Connections::new(self.bounds),
            proxies,
            happenings,
            reports,
            stopping: stopping.clone(),
            tasks: tasks.clone(),
        };
        tokio::select! {
            () = shutdown => {}
            () = entrance.run() => {}
        }
        drop(entrance);
        stopping.cancel();
        tasks.close();
        let _ = timeout(STOP_TIMEOUT, tasks.wait()).await;
    }

    fn log_bounds(&self) {
        let Bounds { sessions_max, connections_max, .. } = self.bounds;
        info!(sessions_max, connections_max, "browsers that can be here at once");
        if sessions_max < self.config.sessions {
            warn!(
                wanted = self.config.sessions,
                sessions_max, "fewer than wanted: raise the limit of open files (ulimit -n)"
            );
        }
    }
}

impl Entrance {
    async fn run(&mut self) {
        let mut reloads = interval(TLS_RELOAD_INTERVAL);
        reloads.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(happening) = self.happenings.recv() => self.handle(happening),
                _ = reloads.tick() => self.tls.iter_mut().for_each(Tls::refresh),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.let_in(stream, peer),
                    Err(error) => self.refused(&error).await,
                }
            }
        }
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Heard(id) => self.connections.heard(id),
            Happening::Ended(id) => drop(self.connections.remove(id)),
        }
    }

    fn let_in(&mut self, stream: TcpStream, peer: SocketAddr) {
        let peer = peer.ip();
        let source = (!self.proxies.include(peer)).then(|| Source::of(peer));
        if let Some(silent) = self.connections.make_room(source) {
            silent.abort();
        }
        let id = self.connections.next_id();
        let reporter = Reporter { id, listener: self.reports.clone() };
        let behind = (peer, Arc::clone(&self.proxies));
        let tls = self.tls.as_ref().map(Tls::acceptor);
        let (router, stopping) = (self.router.clone(), self.stopping.clone());
        let task = self.tasks.spawn(serve(stream, tls, behind, router, reporter, stopping));
        self.connections.insert(id, source, task.abort_handle());
    }

    /// The system gave no connection: most often it is out of files.
    async fn refused(&mut self, error: &io::Error) {
        // About a connection that has gone before it was let in.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
        ) {
            return;
        }
        warn!(%error, "a connection could not be let in");
        if let Some(silent) = self.connections.give_way() {
            silent.abort();
        }
        sleep(ACCEPT_RETRY).await;
    }
}

/// Shows nothing of the certificate and its key.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// TLS as it is set, and what gets its certificates if that is the gateway's own task.
fn encryption(config: &GatewayConfig) -> Result<(Option<Tls>, Option<Acme>), GatewayError> {
    if !config.acme.domains.is_empty() {
        let (acme, newest) = Acme::new(config.acme.clone())?;
        return Ok((Some(Tls::Acme(newest)), Some(acme)));
    }
    let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) else {
        return Ok((None, None));
    };
    let mut files = TlsFiles::new(certificate.clone(), key.clone());
    let acceptor = files.load()?;
    Ok((Some(Tls::Files { files, acceptor }), None))
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
