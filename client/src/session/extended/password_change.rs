//! Changing one's password: the old one is proved and the new one enrolled, in one go. Until the server says
//! so, nothing has changed.

use std::fmt;

use super::super::password_task::{
    Done, PasswordTaskDone, TaskError, TaskId, ToEnrol, ToProve, Work,
};
use super::super::{Common, Event, PasswordOutcome, Told};
use netchat_shared::extended::{ClientMessage, Link, LinkError, PasswordReply, ServerMessage};
use netchat_shared::opaque::client::{Enrolling, Proving};
use netchat_shared::opaque::{EnrolRequest, Proof, ProofRequest, ProofResponse, Upload};
use netchat_shared::password::Password;

/// At most one at a time.
#[derive(Default)]
pub(super) struct PasswordChange {
    under_way: Option<(Wanted, Step)>,
}

/// What the person wants.
struct Wanted {
    old: Password,
    new: Password,
    ends_others: bool,
}

enum Step {
    /// It begins when there is a link.
    Waiting,
    Beginning(TaskId),
    /// Computed, and to be said as soon as the link has room: the first may be said already.
    Begun((Proving, Option<ProofRequest>), (Enrolling, EnrolRequest)),
    /// The server has to answer both.
    Asked(Proving, Enrolling, Option<ProofResponse>),
    /// The old password is stretched, and then the new one: each takes its time, and others have theirs between.
    Proving(TaskId, ToEnrol),
    Enrolling(TaskId, Proof),
    Proved(Proof, Upload),
    /// The server has to decide.
    Said,
}

impl PasswordChange {
    /// The person wants another password. False if another change is under way.
    pub(super) fn ask(&mut self, old: Password, new: Password, ends_others: bool) -> bool {
        let is_free = self.under_way.is_none();
        if is_free {
            self.under_way = Some((Wanted { old, new, ends_others }, Step::Waiting));
        }
        is_free
    }

    pub(super) fn is_settled(&self) -> bool {
        self.under_way.is_none()
    }

    /// Whether the server has something to answer on this link.
    pub(super) fn is_answer_due(&self) -> bool {
        matches!(&self.under_way, Some((_, Step::Asked(..) | Step::Said)))
    }

    /// It begins again on the next link; but not if it may have been made: then the old one would be wrong.
    pub(super) fn link_lost(&mut self, common: &mut Common) {
        match self.under_way.take() {
            Some((_, Step::Said)) => common.tell(Event::Password(PasswordOutcome::NoAnswer)),
            Some((wanted, _)) => self.under_way = Some((wanted, Step::Waiting)),
            None => {}
        }
    }

    /// Puts what waits into the link, as far as it has room.
    pub(super) fn pump(&mut self, link: &mut Link, common: &mut Common) -> Result<(), LinkError> {
        let Some((wanted, step)) = &mut self.under_way else { return Ok(()) };
        match step {
            Step::Waiting => {
                let seeds = [common.draw_seed(), common.draw_seed()];
                let [old_seed, new_seed] = seeds;
                let (old, new) = (wanted.old.clone(), wanted.new.clone());
                let work = Work::BeginBoth(old, old_seed, new, new_seed);
                *step = Step::Beginning(common.compute(work));
            }
            Step::Begun((proving, prove), (enrolling, enrol)) => {
                if let Some(prove) = prove {
                    link.send(&ClientMessage::Prove(prove.clone()).to_wire())?;
                }
                *prove = None;
                link.send(&ClientMessage::Enrol(enrol.clone(), None).to_wire())?;
                *step = Step::Asked(proving.clone(), enrolling.clone(), None);
            }
            Step::Proved(proof, upload) => {
                let (proof, upload) = (proof.clone(), upload.clone());
                let ends_others = wanted.ends_others;
                let change = ClientMessage::ChangePassword { proof, upload, ends_others };
                link.send(&change.to_wire())?;
                *step = Step::Said;
            }
            Step::Beginning(_)
            | Step::Asked(..)
            | Step::Proving(..)
            | Step::Enrolling(..)
            | Step::Said => {}
        }
        Ok(())
    }

    /// The server's part of a step came.
    pub(super) fn handle(&mut self, message: ServerMessage, link: &Link, common: &mut Common) {
        let Some((wanted, step)) = &mut self.under_way else { return };
        let Step::Asked(proving, enrolling, proved) = step else { return };
        match (message, proved.take(), common.answers.name.clone()) {
            (ServerMessage::Prove(response), _, _) => *proved = Some(response),
            (ServerMessage::Enrol(enrol), Some(prove), Some(name)) => {
                let to_prove = ToProve {
                    state: proving.clone(),
                    password: wanted.old.clone(),
                    response: prove,
                    name: name.clone(),
                    link: link.hash(),
                    seed: common.draw_seed(),
                };
                let to_enrol = ToEnrol {
                    state: enrolling.clone(),
                    password: wanted.new.clone(),
                    response: enrol,
                    name,
                    seed: common.draw_seed(),
                };
                *step = Step::Proving(common.compute(Work::FinishProof(to_prove)), to_enrol);
            }
            // Not what was asked for.
            (_, former, _) => *proved = former,
        }
    }

    /// Something was computed.
    pub(super) fn finish_task(&mut self, done: PasswordTaskDone, common: &mut Common) {
        let Some((_, step)) = &mut self.under_way else { return };
        match (&*step, done.result) {
            (Step::Beginning(id), Ok(Done::BothBegun((proving, prove), enrol)))
                if *id == done.id =>
            {
                *step = Step::Begun((proving, Some(prove)), enrol);
            }
            (Step::Proving(id, to_enrol), Ok(Done::Proof(proof))) if *id == done.id => {
                let work = Work::FinishEnrolment(to_enrol.clone());
                *step = Step::Enrolling(common.compute(work), proof);
            }
            (Step::Enrolling(id, proof), Ok(Done::Upload(upload))) if *id == done.id => {
                *step = Step::Proved(proof.clone(), upload);
            }
            (Step::Proving(id, _), Err(TaskError::Wrong)) if *id == done.id => {
                self.end(PasswordOutcome::Wrong, common);
            }
            (Step::Beginning(id) | Step::Proving(id, _) | Step::Enrolling(id, _), Err(_))
                if *id == done.id =>
            {
                self.end(PasswordOutcome::Refused(Told::UnusableAnswer), common);
            }
            // Of a change that was begun anew.
            (_, _) => {}
        }
    }

    /// The server has decided. What it says when it was not asked is about what was given up.
    pub(super) fn handle_reply(&mut self, reply: PasswordReply, common: &mut Common) {
        let Some((wanted, Step::Asked(..) | Step::Said)) = &self.under_way else { return };
        let outcome = match reply {
            PasswordReply::Changed => {
                // To sign in again with, after an interruption.
                let is_kept = common.answers.password.is_some();
                common.answers.password = is_kept.then(|| wanted.new.clone());
                PasswordOutcome::Changed
            }
            PasswordReply::Wrong => PasswordOutcome::Wrong,
            PasswordReply::Refused(why) => PasswordOutcome::Refused(Told::Server(why)),
        };
        self.end(outcome, common);
    }

    fn end(&mut self, outcome: PasswordOutcome, common: &mut Common) {
        self.under_way = None;
        common.tell(Event::Password(outcome));
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").field("is_settled", &self.is_settled()).finish()
    }
}
