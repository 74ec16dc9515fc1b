//! A client of 2022 in the simulation: it acknowledges whatever it shows, repeats nothing, and dies
//! of a raw datagram in its chat phase.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netchat_shared::name::UserName;

use crate::golden::md5_hex;

pub struct Original {
    pub name: UserName,
    pub address: SocketAddr,
    is_chatting: bool,
    pub is_alive: bool,
    /// Every line that it has shown.
    pub shown: Vec<String>,
}

impl Original {
    pub fn new(name: UserName, address: SocketAddr) -> Self {
        Self { name, address, is_chatting: false, is_alive: true, shown: Vec::new() }
    }

    /// The first datagram of its login.
    pub fn unlock() -> Vec<u8> {
        format!("LOCKED#{}", STANDARD.encode("password")).into_bytes()
    }

    /// `CHAT` to a name, several, or `All`.
    pub fn chat(&self, to: &str, text: &str) -> Vec<u8> {
        let signed = format!("{}: {text}", self.name);
        let body = STANDARD.encode(format!("{signed}`{}", md5_hex(&signed)));
        format!("CHAT#{to}#{body}").into_bytes()
    }

    /// What it answers to a datagram.
    pub fn handle(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        if !self.is_alive {
            return None;
        }
        if !self.is_chatting {
            return self.log_in(datagram);
        }
        let decoded = STANDARD.decode(datagram).ok().and_then(|text| String::from_utf8(text).ok());
        let Some(text) = decoded else {
            self.is_alive = false;
            return None;
        };
        let parts: Vec<&str> = text.split('`').collect();
        if let [signed, hash] = parts[..]
            && md5_hex(signed) != hash
        {
            self.shown.push("Message was corrupted".to_owned());
            return None;
        }
        if parts[0] != "LEAVE" {
            self.shown.push(parts[0].to_owned());
        }
        (parts[0] != "SENT").then(|| b"RECEIVED".to_vec())
    }

    fn log_in(&mut self, reply: &[u8]) -> Option<Vec<u8>> {
        let name = &self.name;
        let next = match reply {
            b"Unlocked" => format!("JOIN#{name}"),
            b"JOINED" => format!("CHECKINDB#{name}"),
            _ => {
                // The password is new, and nothing answers it.
                self.is_chatting = true;
                format!("NEWUSERPASSWORD#{name}#secretly")
            }
        };
        Some(next.into_bytes())
    }
}
