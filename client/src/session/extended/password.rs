//! The steps of one password while somebody signs in: it is enrolled, or proved. What is computed is
//! computed by whoever drives the session.

use super::super::Common;
use super::super::password_task::{
    Done, PasswordTaskDone, TaskError, TaskId, ToEnrol, ToProve, Work,
};
use netchat_shared::extended::{ClientMessage, Link, ServerMessage};
use netchat_shared::name::UserName;
use netchat_shared::opaque::Word;
use netchat_shared::opaque::client::{Enrolling, Proving};
use netchat_shared::password::Password;

/// How far it is.
#[derive(Debug, Default)]
pub(super) enum PasswordSteps {
    /// Nothing is under way.
    #[default]
    Idle,
    /// Something is computed.
    Computing(TaskId, PasswordOf, Option<Word>),
    /// The server has to answer.
    Proving(Proving, PasswordOf),
    Enrolling(Enrolling, PasswordOf),
    /// The last step was said: the server lets in, or does not.
    Said,
}

/// Whose password, and which.
#[derive(Debug, Clone)]
pub(super) struct PasswordOf {
    pub(super) name: UserName,
    pub(super) password: Password,
}

impl PasswordSteps {
    pub(super) fn prove(of: PasswordOf, common: &mut Common) -> Self {
        let work = Work::BeginProof(of.password.clone(), common.draw_seed());
        Self::Computing(common.compute(work), of, None)
    }

    pub(super) fn enrol(of: PasswordOf, word: Option<Word>, common: &mut Common) -> Self {
        let work = Work::BeginEnrolment(of.password.clone(), common.draw_seed());
        Self::Computing(common.compute(work), of, word)
    }

    /// The server's part of a step came.
    pub(super) fn handle(&mut self, message: ServerMessage, link: &Link, common: &mut Common) {
        match (std::mem::take(self), message) {
            (Self::Proving(state, of), ServerMessage::Prove(response)) => {
                let PasswordOf { name, password } = of.clone();
                let (link, seed) = (link.hash(), common.draw_seed());
                let to_prove = ToProve { state, password, response, name, link, seed };
                *self = Self::Computing(common.compute(Work::FinishProof(to_prove)), of, None);
            }
            (Self::Enrolling(state, of), ServerMessage::Enrol(response)) => {
                let PasswordOf { name, password } = of.clone();
                let to_enrol =
                    ToEnrol { state, password, response, name, seed: common.draw_seed() };
                *self = Self::Computing(common.compute(Work::FinishEnrolment(to_enrol)), of, None);
            }
            // Not what was asked for.
            (steps, _) => *self = steps,
        }
    }

    /// Something was computed: says what comes next, or why there is nothing to say.
    pub(super) fn finish_task(
        &mut self,
        done: PasswordTaskDone,
        link: &mut Link,
    ) -> Result<(), TaskError> {
        let Self::Computing(id, of, word) = self else { return Ok(()) };
        if *id != done.id {
            return Ok(());
        }
        let (of, word) = (of.clone(), *word);
        *self = Self::Idle;
        let message = match done.result? {
            Done::ProofBegun(state, request) => {
                *self = Self::Proving(state, of);
                ClientMessage::Prove(request)
            }
            Done::EnrolmentBegun(state, request) => {
                *self = Self::Enrolling(state, of);
                ClientMessage::Enrol(request, word)
            }
            Done::Proof(proof) => {
                *self = Self::Said;
                ClientMessage::Proof(proof)
            }
            Done::Upload(upload) => {
                *self = Self::Said;
                ClientMessage::Enrolled(upload)
            }
            Done::BothBegun(..) => return Ok(()),
        };
        // An empty link has room for it.
        let _ = link.send(&message.to_wire());
        Ok(())
    }
}
