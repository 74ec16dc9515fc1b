//! The server with storage that forgets: what its loop costs, and nothing else.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use netchat_core::Secrets;
use netchat_process::Clock;
use netchat_server::store::{Request, Responses, Store};
use netchat_server::{RateSetting, Server, ServerConfig};
use netchat_shared::server_key::StaticKey;
use netchat_shared::time::UnixTime;
use netchat_shared::via::GatewayKey;
use netchat_tests::opaque::setup;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::parties::netchat::PASSWORD;
use crate::memory::FastMemory;

#[derive(Debug)]
struct InMemory {
    memory: RefCell<FastMemory>,
    responses: UnboundedSender<Responses>,
}

/// Serves until it is killed. Says where, first.
pub(crate) fn serve() {
    let _ = rustix::thread::set_name(c"loop");
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (responses, results) = unbounded_channel();
        let memory = FastMemory::default();
        let snapshot = memory.snapshot();
        let store = Box::new(InMemory { memory: RefCell::new(memory), responses });
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let secrets = Secrets {
            server_key: StaticKey::from_random([1; 32]),
            password_setup: setup(),
            gateway_key: GatewayKey::from_random([2; 32]),
        };
        let server = Server::with_store(
            anywhere,
            &config(),
            secrets,
            Clock::start(),
            (store, results),
            &snapshot,
        )
        .unwrap();
        println!("{}", server.local_address());
        server.run(std::future::pending()).await.unwrap();
    });
}

impl Store for InMemory {
    fn request(&self, request: Request) -> Result<(), Responses> {
        let (mut memory, mut responses) = (self.memory.borrow_mut(), Responses::default());
        match request {
            Request::Write(ticket, write) => {
                let (entries, stored) = memory.write(now(), ticket, write);
                responses.entries = entries;
                responses.stored.push((ticket, stored));
            }
            Request::Load(ticket, query) => responses.loaded.push((ticket, memory.load(&query))),
        }
        self.responses.send(responses).map_err(|error| error.0)
    }
}

fn config() -> ServerConfig {
    ServerConfig {
        password: Some(PASSWORD.into()),
        password_file: None,
        database: PathBuf::new(),
        password_setup_file: None,
        server_key_file: None,
        gateway_key_file: None,
        ack_timeout: 5.0,
        allow_guests: false,
        hide_addresses: false,
        no_classic: false,
        retention_days: 0,
        message_quota: RateSetting(None),
        request_quota: RateSetting(None),
        sessions_per_account: usize::from(u16::MAX),
        groups_per_account: usize::MAX,
        storage_quota: 0,
    }
}

fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixTime { millis: since_1970.as_millis() as u64 }
}
