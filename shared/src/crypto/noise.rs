//! The Noise handshake NK, by `snow` (revision 34 of the Noise specification): the client knows the
//! server's key, and is itself nobody in particular.

use std::fmt;

use sha2::{Digest as _, Sha256};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error, HandshakeState, StatelessTransportState};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::Secret;
use super::cipher::{self, TAG_BYTES};

const PATTERN: &str = "Noise_NK_25519_ChaChaPoly_SHA256";

/// Bytes of the client's message: a key for this link only, and a tag.
pub(crate) const HELLO_BYTES: usize = 32 + TAG_BYTES;

/// The client's side, until the server has answered.
pub(crate) struct Initiator(Option<HandshakeState>);

/// Both directions of what was agreed on.
pub(crate) struct Transport {
    state: StatelessTransportState,
    /// Of all that was said to agree on it: both sides have the same, and nobody else has it for another
    /// link.
    hash: [u8; 32],
}

impl Initiator {
    /// Begins; and what to send. `None` if that can't be a server's key.
    pub(crate) fn new(
        server: &[u8; 32],
        prologue: &[u8],
        ephemeral: Secret,
    ) -> Option<(Self, [u8; HELLO_BYTES])> {
        let builder = builder(prologue, ephemeral).ok()?;
        let mut state = builder.remote_public_key(server).ok()?.build_initiator().ok()?;
        let mut hello = [0; HELLO_BYTES];
        let length = state.write_message(&[], &mut hello).ok()?;
        (length == HELLO_BYTES).then_some((Self(Some(state)), hello))
    }

    /// Reads the server's answer, and what it says in it. `None` if it is not the answer of that
    /// server to this: another may still come.
    pub(crate) fn finish<const N: usize>(&mut self, answer: &[u8]) -> Option<(Transport, [u8; N])> {
        let mut payload = [0; N];
        let length = self.0.as_mut()?.read_message(answer, &mut payload).ok()?;
        let state = self.0.take().filter(|_| length == N)?;
        Some((Transport::new(state)?, payload))
    }
}

/// Answers a client, with a payload for it. `None` if what it says was not made for this server.
pub(crate) fn respond<const N: usize>(
    server: &Secret,
    prologue: &[u8],
    ephemeral: Secret,
    hello: &[u8; HELLO_BYTES],
    payload: &[u8],
) -> Option<(Transport, [u8; N])> {
    let builder = builder(prologue, ephemeral).ok()?.local_private_key(server.bytes()).ok()?;
    let mut state = builder.build_responder().ok()?;
    state.read_message(hello, &mut []).ok()?;
    let mut answer = [0; N];
    let length = state.write_message(payload, &mut answer).ok()?;
    let transport = Transport::new(state).filter(|_| length == N)?;
    Some((transport, answer))
}

fn builder(prologue: &[u8], ephemeral: Secret) -> Result<Builder<'_>, Error> {
    let resolver = Box::new(Primitives { ephemeral });
    Builder::with_resolver(PATTERN.parse()?, resolver).prologue(prologue)
}

impl Transport {
    fn new(state: HandshakeState) -> Option<Self> {
        let hash = state.get_handshake_hash().try_into().ok()?;
        Some(Self { state: state.into_stateless_transport_mode().ok()?, hash })
    }

    /// The hash of the handshake (Noise, section 11.2).
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Adds what was sealed under that number to a datagram. A number is used once.
    pub(crate) fn seal(&self, number: u64, text: &[u8], datagram: &mut Vec<u8>) {
        let start = datagram.len();
        datagram.resize(start + text.len() + TAG_BYTES, 0);
        let sealed = self.state.write_message(number, text, &mut datagram[start..]);
        // Only a text that no datagram could carry is too long, or a number that is never reached.
        debug_assert!(sealed.is_ok(), "{sealed:?}");
    }

    /// Opens what the peer sealed under that number.
    pub(crate) fn open(&self, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut text = vec![0; sealed.len().checked_sub(TAG_BYTES)?];
        self.state.read_message(number, sealed, &mut text).ok()?;
        Some(text)
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initiator(…)")
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(…)")
    }
}

/// The primitives of this workspace, for `snow`. Its own are switched off: they would bring other
/// generations of the same crates, and ask the system for randomness.
struct Primitives {
    ephemeral: Secret,
}

impl CryptoResolver for Primitives {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Once(Some(self.ephemeral.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519).then(|| Box::new(X25519::default()) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        matches!(choice, HashChoice::SHA256).then(|| Box::new(Sha::default()) as Box<dyn Hash>)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        let is_chacha = matches!(choice, CipherChoice::ChaChaPoly);
        is_chacha.then(|| Box::new(ChaChaPoly::default()) as Box<dyn Cipher>)
    }
}

/// Randomness for one key: whoever begins a handshake draws it.
struct Once(Option<Secret>);

impl Random for Once {
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        match self.0.take() {
            Some(secret) if bytes.len() == secret.bytes().len() => {
                bytes.copy_from_slice(secret.bytes());
                Ok(())
            }
            _ => Err(Error::Rng),
        }
    }
}

#[derive(Default)]
struct X25519 {
    secret: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, secret: &[u8]) {
        self.secret.copy_from_slice(secret);
        self.public = PublicKey::from(&StaticSecret::from(*self.secret)).to_bytes();
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut secret = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut *secret)?;
        self.set(&*secret);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &*self.secret
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public: [u8; 32] =
            public.get(..32).and_then(|key| key.try_into().ok()).ok_or(Error::Dh)?;
        let shared = StaticSecret::from(*self.secret).diffie_hellman(&PublicKey::from(public));
        // A key of small order would give a secret that everybody knows.
        if !shared.was_contributory() {
            return Err(Error::Dh);
        }
        out.get_mut(..32).ok_or(Error::Dh)?.copy_from_slice(shared.as_bytes());
        Ok(())
    }
}

#[derive(Default)]
struct Sha(Sha256);

impl Hash for Sha {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0 = Sha256::default();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        out[..32].copy_from_slice(&self.0.finalize_reset());
    }
}

#[derive(Default)]
struct ChaChaPoly(Zeroizing<[u8; 32]>);

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        *self.0 = *key;
    }

    fn encrypt(&self, number: u64, proved: &[u8], text: &[u8], out: &mut [u8]) -> usize {
        let (sealed, tag) = out.split_at_mut(text.len());
        sealed.copy_from_slice(text);
        // Fails for texts of 256 GiB.
        if let Ok(made) = cipher::seal(&self.0, number, proved, sealed) {
            tag[..TAG_BYTES].copy_from_slice(&made);
        }
        text.len() + TAG_BYTES
    }

    fn decrypt(
        &self,
        number: u64,
        proved: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (text, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(Error::Decrypt)?;
        let out = out.get_mut(..text.len()).ok_or(Error::Decrypt)?;
        out.copy_from_slice(text);
        cipher::open(&self.0, number, proved, out, *tag).map_err(|_| Error::Decrypt)?;
        Ok(text.len())
    }
}
