//! Passwords that are not sent: the server's part of OPAQUE (PROTOCOL.md, "Passwords"). What is between two
//! steps is with the session that takes them.

use netchat_shared::FreshKeys;
use netchat_shared::name::UserName;
use netchat_shared::opaque::{
    EnrolRequest, EnrolResponse, LinkHash, Malformed, ProofRequest, ProofResponse, RecordId, Seed,
    Setup, Word,
};
use netchat_shared::time::UnixTime;

use crate::events::ProofBegun;
use crate::storage::{KeptPassword, UserRecord};

/// What it takes to answer. Which proofs may be begun is for
/// [`Attempts`](crate::admission::Attempts) to say.
#[derive(Debug)]
pub(crate) struct Proofs {
    setup: Setup,
    keys: FreshKeys,
}

impl Proofs {
    pub(crate) fn new(setup: Setup, keys: FreshKeys) -> Self {
        Self { setup, keys }
    }

    /// Answers a session that says that it knows a user's password. A name that nobody has is answered
    /// alike.
    pub(super) fn begin(
        &mut self,
        (name, kept): (UserName, Option<&KeptPassword>),
        (request, link): (&ProofRequest, LinkHash),
    ) -> Result<(ProofBegun, ProofResponse), Malformed> {
        let record = kept.and_then(KeptPassword::record);
        let seed = Seed::draw(&mut self.keys);
        let (answered, response) =
            self.setup.answer_proof(record, request, (&name, &link), seed)?;
        let verifier = kept.map(|kept| kept.verifier.clone());
        Ok((ProofBegun { answered, name, verifier }, response))
    }

    /// Answers a session that enrols a password.
    pub(super) fn enrol(
        &mut self,
        request: &EnrolRequest,
    ) -> Result<(RecordId, EnrolResponse), Malformed> {
        let id = RecordId::draw(&mut self.keys);
        Ok((id, self.setup.answer_enrolment(request, id)?))
    }

    /// Whether that is the word with which a user's password can be set anew now.
    pub(super) fn is_word(&self, user: &UserRecord, word: &Word, now: UnixTime) -> bool {
        let kept = user.password.as_ref().map(|kept| kept.verifier.to_text());
        kept.is_some_and(|kept| self.setup.is_word(word, &user.name, kept.as_bytes(), now))
    }
}
