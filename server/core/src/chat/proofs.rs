//! Passwords that are not sent: the server's part of OPAQUE (PROTOCOL.md, "Passwords").

use std::collections::BTreeMap;

use netchat_shared::FreshKeys;
use netchat_shared::name::UserName;
use netchat_shared::opaque::{
    EnrolRequest, EnrolResponse, LinkHash, Malformed, Proof, ProofRequest, ProofResponse, Seed,
    Setup, Word, server::Answered,
};

use crate::events::SessionKey;
use crate::storage::{KeptPassword, UserRecord, Verifier};

/// The proofs that were begun, one for each session at most. Which may be begun is for
/// [`Attempts`](crate::admission::Attempts) to say.
#[derive(Debug)]
pub(crate) struct Proofs {
    setup: Setup,
    keys: FreshKeys,
    begun: BTreeMap<SessionKey, ProofBegun>,
}

/// A proof that was begun.
#[derive(Debug)]
struct ProofBegun {
    answered: Answered,
    name: UserName,
    /// What was kept of that name's password then.
    verifier: Option<Verifier>,
    /// A password may still be enrolled beside it.
    may_enrol: bool,
}

impl Proofs {
    pub(crate) fn new(setup: Setup, keys: FreshKeys) -> Self {
        Self { setup, keys, begun: BTreeMap::new() }
    }

    /// Answers a session that says that it knows a user's password. A name that nobody has is answered
    /// alike.
    pub(super) fn begin(
        &mut self,
        key: SessionKey,
        (name, kept): (UserName, Option<&KeptPassword>),
        (request, link): (&ProofRequest, LinkHash),
    ) -> Result<ProofResponse, Malformed> {
        let record = kept.and_then(KeptPassword::record);
        let of = (&name, &link);
        let seed = Seed::draw(&mut self.keys);
        let (answered, response) = self.setup.answer_proof(record, request, of, seed)?;
        let verifier = kept.map(|kept| kept.verifier.clone());
        self.begun.insert(key, ProofBegun { answered, name, verifier, may_enrol: true });
        Ok(response)
    }

    /// Whose password a session has proved to know, if it is still theirs. `now` tells what is kept of a
    /// name.
    pub(super) fn finish<'a>(
        &mut self,
        key: SessionKey,
        proof: &Proof,
        now: impl FnOnce(&UserName) -> Option<&'a UserRecord>,
    ) -> Option<UserName> {
        let ProofBegun { answered, name, verifier, .. } = self.begun.remove(&key)?;
        let kept = now(&name)?.password.as_ref()?;
        let is_good = answered.is_proved_by(proof) && Some(&kept.verifier) == verifier.as_ref();
        is_good.then_some(name)
    }

    /// Whether a session may enrol another password for its name: once for each proof that it begins. More
    /// often, it would be a way to try passwords that nobody counts.
    pub(super) fn take_enrolment(&mut self, key: SessionKey, name: &UserName) -> bool {
        let begun = self.begun.get_mut(&key).filter(|begun| begun.name == *name);
        begun.is_some_and(|begun| std::mem::take(&mut begun.may_enrol))
    }

    /// The session is over.
    pub(super) fn forget(&mut self, key: SessionKey) {
        self.begun.remove(&key);
    }

    /// Answers a session that enrols a password for that name.
    pub(super) fn enrol(
        &self,
        request: &EnrolRequest,
        name: &UserName,
    ) -> Result<EnrolResponse, Malformed> {
        self.setup.answer_enrolment(request, name)
    }

    /// Whether that is the word with which a user's password can be set anew.
    pub(super) fn is_word(&self, user: &UserRecord, word: &Word) -> bool {
        let kept = user.password.as_ref().map(|kept| kept.verifier.to_text());
        kept.is_some_and(|kept| self.setup.word(&user.name, kept.as_bytes()) == *word)
    }
}
