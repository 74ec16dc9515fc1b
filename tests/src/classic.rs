//! A client that behaves exactly like the original one (PROTOCOL.md, part 1): one socket for its
//! whole life, acknowledges everything it shows, never retransmits, and dies of a raw datagram in
//! its chat phase. What it shows comes out line by line.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::golden::md5_hex;
use crate::process::PATIENCE;

/// What the original reads of a datagram.
const READ_BYTES: usize = 2_048;

pub struct ClassicClient {
    name: String,
    socket: Arc<UdpSocket>,
    shown: mpsc::UnboundedReceiver<String>,
    stopped: watch::Sender<bool>,
    receiving: JoinHandle<()>,
}

impl ClassicClient {
    /// Goes through the five steps of the login.
    pub async fn sign_in(server: SocketAddr, name: &str, password: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(server).await.unwrap();
        let unlock = format!("LOCKED#{}", STANDARD.encode("password"));
        assert_eq!(request(&socket, &unlock).await, "Unlocked");
        assert_eq!(request(&socket, &format!("JOIN#{name}")).await, "JOINED");
        if request(&socket, &format!("CHECKINDB#{name}")).await == "OLDUSER" {
            let login = format!("CHECKPASSWORD#{password}");
            assert_eq!(request(&socket, &login).await, "LOGGEDIN");
            return Self::chat(socket, name);
        }
        socket.send(format!("NEWUSERPASSWORD#{name}#{password}").as_bytes()).await.unwrap();
        let mut client = Self::chat(socket, name);
        // Nothing answers a registration. The list comes when it is done.
        client.sends("ACTIVE").await;
        assert!(client.line().await.contains(&format!("'{name}'")));
        client
    }

    fn chat(socket: UdpSocket, name: &str) -> Self {
        let socket = Arc::new(socket);
        let (sender, shown) = mpsc::unbounded_channel();
        let (stopped, is_stopped) = watch::channel(false);
        let receiving = tokio::spawn(receive(Arc::clone(&socket), sender, is_stopped));
        Self { name: name.to_owned(), socket, shown, stopped, receiving }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub async fn sends(&self, datagram: &str) {
        self.socket.send(datagram.as_bytes()).await.unwrap();
    }

    /// Sends a text to a name, or names, or `All`.
    pub async fn chats(&self, to: &str, text: &str) {
        self.sends(&format!("CHAT#{to}#{}", self.body(text))).await;
    }

    /// Sends a text to a group.
    pub async fn chats_in(&self, group: &str, text: &str) {
        self.sends(&format!("GROUP_CHAT#{group}#{}", self.body(text))).await;
    }

    fn body(&self, text: &str) -> String {
        let signed = format!("{}: {text}", self.name);
        STANDARD.encode(format!("{signed}`{}", md5_hex(&signed)))
    }

    /// The next line that it shows.
    pub async fn line(&mut self) -> String {
        timeout(PATIENCE, self.shown.recv()).await.expect("nothing is shown").expect("it died")
    }

    pub async fn shows(&mut self, line: &str) {
        assert_eq!(self.line().await, line);
    }

    /// Shows these lines, in any order.
    pub async fn shows_all(&mut self, lines: &[&str]) {
        let mut shown = Vec::new();
        for _ in lines {
            shown.push(self.line().await);
        }
        shown.sort();
        let mut expected: Vec<_> = lines.iter().map(|&line| line.to_owned()).collect();
        expected.sort();
        assert_eq!(shown, expected);
    }

    /// Shows nothing for this long.
    pub async fn shows_nothing_for(&mut self, duration: Duration) {
        if let Ok(line) = timeout(duration, self.shown.recv()).await {
            panic!("{line:?} is shown");
        }
    }

    /// As if the process were stopped: it reads nothing and answers nothing.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    pub fn go_on(&self) {
        self.stopped.send_replace(false);
    }

    /// Whether its receiving thread is still alive.
    pub fn is_alive(&self) -> bool {
        !self.receiving.is_finished()
    }
}

impl Drop for ClassicClient {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

async fn request(socket: &UdpSocket, datagram: &str) -> String {
    socket.send(datagram.as_bytes()).await.unwrap();
    let mut buffer = [0; READ_BYTES];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.expect("no reply").unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

/// The receiving thread of the original.
async fn receive(
    socket: Arc<UdpSocket>,
    shown: mpsc::UnboundedSender<String>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut buffer = [0; READ_BYTES];
    loop {
        if stopped.wait_for(|stopped| !stopped).await.is_err() {
            return;
        }
        let length = tokio::select! {
            received = socket.recv(&mut buffer) => match received {
                Ok(length) => length,
                Err(_) => return,
            },
            _ = stopped.changed() => continue,
        };
        // Anything raw kills it.
        let Ok(decoded) = STANDARD.decode(&buffer[..length]) else {
            return;
        };
        let Ok(text) = String::from_utf8(decoded) else {
            return;
        };
        let parts: Vec<&str> = text.split('`').collect();
        if let [signed, hash] = parts[..]
            && md5_hex(signed) != hash
        {
            let _ = shown.send("Message was corrupted".to_owned());
            continue;
        }
        let line = parts[0];
        if line != "LEAVE" {
            let _ = shown.send(line.to_owned());
        }
        if line != "SENT" {
            let _ = socket.send(b"RECEIVED").await;
        }
    }
}
