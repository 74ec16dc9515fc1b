//! What clients compute with passwords, for tests that speak for them. Stretching costs next to nothing: the
//! server has no part in it.

use netchat_core::storage::{HashJob, Hashed, KeptPassword, Verifier};
use netchat_shared::FreshKeys;
use netchat_shared::extended::{ClientMessage, ServerMessage};
use netchat_shared::name::UserName;
use netchat_shared::opaque::client::{
    Enrolling, Proving, begin_enrolment, begin_proof, finish_enrolment, finish_proof,
};
use netchat_shared::opaque::{
    Cost, EnrolResponse, LinkHash, Proof, ProofResponse, Seed, Setup, Stretcher, Upload, Word,
};
use netchat_shared::password::Password;

/// A client, as far as passwords are concerned.
#[derive(Debug)]
pub struct Prover {
    keys: FreshKeys,
    stretcher: Stretcher,
}

/// A password that somebody has begun to prove.
#[derive(Debug)]
pub struct ProofBegun {
    state: Proving,
    password: Password,
}

/// A password that somebody has begun to enrol.
#[derive(Debug)]
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

/// Makes what such a server keeps of passwords that were not sent.
pub struct Keeper {
    setup: Setup,
    stretcher: Stretcher,
    keys: FreshKeys,
}

impl Keeper {
    pub fn new() -> Self {
        let keys = FreshKeys::from_seed([4; 32]).0;
        Self { setup: setup(), stretcher: Stretcher::new(Cost::LEAST), keys }
    }

    /// Of somebody's.
    pub fn keep(&mut self, name: &UserName, text: &str) -> KeptPassword {
        let password = Password::new(text).unwrap();
        let record = self.setup.enrol(&password, name, &self.stretcher, &mut self.keys).unwrap();
        KeptPassword { verifier: Verifier::Record(record), was_readable: false }
    }
}

impl Default for Keeper {
    fn default() -> Self {
        Self::new()
    }
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

/// The steps of one password while somebody signs in: what to say to what the server says.
#[derive(Debug)]
pub struct SignInSteps {
    prover: Prover,
    password: String,
    begun: Begun,
}

#[derive(Debug)]
enum Begun {
    Nothing,
    Proof(ProofBegun, UserName),
    Enrolment(EnrolmentBegun, UserName),
}

/// What follows from something that the server said.
pub enum Step {
    Say(ClientMessage),
    /// The password is wrong, as the client sees for itself.
    Wrong,
    /// It is about something else.
    Nothing,
}

impl SignInSteps {
    /// With this password. `seed` decides the random choices.
    pub fn new(seed: [u8; 32], password: &str) -> Self {
        Self { prover: Prover::new(seed), password: password.to_owned(), begun: Begun::Nothing }
    }

    /// Begins to prove the password of a name.
    pub fn prove(&mut self, name: UserName) -> ClientMessage {
        let (begun, message) = self.prover.prove(&self.password);
        self.begun = Begun::Proof(begun, name);
        message
    }

    /// Begins to enrol the password for a name.
    pub fn enrol(&mut self, name: UserName) -> ClientMessage {
        let (begun, message) = self.prover.enrol(&self.password, None);
        self.begun = Begun::Enrolment(begun, name);
        message
    }

    /// The server's part of what was begun came.
    pub fn hear(&mut self, message: &ServerMessage, link: LinkHash) -> Step {
        match (message, std::mem::replace(&mut self.begun, Begun::Nothing)) {
            (ServerMessage::Prove(response), Begun::Proof(begun, name)) => {
                let proof = self.prover.finish_proof(&begun, response, (&name, link));
                proof.map_or(Step::Wrong, |proof| Step::Say(ClientMessage::Proof(proof)))
            }
            (ServerMessage::Enrol(response), Begun::Enrolment(begun, name)) => {
                let upload = self.prover.finish_enrolment(&begun, response, &name);
                Step::Say(ClientMessage::Enrolled(upload))
            }
            (_, begun) => {
                self.begun = begun;
                Step::Nothing
            }
        }
    }
}
