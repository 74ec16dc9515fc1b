//! A server that knows only the classic protocol, one-to-one: what our clients find where nobody has
//! installed ours. Datagrams that it does not know go unanswered.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

pub struct ClassicServer {
    pub address: SocketAddr,
    running: JoinHandle<()>,
}

impl ClassicServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, running: tokio::spawn(serve(socket)) }
    }
}

impl Drop for ClassicServer {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Everyone it has heard of, and what is sent next.
#[derive(Default)]
struct State {
    passwords: BTreeMap<String, String>,
    people: BTreeMap<SocketAddr, Person>,
    sending: Vec<(SocketAddr, String)>,
}

#[derive(Default)]
struct Person {
    name: String,
    /// What waits for it, and who is told when it is acknowledged. The first is outstanding.
    queue: VecDeque<(String, Option<SocketAddr>)>,
}

async fn serve(socket: UdpSocket) {
    let mut state = State::default();
    let mut buffer = [0; 2_048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Ok(text) = std::str::from_utf8(&buffer[..length]) {
            state.handle(from, text);
        }
        for (to, datagram) in state.sending.drain(..) {
            let _ = socket.send_to(datagram.as_bytes(), to).await;
        }
    }
}

impl State {
    fn handle(&mut self, from: SocketAddr, text: &str) {
        let fields: Vec<&str> = text.splitn(3, '#').collect();
        match fields[..] {
            ["LOCKED", password] => {
                let is_right = STANDARD.decode(password).is_ok_and(|text| text == b"password");
                self.reply(from, if is_right { "Unlocked" } else { "Locked" });
            }
            ["JOIN", name] => {
                let person = Person { name: name.to_owned(), queue: VecDeque::new() };
                self.people.insert(from, person);
                self.reply(from, "JOINED");
            }
            ["CHECKINDB", name] => {
                let is_known = self.passwords.contains_key(name);
                self.reply(from, if is_known { "OLDUSER" } else { "NEWUSER" });
            }
            ["NEWUSERPASSWORD", name, password] => {
                self.passwords.insert(name.to_owned(), password.to_owned());
            }
            ["CHECKPASSWORD", password] => {
                let name = self.people.get(&from).map(|person| person.name.as_str());
                let known = name.and_then(|name| self.passwords.get(name));
                let is_right = known.is_some_and(|known| known == password);
                self.reply(from, if is_right { "LOGGEDIN" } else { "WRONG" });
            }
            ["CHAT", to, body] => self.chat(from, to, body),
            ["ACTIVE"] => {
                let entry = |(at, person): (&SocketAddr, &Person)| {
                    format!("(('{}', {}), '{}')", at.ip(), at.port(), person.name)
                };
                let list: Vec<_> = self.people.iter().map(entry).collect();
                self.say(from, &format!("[{}]", list.join(", ")));
            }
            ["EXIT", _] => drop(self.people.remove(&from)),
            ["RECEIVED"] => self.acknowledged(from),
            _ => {}
        }
    }

    fn chat(&mut self, from: SocketAddr, to: &str, body: &str) {
        let recipient = self.people.iter().find(|(_, person)| person.name == to);
        let Some(recipient) = recipient.map(|(&at, _)| at) else {
            return self.say(from, "SERVER: Client DOESN'T exist");
        };
        self.say(from, "SERVER: SENT");
        self.queue(recipient, body.to_owned(), Some(from));
    }

    fn acknowledged(&mut self, from: SocketAddr) {
        let Some(person) = self.people.get_mut(&from) else { return };
        let done = person.queue.pop_front();
        let name = person.name.clone();
        if let Some((next, _)) = person.queue.front() {
            self.sending.push((from, next.clone()));
        }
        if let Some((_, Some(sender))) = done {
            self.say(sender, &format!("SERVER: {name} RECEIVED"));
        }
    }

    fn say(&mut self, to: SocketAddr, line: &str) {
        self.queue(to, STANDARD.encode(line), None);
    }

    fn queue(&mut self, to: SocketAddr, datagram: String, tell: Option<SocketAddr>) {
        let Some(person) = self.people.get_mut(&to) else { return };
        if person.queue.is_empty() {
            self.sending.push((to, datagram.clone()));
        }
        person.queue.push_back((datagram, tell));
    }

    fn reply(&mut self, to: SocketAddr, text: &str) {
        self.sending.push((to, text.to_owned()));
    }
}
