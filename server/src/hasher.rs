//! Argon2id on a thread of its own: one hash at a time, so that sign-ins never slow the chat down.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use netchat_core::limits::HASHES_PENDING_MAX;
use netchat_core::storage::{HashJob, Hashed, Ticket};
use netchat_shared::password::Password;
use tokio::sync::mpsc::UnboundedSender;
use tracing::error;

/// What became of a job.
pub(crate) type Result = (Ticket, Hashed);

/// The hashing thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Hasher {
    jobs: SyncSender<(Ticket, HashJob)>,
}

impl Hasher {
    /// Starts the thread. Results come through `results`; the core bounds how many are under way.
    pub(crate) fn start(results: UnboundedSender<Result>) -> std::io::Result<Self> {
        let (jobs, receiver) = sync_channel(HASHES_PENDING_MAX);
        std::thread::Builder::new()
            .name("hasher".to_owned())
            .spawn(move || work(&receiver, &results))?;
        Ok(Self { jobs })
    }

    /// Queues a job. Never blocks: gives it back if there is no room or no thread.
    pub(crate) fn hash(&self, ticket: Ticket, job: HashJob) -> std::result::Result<(), Ticket> {
        self.jobs.try_send((ticket, job)).map_err(|error| match error {
            TrySendError::Full((ticket, _)) | TrySendError::Disconnected((ticket, _)) => ticket,
        })
    }
}

fn work(jobs: &Receiver<(Ticket, HashJob)>, results: &UnboundedSender<Result>) {
    let argon2 = Argon2::default();
    // Verified in vain for names that don't exist, so that they take as long as others.
    let nobody = create(&argon2, "nobody").unwrap_or_default();
    while let Ok((ticket, job)) = jobs.recv() {
        let hashed = match job {
            HashJob::Create(password) => {
                create(&argon2, password.reveal()).map_or(Hashed::Failed, Hashed::Created)
            }
            HashJob::Verify { password, as_typed, hash } => {
                let found = verify_either(
                    &argon2,
                    &password,
                    as_typed.as_ref(),
                    hash.as_ref().unwrap_or(&nobody),
                );
                if hash.is_some() { found } else { Hashed::Wrong }
            }
        };
        if results.send((ticket, hashed)).is_err() {
            return;
        }
    }
}

fn create(argon2: &Argon2<'_>, password: &str) -> Option<String> {
    match argon2.hash_password(password.as_bytes()) {
        Ok(hash) => Some(hash.to_string()),
        Err(error) => {
            error!(%error, "a password could not be hashed");
            None
        }
    }
}

/// Compares what is compared today, then what was compared before.
fn verify_either(
    argon2: &Argon2<'_>,
    password: &Password,
    as_typed: Option<&Password>,
    hash: &str,
) -> Hashed {
    let found = verify(argon2, password, hash);
    match as_typed {
        Some(as_typed) if found == Hashed::Wrong => match verify(argon2, as_typed, hash) {
            Hashed::Right(_) => Hashed::Right(create(argon2, password.reveal())),
            other @ (Hashed::Created(_) | Hashed::Wrong | Hashed::Failed) => other,
        },
        Some(_) | None => found,
    }
}

fn verify(argon2: &Argon2<'_>, password: &Password, hash: &str) -> Hashed {
    let Ok(parsed) = PasswordHash::new(hash) else {
        return Hashed::Failed;
    };
    if argon2.verify_password(password.reveal().as_bytes(), &parsed).is_err() {
        return Hashed::Wrong;
    }
    let is_current = Params::try_from(&parsed).is_ok_and(|params| {
        let today = argon2.params();
        (params.m_cost(), params.t_cost(), params.p_cost())
            == (today.m_cost(), today.t_cost(), today.p_cost())
    });
    Hashed::Right(if is_current { None } else { create(argon2, password.reveal()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_recognised_and_old_hashes_renewed() {
        let argon2 = Argon2::default();
        let (right, wrong) = (Password::new("right").unwrap(), Password::new("wrong").unwrap());
        let hash = create(&argon2, "right").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verify(&argon2, &right, &hash), Hashed::Right(None));
        assert_eq!(verify(&argon2, &wrong, &hash), Hashed::Wrong);
        assert_eq!(verify(&argon2, &right, "no hash"), Hashed::Failed);

        let weak = Params::new(8 * 1024, 1, 1, None).unwrap();
        let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weak);
        let old = create(&weak, "right").unwrap();
        let Hashed::Right(Some(renewed)) = verify(&argon2, &right, &old) else {
            panic!("an old hash is renewed");
        };
        assert_eq!(verify(&argon2, &right, &renewed), Hashed::Right(None));
    }

    #[test]
    fn a_hash_of_before_of_what_was_typed_is_renewed() {
        let argon2 = Argon2::default();
        let password = |text: &str| Password::new(text).unwrap();
        let (composed, typed) = (password("\u{e9}"), password("e\u{301}"));
        let old = create(&argon2, typed.reveal()).unwrap();
        let Hashed::Right(Some(renewed)) = verify_either(&argon2, &composed, Some(&typed), &old)
        else {
            panic!("it is renewed");
        };
        let found = verify_either(&argon2, &composed, None, &renewed);
        assert_eq!(found, Hashed::Right(None));
        let wrong = password("e");
        assert_eq!(verify_either(&argon2, &wrong, Some(&typed), &renewed), Hashed::Wrong);
    }
}
