//! The loop that joins the core to its socket, its threads and the clock.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{Hashed, Snapshot};
use netchat_core::{Action, LogGap, Secrets, Server as Core};
use netchat_process::Clock;
use netchat_shared::server_key::KeyCode;
use netchat_shared::time::Instant;
use netchat_shared::via::GatewayKey;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use zeroize::Zeroizing;

use crate::hasher::{Finished, Hasher};
use crate::inbound::Inbound;
use crate::outbound::Outbound;
use crate::storage::{Database, Request, Responses, Storage, Store};
use crate::{ServerConfig, ServerError, log};

/// The kernel's queue for datagrams that the loop has not read yet. The default holds a few
/// hundred, and a burst beyond it is lost.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// How long a stopping server waits for what is under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that listens, and is about to run.
#[derive(Debug)]
pub struct Server {
    core: Core,
    socket: UdpSocket,
    inbound: Inbound,
    outbound: Outbound,
    address: SocketAddr,
    code: KeyCode,
    gateway_key: GatewayKey,
    store: Box<dyn Store>,
    hasher: Hasher,
    results: Results,
    clock: Clock,
}

#[derive(Debug)]
struct Results {
    storage: UnboundedReceiver<Responses>,
    hashed: UnboundedReceiver<Finished>,
}

impl Server {
    /// Opens the database and listens on `address` (port 0 takes any free one).
    ///
    /// # Errors
    /// [`ServerError`], when a setting is wrong or the address or the database can't be had.
    pub fn bind(address: SocketAddr, config: &ServerConfig) -> Result<Self, ServerError> {
        let (responses, results) = unbounded_channel();
        let clock = Clock::start();
        // Refused before the database is touched.
        let stored_bytes_max = config.settings(address)?.quotas.stored_bytes;
        let mut database = Database::open(&config.database)?;
        database.set_stored_bytes_max(stored_bytes_max);
        let setup = database.password_setup()?;
        let secrets = config.secrets(setup)?;
        if setup.is_none() {
            database.keep_password_setup(secrets.password_setup.fingerprint())?;
        }
        let (storage, snapshot) = Storage::start(database, clock, responses)?;
        Self::with_store(address, config, secrets, clock, (Box::new(storage), results), &snapshot)
    }

    /// The same, with a store that is open already and holds what the snapshot says.
    ///
    /// # Errors
    /// [`ServerError`], when a setting is wrong or the address can't be had.
    pub fn with_store(
        address: SocketAddr,
        config: &ServerConfig,
        secrets: Secrets,
        clock: Clock,
        (store, storage): (Box<dyn Store>, UnboundedReceiver<Responses>),
        snapshot: &Snapshot,
    ) -> Result<Self, ServerError> {
        let settings = config.settings(address)?;
        let listening = |source| ServerError::Listen { address, source };
        let socket = listen(address).map_err(listening)?;
        let address = socket.local_addr().map_err(listening)?;
        let (hashed_sender, hashed) = unbounded_channel();
        let hasher = Hasher::start(&hashed_sender, &secrets.password_setup);
        let hasher = hasher.map_err(|error| refused("a thread", &error))?;
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| ServerError::random(&error))?;
        let code = secrets.server_key.public().code();
        let gateway_key = secrets.gateway_key.clone();
        let core = Core::new(clock.now(), settings, secrets, snapshot, *seed);
        let results = Results { storage, hashed };
        let (inbound, outbound) = (Inbound::new(), Outbound::default());
        Ok(Self {
            core,
            socket,
            inbound,
            outbound,
            address,
            code,
            gateway_key,
            store,
            hasher,
            results,
            clock,
        })
    }

    /// What gateways of this server know, so that it believes whom they bring.
    #[must_use]
    pub fn gateway_key(&self) -> &GatewayKey {
        &self.gateway_key
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// The code of the server's key: what people compare with what their client shows.
    #[must_use]
    pub fn code(&self) -> KeyCode {
        self.code
    }

    /// Serves until `shutdown` completes, then finishes what is under way and tells the clients.
    ///
    /// # Errors
    /// [`ServerError::Log`], when storage hands out a log with a gap.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        tokio::pin!(shutdown);
        loop {
            let timer = self.perform_actions().await?;
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(responses) = self.results.storage.recv() => {
                    self.handle_responses(responses)?;
                    while let Ok(responses) = self.results.storage.try_recv() {
                        self.handle_responses(responses)?;
                    }
                }
                Some(finished) = self.results.hashed.recv() => {
                    self.hasher.finish(&finished);
                    let Finished { ticket, hashed, .. } = finished;
                    self.core.handle_hashed(self.clock.now(), ticket, hashed);
                }
                Ok(()) = self.socket.readable() => self.receive(),
                () = self.clock.wait_until(timer) => {}
            }
            // However much there is to read, what is due gets its turn.
            let now = self.clock.now();
            if timer.is_some_and(|at| at <= now.monotonic) {
                self.core.handle_timeout(now);
            }
        }
        self.stop().await
    }

    fn receive(&mut self) {
        let (core, now) = (&mut self.core, self.clock.now());
        self.inbound
            .receive(&self.socket, |from, datagram| core.handle_datagram(now, from, datagram));
    }

    /// Carries out what the core asks for; answers when it wants to be called again.
    async fn perform_actions(&mut self) -> Result<Option<Instant>, LogGap> {
        loop {
            match self.core.poll() {
                Action::Transmit(to, datagram) => {
                    self.outbound.push(&self.socket, to, datagram).await;
                }
                Action::Store(ticket, write) => self.request(Request::Write(ticket, write))?,
                Action::Load(ticket, query) => self.request(Request::Load(ticket, query))?,
                Action::Hash(ticket, job) => {
                    if let Err(ticket) = self.hasher.hash(ticket, job) {
                        self.core.handle_hashed(self.clock.now(), ticket, Hashed::Failed);
                    }
                }
                Action::Log(event) => log::write(&event),
                Action::Wait(timer) => {
                    self.outbound.send(&self.socket).await;
                    return Ok(timer);
                }
            }
        }
    }

    fn request(&mut self, request: Request) -> Result<(), LogGap> {
        match self.store.request(request) {
            Ok(()) => Ok(()),
            Err(failed) => self.handle_responses(failed),
        }
    }

    fn handle_responses(&mut self, responses: Responses) -> Result<(), LogGap> {
        let now = self.clock.now();
        let Responses { entries, stored, loaded } = responses;
        self.core.handle_log(now, entries)?;
        for (ticket, stored) in stored {
            self.core.handle_stored(now, ticket, stored);
        }
        for (ticket, loaded) in loaded {
            self.core.handle_loaded(now, ticket, loaded);
        }
        Ok(())
    }

    /// What was accepted is stored and confirmed; then everyone who is signed in is told.
    async fn stop(mut self) -> Result<(), ServerError> {
        self.core.prepare_stop();
        self.perform_actions().await?;
        let finish = async {
            while self.core.is_storing() {
                let Some(responses) = self.results.storage.recv().await else { break };
                self.handle_responses(responses)?;
                self.perform_actions().await?;
            }
            Ok::<_, LogGap>(())
        };
        // What is not done by then is done again by clients that were told nothing.
        if let Ok(finished) = tokio::time::timeout(STOP_TIMEOUT, finish).await {
            finished?;
        }
        self.core.announce_stop();
        self.perform_actions().await?;
        Ok(())
    }
}

fn listen(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // The kernel grants as much of it as it allows.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

fn refused(what: &'static str, error: &impl ToString) -> ServerError {
    ServerError::System { what, reason: error.to_string() }
}
