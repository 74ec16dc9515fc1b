//! The side that has a password. Each step is begun with a request, and finished with the server's
//! answer; finishing stretches the password, which takes tens of milliseconds by design.

use opaque_ke::errors::ProtocolError;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse,
};
use thiserror::Error;
use zeroize::Zeroizing;

use super::messages::{EnrolRequest, EnrolResponse, Proof, ProofRequest, ProofResponse, Upload};
use super::random::Seed;
use super::stretch::Stretcher;
use super::suite::Suite;
use super::{LinkHash, Malformed, SERVER_IDENTITY, record_identity};
use crate::name::UserName;
use crate::password::Password;

/// What a client that has begun to enrol a password holds until the answer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolling(State);

/// What a client that has begun to prove a password holds until the answer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proving(State);

/// Bytes that show nothing of themselves, and are wiped when they are dropped.
#[derive(Clone, PartialEq, Eq)]
struct State(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The record is of another password, or the server does not have it, or somebody stands between. The
    /// three look alike.
    #[error("the password is wrong")]
    Wrong,
    /// The answer is none.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Begins to enrol a password.
///
/// # Errors
/// [`Malformed`], once in 2^250.
pub fn begin_enrolment(
    password: &Password,
    seed: Seed,
) -> Result<(Enrolling, EnrolRequest), Malformed> {
    let mut random = seed.into_random();
    let begun = ClientRegistration::<Suite>::start(&mut random, bytes(password));
    let begun = begun.map_err(|_| Malformed)?;
    let request = EnrolRequest::from_slice(&begun.message.serialize()).ok_or(Malformed)?;
    Ok((Enrolling(State(Zeroizing::new(begun.state.serialize().to_vec()))), request))
}

/// Makes what the server is to keep of the password.
///
/// # Errors
/// [`Malformed`].
pub fn finish_enrolment(
    state: &Enrolling,
    password: &Password,
    response: &EnrolResponse,
    name: &UserName,
    stretcher: &Stretcher,
    seed: Seed,
) -> Result<Upload, Malformed> {
    let state = ClientRegistration::<Suite>::deserialize(&state.0.0).map_err(|_| Malformed)?;
    let response = RegistrationResponse::deserialize(response.bytes()).map_err(|_| Malformed)?;
    let identity = record_identity(name);
    let parameters =
        ClientRegistrationFinishParameters::new(identifiers(&identity), Some(stretcher));
    let finished = state.finish(&mut seed.into_random(), bytes(password), response, parameters);
    let finished = finished.map_err(|_| Malformed)?;
    Upload::from_slice(&finished.message.serialize()).ok_or(Malformed)
}

/// Begins to prove that one knows a password.
///
/// # Errors
/// [`Malformed`], once in 2^250.
pub fn begin_proof(password: &Password, seed: Seed) -> Result<(Proving, ProofRequest), Malformed> {
    let begun = ClientLogin::<Suite>::start(&mut seed.into_random(), bytes(password));
    let begun = begun.map_err(|_| Malformed)?;
    let request = ProofRequest::from_slice(&begun.message.serialize()).ok_or(Malformed)?;
    Ok((Proving(State(Zeroizing::new(begun.state.serialize().to_vec()))), request))
}

/// Makes the proof, if the server has proved itself: that it has the record of that name and password,
/// and that this link is with it.
///
/// # Errors
/// [`ProofError`].
pub fn finish_proof(
    state: &Proving,
    password: &Password,
    response: &ProofResponse,
    (name, link): (&UserName, &LinkHash),
    stretcher: &Stretcher,
    seed: Seed,
) -> Result<Proof, ProofError> {
    let state = ClientLogin::<Suite>::deserialize(&state.0.0).map_err(|_| Malformed)?;
    let response = CredentialResponse::deserialize(response.bytes()).map_err(|_| Malformed)?;
    let (identity, context) = (record_identity(name), link.context());
    let parameters =
        ClientLoginFinishParameters::new(Some(&context), identifiers(&identity), Some(stretcher));
    let finished = state.finish(&mut seed.into_random(), bytes(password), response, parameters);
    match finished {
        Ok(finished) => Ok(Proof::from_slice(&finished.message.serialize()).ok_or(Malformed)?),
        Err(ProtocolError::InvalidLoginError) => Err(ProofError::Wrong),
        Err(_) => Err(Malformed.into()),
    }
}

fn bytes(password: &Password) -> &[u8] {
    password.reveal().as_bytes()
}

pub(super) fn identifiers(identity: &[u8]) -> Identifiers<'_> {
    Identifiers { client: Some(identity), server: Some(SERVER_IDENTITY) }
}
