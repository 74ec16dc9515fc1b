//! The side that has a record; and both sides at once, for an original client, which sends its password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload,
    ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::client::{self, ProofError, identifiers};
use super::messages::{
    EnrolRequest, EnrolResponse, Proof, ProofRequest, ProofResponse, Record, Upload,
};
use super::random::Seed;
use super::stretch::Stretcher;
use super::suite::Suite;
use super::word::{Day, Word};
use super::{LinkHash, Malformed, record_identity};
use crate::FreshKeys;
use crate::crypto::{Secret, labelled};
use crate::name::UserName;
use crate::password::Password;
use crate::time::UnixTime;

/// What all records of a server are made with. Who has the records and not this can't guess at all; if it
/// is lost, no password fits any more. It shows nothing of itself.
#[derive(Clone)]
pub struct Setup {
    setup: ServerSetup<Suite>,
    /// What one-time words come from.
    words: Secret,
}

/// A text that is no setup. It is the end of a line for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the setup of the passwords is one line of Base64, 128 bytes")]
pub struct SetupError;

/// Bytes of a setup.
const SETUP_BYTES: usize = 128;

/// By which a record finds its own key of the OPRF: drawn for each, so that what was asked for one record says
/// nothing about another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordId([u8; Self::BYTES]);

/// A proof that has begun: what the server holds until the client's part comes.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    login: ServerLogin<Suite>,
    identity: Vec<u8>,
    context: Vec<u8>,
}

impl Setup {
    /// A new one.
    #[must_use]
    pub fn random(seed: Seed) -> Self {
        Self::of(ServerSetup::new(&mut seed.into_random()))
    }

    /// Reads it as it stands in a file.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let bytes = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == SETUP_BYTES).ok_or(SetupError)?;
        ServerSetup::deserialize(&bytes).map(Self::of).map_err(|_| SetupError)
    }

    /// As it stands in a file, with its line feed.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(self.setup.serialize().to_vec());
        let mut text = Zeroizing::new(STANDARD.encode(&*bytes));
        text.push('\n');
        text
    }

    fn of(setup: ServerSetup<Suite>) -> Self {
        let bytes = Zeroizing::new(setup.serialize().to_vec());
        let words = Secret::new(Sha256::digest(labelled("netchat words 1", &[&bytes])).into());
        Self { setup, words }
    }

    /// What tells one setup from another, and nothing of it: the first 16 bytes of a hash of all of it.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        let bytes = Zeroizing::new(self.setup.serialize().to_vec());
        let hash = Sha256::digest(labelled("netchat password setup 1", &[&bytes]));
        std::array::from_fn(|at| hash[at])
    }

    /// The word with which that name's password can be set anew, once: it is of what is kept now. It holds
    /// until the end of the next day (UTC).
    #[must_use]
    pub fn word(&self, name: &UserName, kept: &[u8], now: UnixTime) -> Word {
        Word::new(&self.words, name, kept, Day::of(now))
    }

    /// Whether that is the word of that name, of today or of the day before.
    #[must_use]
    pub fn is_word(&self, word: &Word, name: &UserName, kept: &[u8], now: UnixTime) -> bool {
        let today = Day::of(now);
        [today, today.before()].iter().any(|day| Word::new(&self.words, name, kept, *day) == *word)
    }

    /// Answers a client that enrols a password, for a record of that id.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn answer_enrolment(
        &self,
        request: &EnrolRequest,
        id: RecordId,
    ) -> Result<EnrolResponse, Malformed> {
        let request = RegistrationRequest::deserialize(request.bytes()).map_err(|_| Malformed)?;
        let answer = ServerRegistration::start(&self.setup, request, &id.credential());
        let answer = answer.map_err(|_| Malformed)?.message.serialize();
        EnrolResponse::from_slice(&answer).ok_or(Malformed)
    }

    /// Answers a client that says that it knows the password of that name. Without a record, with
    /// something that looks the same and that nobody can prove anything with.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn answer_proof(
        &self,
        record: Option<&Record>,
        request: &ProofRequest,
        (name, link): (&UserName, &LinkHash),
        seed: Seed,
    ) -> Result<(Answered, ProofResponse), Malformed> {
        let id = record.map_or_else(|| self.id_of_nobody(name), Record::id);
        let kept = record.map(|record| ServerRegistration::deserialize(record.made()));
        let kept = kept.transpose().map_err(|_| Malformed)?;
        let request = CredentialRequest::deserialize(request.bytes()).map_err(|_| Malformed)?;
        let (identity, context) = (record_identity(name), link.context());
        let parameters = parameters(&identity, &context);
        let mut random = seed.into_random();
        let id = id.credential();
        let answer = ServerLogin::start(&mut random, &self.setup, kept, request, &id, parameters);
        let answer = answer.map_err(|_| Malformed)?;
        let response = ProofResponse::from_slice(&answer.message.serialize()).ok_or(Malformed)?;
        Ok((Answered { login: answer.state, identity, context }, response))
    }

    /// Always the same for a name that nobody has, as if there were a record.
    fn id_of_nobody(&self, name: &UserName) -> RecordId {
        let mac = self.words.hmac("netchat nobody 1", &[name.as_ref().as_bytes()]).finalize();
        let bytes = mac.into_bytes();
        RecordId(std::array::from_fn(|at| bytes[at]))
    }

    /// Makes a record of a password, both sides at once.
    ///
    /// # Errors
    /// [`Malformed`], if there is no memory to stretch in.
    pub fn enrol(
        &self,
        password: &Password,
        name: &UserName,
        stretcher: &Stretcher,
        keys: &mut FreshKeys,
    ) -> Result<Record, Malformed> {
        let (state, request) = client::begin_enrolment(password, Seed::draw(keys))?;
        let id = RecordId::draw(keys);
        let response = self.answer_enrolment(&request, id)?;
        let seed = Seed::draw(keys);
        client::finish_enrolment(&state, password, &response, name, stretcher, seed)?.accept(id)
    }

    /// Whether that is the password of a record, both sides at once. Without a record it takes as long,
    /// and is not.
    ///
    /// # Errors
    /// [`Malformed`], if the record is none, or if there is no memory to stretch in.
    pub fn verify(
        &self,
        record: Option<&Record>,
        password: &Password,
        name: &UserName,
        stretcher: &Stretcher,
        keys: &mut FreshKeys,
    ) -> Result<bool, Malformed> {
        let of = (name, &LinkHash::new([0; 32]));
        let (state, request) = client::begin_proof(password, Seed::draw(keys))?;
        let (answered, response) = self.answer_proof(record, &request, of, Seed::draw(keys))?;
        let seed = Seed::draw(keys);
        match client::finish_proof(&state, password, &response, of, stretcher, seed) {
            Ok(proof) => Ok(answered.is_proved_by(&proof)),
            Err(ProofError::Wrong) => Ok(false),
            Err(ProofError::Malformed(why)) => Err(why),
        }
    }
}

impl RecordId {
    const BYTES: usize = 16;

    /// Another one.
    #[must_use]
    pub fn draw(keys: &mut FreshKeys) -> Self {
        let key = keys.draw();
        Self(std::array::from_fn(|at| key.bytes()[at]))
    }

    /// The credential identifier of RFC 9807.
    fn credential(self) -> Vec<u8> {
        labelled("netchat record id 1", &[&self.0])
    }
}

impl Record {
    fn id(&self) -> RecordId {
        let bytes = self.bytes();
        RecordId(std::array::from_fn(|at| bytes[at]))
    }

    /// What the client made.
    fn made(&self) -> &[u8] {
        &self.bytes()[RecordId::BYTES..]
    }
}

impl Upload {
    /// What is kept of it, under the id that the enrolment was answered with.
    ///
    /// # Errors
    /// [`Malformed`], if nobody could prove anything with it.
    pub fn accept(&self, id: RecordId) -> Result<Record, Malformed> {
        let upload = RegistrationUpload::<Suite>::deserialize(self.bytes());
        upload.map_err(|_| Malformed)?;
        Record::from_slice(&[&id.0[..], self.bytes()].concat()).ok_or(Malformed)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordId(…)")
    }
}

impl Answered {
    /// Whether the client has proved that it knows the password.
    #[must_use]
    pub fn is_proved_by(self, proof: &Proof) -> bool {
        let Self { login, identity, context } = self;
        let proof = CredentialFinalization::deserialize(proof.bytes());
        proof.is_ok_and(|proof| login.finish(proof, parameters(&identity, &context)).is_ok())
    }
}

fn parameters<'a>(identity: &'a [u8], context: &'a [u8]) -> ServerLoginParameters<'a, 'a> {
    ServerLoginParameters { context: Some(context), identifiers: identifiers(identity) }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setup(…)")
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answered(…)")
    }
}
