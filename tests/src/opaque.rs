//! What clients compute with passwords, for tests that speak for them. Stretching costs next to nothing: the
//! server has no part in it.

use netchat_core::storage::{HashJob, Hashed, KeptPassword, Verifier};
use netchat_shared::FreshKeys;
use netchat_shared::extended::ClientMessage;
use netchat_shared::name::UserName;
use netchat_shared::opaque::client::{
    Enrolling, Proving, begin_enrolment, begin_proof, finish_enrolment, finish_proof,
};
use netchat_shared::opaque::{
    Cost, EnrolResponse, LinkHash, Proof, ProofResponse, Record, Seed, Setup, Stretcher, Upload,
    Word,
};
use netchat_shared::password::Password;

/// A client, as far as passwords are concerned.
pub struct Prover {
    keys: FreshKeys,
    stretcher: Stretcher,
}

/// A password that somebody has begun to prove.
pub struct ProofBegun {
    state: Proving,
    password: Password,
}

/// A password that somebody has begun to enrol.
pub struct EnrolmentBegun {
    state: Enrolling,
    password: Password,
}

impl Prover {
    /// One whose random choices this decides.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { keys: FreshKeys::from_seed(seed).0, stretcher: Stretcher::new(Cost::LEAST) }
    }

    /// What to say first.
    pub fn prove(&mut self, text: &str) -> (ProofBegun, ClientMessage) {
        let password = Password::new(text).unwrap();
        let (state, request) = begin_proof(&password, Seed::draw(&mut self.keys)).unwrap();
        (ProofBegun { state, password }, ClientMessage::Prove(request))
    }

    /// The proof; `None` if the answer shows that the password is wrong.
    pub fn finish_proof(
        &mut self,
        begun: &ProofBegun,
        response: &ProofResponse,
        of: (&UserName, LinkHash),
    ) -> Option<Proof> {
        let (of, seed) = ((of.0, &of.1), Seed::draw(&mut self.keys));
        finish_proof(&begun.state, &begun.password, response, of, &self.stretcher, seed).ok()
    }

    /// What to say first.
    pub fn enrol(&mut self, text: &str, word: Option<Word>) -> (EnrolmentBegun, ClientMessage) {
        let password = Password::new(text).unwrap();
        let (state, request) = begin_enrolment(&password, Seed::draw(&mut self.keys)).unwrap();
        (EnrolmentBegun { state, password }, ClientMessage::Enrol(request, word))
    }

    /// What the server is to keep.
    pub fn finish_enrolment(
        &mut self,
        begun: &EnrolmentBegun,
        response: &EnrolResponse,
        name: &UserName,
    ) -> Upload {
        let EnrolmentBegun { state, password } = begun;
        let seed = Seed::draw(&mut self.keys);
        finish_enrolment(state, password, response, name, &self.stretcher, seed).unwrap()
    }
}

/// What servers in tests make their records with.
pub fn setup() -> Setup {
    Setup::random(Seed::draw(&mut FreshKeys::from_seed([3; 32]).0))
}

/// The record of a password of somebody on such a server.
pub fn record(name: &UserName, text: &str) -> Record {
    let (password, mut keys) = (Password::new(text).unwrap(), FreshKeys::from_seed([4; 32]).0);
    setup().enrol(&password, name, &Stretcher::new(Cost::LEAST), &mut keys).unwrap()
}

/// What is kept of a password that was not sent.
pub fn kept(name: &UserName, text: &str) -> KeptPassword {
    KeptPassword { verifier: Verifier::Record(record(name, text)), was_readable: false }
}

/// What an earlier version kept of a password, as [`hash`] compares it.
pub fn kept_before(text: &str) -> KeptPassword {
    KeptPassword { verifier: Verifier::Hash(format!("hash of {text}")), was_readable: true }
}

/// Hashing that costs next to nothing.
pub fn hash(job: &HashJob) -> Hashed {
    let mut keys = FreshKeys::from_seed([5; 32]).0;
    let stretcher = Stretcher::new(Cost::LEAST);
    let mut enrol = |name: &UserName, password: &Password| {
        setup().enrol(password, name, &stretcher, &mut keys).unwrap()
    };
    match job {
        HashJob::Create { name, password } => Hashed::Created(enrol(name, password)),
        HashJob::Verify { name, password, as_typed, verifier: Some(Verifier::Hash(hash)) } => {
            let is = |password: &Password| *hash == format!("hash of {}", password.reveal());
            match is(password) || as_typed.as_ref().is_some_and(is) {
                true => Hashed::Right(Some(enrol(name, password))),
                false => Hashed::Wrong,
            }
        }
        HashJob::Verify { name, password, verifier: Some(Verifier::Record(record)), .. } => {
            match setup().verify(Some(record), password, name, &stretcher, &mut keys) {
                Ok(true) => Hashed::Right(None),
                Ok(false) => Hashed::Wrong,
                Err(_) => Hashed::Failed,
            }
        }
        HashJob::Verify { verifier: None, .. } => Hashed::Wrong,
    }
}
