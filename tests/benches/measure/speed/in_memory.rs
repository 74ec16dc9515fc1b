//! The server with storage that forgets: what its loop costs, and nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use netchat_server::store::{Request, Response, Store};
use netchat_server::{Server, ServerConfig};
use netchat_shared::time::UnixTime;
use tokio::runtime::Builder;

use super::parties::netchat::PASSWORD;
use crate::memory::FastMemory;

#[derive(Debug, Default)]
struct InMemory(FastMemory);

/// Serves until it is killed. Says where, first.
pub(crate) fn serve() {
    let _ = rustix::thread::set_name(c"loop");
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store = InMemory::default();
        let snapshot = store.0.snapshot();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::with_store(anywhere, &config(), snapshot, Box::new(store)).unwrap();
        println!("{}", server.local_address());
        server.run(std::future::pending()).await;
    });
}

impl Store for InMemory {
    fn request(&mut self, request: Request, responses: &mut Vec<Response>) {
        match request {
            Request::Write(ticket, write) => {
                let (entries, stored) = self.0.write(now(), ticket, write);
                if !entries.is_empty() {
                    responses.push(Response::Log(entries));
                }
                responses.push(Response::Stored(ticket, stored));
            }
            Request::Load(ticket, query) => {
                responses.push(Response::Loaded(ticket, self.0.load(&query)));
            }
        }
    }
}

fn config() -> ServerConfig {
    ServerConfig {
        password: PASSWORD.to_owned(),
        database: PathBuf::new(),
        ack_timeout: 5.0,
        allow_guests: false,
        hide_addresses: false,
        retention_days: 0,
    }
}

fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixTime { millis: since_1970.as_millis() as u64 }
}
