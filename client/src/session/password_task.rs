//! What is computed with passwords. It takes tens of milliseconds by design, so whoever drives the session
//! carries it out where nothing has to wait: on another thread, or when nothing is drawn. In a browser it
//! is code that is fetched when somebody signs in.

use std::fmt;

use netchat_shared::name::UserName;
use netchat_shared::opaque::client::{
    Enrolling, ProofError, Proving, begin_enrolment, begin_proof, finish_enrolment, finish_proof,
};
use netchat_shared::opaque::{
    EnrolRequest, EnrolResponse, LinkHash, Malformed, Proof, ProofRequest, ProofResponse, Seed,
    Stretcher, Upload,
};
use netchat_shared::password::Password;

/// Something to compute: [`PasswordTask::run`], then
/// [`Session::finish_password_task`](super::Session::finish_password_task). Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordTask {
    pub(super) id: TaskId,
    pub(super) work: Work,
}

/// What came of a [`PasswordTask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordTaskDone {
    pub(super) id: TaskId,
    pub(super) result: Result<Done, TaskError>,
}

/// Which task: what came of another one is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskId(pub(super) u64);

/// What is computed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Work {
    BeginProof(Password, Seed),
    FinishProof(ToProve),
    BeginEnrolment(Password, Seed),
    FinishEnrolment(ToEnrol),
    BeginBoth(Password, Seed, Password, Seed),
}

/// A proof that the server has answered.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ToProve {
    pub(super) state: Proving,
    pub(super) password: Password,
    pub(super) response: ProofResponse,
    pub(super) name: UserName,
    pub(super) link: LinkHash,
    pub(super) seed: Seed,
}

/// An enrolment that the server has answered.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ToEnrol {
    pub(super) state: Enrolling,
    pub(super) password: Password,
    pub(super) response: EnrolResponse,
    pub(super) name: UserName,
    pub(super) seed: Seed,
}

/// What was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Done {
    ProofBegun(Proving, ProofRequest),
    Proof(Proof),
    EnrolmentBegun(Enrolling, EnrolRequest),
    Upload(Upload),
    BothBegun((Proving, ProofRequest), (Enrolling, EnrolRequest)),
}

/// Why it could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskError {
    /// The password is wrong.
    Wrong,
    /// The server's answer is none.
    Malformed,
}

impl PasswordTask {
    /// Computes it. With a stretcher that was used before, its memory is used again.
    #[must_use]
    pub fn run(self, stretcher: &Stretcher) -> PasswordTaskDone {
        PasswordTaskDone { id: self.id, result: self.work.run(stretcher) }
    }
}

impl Work {
    fn run(self, stretcher: &Stretcher) -> Result<Done, TaskError> {
        Ok(match self {
            Self::BeginProof(password, seed) => {
                let (state, request) = begin_proof(&password.normalised(), seed)?;
                Done::ProofBegun(state, request)
            }
            Self::FinishProof(to_prove) => Done::Proof(to_prove.run(stretcher)?),
            Self::BeginEnrolment(password, seed) => {
                let (state, request) = begin_enrolment(&password.normalised(), seed)?;
                Done::EnrolmentBegun(state, request)
            }
            Self::FinishEnrolment(to_enrol) => Done::Upload(to_enrol.run(stretcher)?),
            Self::BeginBoth(old, old_seed, new, new_seed) => Done::BothBegun(
                begin_proof(&old.normalised(), old_seed)?,
                begin_enrolment(&new.normalised(), new_seed)?,
            ),
        })
    }
}

impl ToProve {
    fn run(self, stretcher: &Stretcher) -> Result<Proof, TaskError> {
        let Self { state, password, response, name, link, seed } = self;
        let (password, of) = (password.normalised(), (&name, &link));
        Ok(finish_proof(&state, &password, &response, of, stretcher, seed)?)
    }
}

impl ToEnrol {
    fn run(self, stretcher: &Stretcher) -> Result<Upload, TaskError> {
        let Self { state, password, response, name, seed } = self;
        let password = password.normalised();
        Ok(finish_enrolment(&state, &password, &response, &name, stretcher, seed)?)
    }
}

impl From<Malformed> for TaskError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<ProofError> for TaskError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Wrong => Self::Wrong,
            ProofError::Malformed(_) => Self::Malformed,
        }
    }
}

impl fmt::Debug for PasswordTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordTask").field(&self.id.0).finish()
    }
}
