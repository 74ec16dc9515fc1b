//! Tells the server whose browser is behind a session's socket, before each session that it asks for.
//!
//! A server that was restarted has forgotten who is behind which address, and the gateway can't know
//! that it was: so whatever asks for a session waits until the browser has been introduced again.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use netchat_shared::via::{GatewayKey, Introduction, asks_for_session};
use tokio::net::UdpSocket;
use tokio::time::{Instant, Sleep, sleep};
use tracing::warn;

use crate::datagrams::Outgoing;
use crate::limits::{INTRODUCTION_FRESH, INTRODUCTION_REPEAT, INTRODUCTION_TRIES_MAX};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Introducer {
    /// Without a key, nobody is introduced.
    introduction: Option<Introduction>,
    under_way: Option<UnderWay>,
    taken_at: Option<Instant>,
    /// The last one came to nothing: the server is away, or knows no gateways. Nothing waits for the
    /// next, unless it is answered.
    is_resigned: bool,
    has_warned: bool,
}

#[derive(Debug)]
struct UnderWay {
    tries: u32,
    repeat: Pin<Box<Sleep>>,
    /// What asks for a session: the latest, and it is sent when the server knows who asks.
    held: Option<Vec<u8>>,
}

impl UnderWay {
    fn new() -> Self {
        Self { tries: 1, repeat: Box::pin(sleep(INTRODUCTION_REPEAT)), held: None }
    }
}

impl Introducer {
    /// Introduces a browser at this address.
    pub(crate) fn new(key: Option<GatewayKey>, browser: IpAddr) -> Self {
        let introduction = key.and_then(|key| {
            // Without random numbers, a browser is not introduced.
            Some(Introduction::new(key, getrandom::u64().ok()?, browser))
        });
        Self {
            introduction,
            under_way: None,
            taken_at: None,
            is_resigned: false,
            has_warned: false,
        }
    }

    /// Begins; nothing of the browser is to be passed on until it [is over](Self::is_under_way).
    pub(crate) fn begin(&mut self, socket: &UdpSocket, outgoing: &mut Outgoing) {
        let Some(introduction) = &mut self.introduction else { return };
        introduction.renew();
        outgoing.send_one(&introduction.next_datagram(), socket);
        self.under_way = Some(UnderWay::new());
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Repeats what was not answered, or goes on without.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        socket: &UdpSocket,
        outgoing: &mut Outgoing,
    ) {
        let (Some(introduction), Some(under_way)) = (&mut self.introduction, &mut self.under_way)
        else {
            return;
        };
        while let Poll::Ready(()) = under_way.repeat.as_mut().poll(context) {
            if under_way.tries >= INTRODUCTION_TRIES_MAX {
                if introduction.is_answered() && !std::mem::replace(&mut self.has_warned, true) {
                    warn!("the server does not take this gateway's word: have both the same key?");
                }
                self.is_resigned = true;
                return self.finish(socket, outgoing);
            }
            under_way.tries += 1;
            outgoing.send_one(&introduction.next_datagram(), socket);
            under_way.repeat.as_mut().reset(Instant::now() + INTRODUCTION_REPEAT);
        }
    }

    /// Takes a message of the browser that asks for a session, if the server may not know who asks.
    pub(crate) fn holds(
        &mut self,
        message: &[u8],
        socket: &UdpSocket,
        outgoing: &mut Outgoing,
    ) -> bool {
        let Some(introduction) = &mut self.introduction else { return false };
        if !asks_for_session(message) {
            return false;
        }
        if self.under_way.is_none() {
            if self.taken_at.is_some_and(|at| at.elapsed() < INTRODUCTION_FRESH) {
                return false;
            }
            if self.is_resigned {
                introduction.renew();
                outgoing.send_one(&introduction.next_datagram(), socket);
                return false;
            }
            self.begin(socket, outgoing);
        }
        if let Some(under_way) = &mut self.under_way {
            under_way.held = Some(message.to_vec());
        }
        true
    }

    /// Takes a datagram of the server; false if it is for the browser.
    pub(crate) fn takes(
        &mut self,
        datagram: &[u8],
        socket: &UdpSocket,
        outgoing: &mut Outgoing,
    ) -> bool {
        let Some(introduction) = &mut self.introduction else { return false };
        if !introduction.handle_datagram(datagram) {
            return false;
        }
        if introduction.is_answered() {
            outgoing.send_one(&introduction.next_datagram(), socket);
            // From now on everything waits, also what asked beside it.
            self.under_way.get_or_insert_with(UnderWay::new);
        } else if introduction.is_taken() && self.under_way.is_some() {
            self.taken_at = Some(Instant::now());
            self.is_resigned = false;
            self.finish(socket, outgoing);
        }
        true
    }

    fn finish(&mut self, socket: &UdpSocket, outgoing: &mut Outgoing) {
        let held = self.under_way.take().and_then(|under_way| under_way.held);
        if let Some(held) = held {
            outgoing.send_one(&held, socket);
        }
    }

    /// Tells the server that the browser has gone.
    pub(crate) async fn hang_up(&self, socket: &UdpSocket) {
        let hang_up = self.introduction.as_ref().and_then(Introduction::hang_up);
        let datagrams = match &hang_up {
            Some(hang_up) => &[hang_up.as_slice(); 2][..],
            None => &[&[][..]],
        };
        for datagram in datagrams {
            // Lost if the server is away; then it has forgotten the session anyway, or will.
            let _ = socket.send(datagram).await;
        }
    }
}
