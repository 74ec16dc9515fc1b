//! Passwords of original clients, which send them: enrolled and compared here, both sides of OPAQUE at once,
//! on threads of their own, which give way to the chat.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier as _};
use netchat_core::storage::{HashJob, Hashed, Ticket, Verifier};
use netchat_shared::FreshKeys;
use netchat_shared::name::UserName;
use netchat_shared::opaque::{Record, Setup, Stretcher};
use netchat_shared::password::Password;
use tokio::sync::mpsc::UnboundedSender;
use tracing::error;
use zeroize::Zeroizing;

/// Most hashing threads: each keeps 46 MiB.
const THREADS_MAX: usize = 4;
/// How much less than others a hashing thread matters to the system, as `nice` counts it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// What became of a job.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) ticket: Ticket,
    pub(crate) hashed: Hashed,
    thread: usize,
}

/// The hashing threads; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Hasher {
    threads: Vec<Sender<(Ticket, HashJob)>>,
    /// Those that have nothing to do.
    idle: Vec<usize>,
}

/// One thread's way to hash.
struct Worker {
    setup: Setup,
    keys: FreshKeys,
    stretcher: Stretcher,
}

impl Hasher {
    /// How many threads it has: as many as the machine can run at once, within a bound.
    pub(crate) fn threads() -> usize {
        available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
    }

    /// Starts the threads. Results come through `results`.
    pub(crate) fn start(
        results: &UnboundedSender<Finished>,
        setup: &Setup,
    ) -> std::io::Result<Self> {
        let mut threads = Vec::new();
        for thread in 0..Self::threads() {
            let (jobs, receiver) = channel();
            let results = results.clone();
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *seed).map_err(std::io::Error::other)?;
            let (setup, keys) = (setup.clone(), FreshKeys::from_seed(*seed).0);
            let make = move || Worker { setup, keys, stretcher: Stretcher::default() };
            std::thread::Builder::new()
                .name(format!("hasher-{thread}"))
                .spawn(move || work(thread, make(), &receiver, &results))?;
            threads.push(jobs);
        }
        let idle = (0..threads.len()).collect();
        Ok(Self { threads, idle })
    }

    /// Starts a job. Never blocks: gives it back if no thread is idle, or if it is gone. The core asks
    /// for no more than there are threads.
    pub(crate) fn hash(&mut self, ticket: Ticket, job: HashJob) -> Result<(), Ticket> {
        let thread = self.idle.pop().and_then(|thread| self.threads.get(thread));
        thread.ok_or(ticket)?.send((ticket, job)).map_err(|_| ticket)
    }

    /// The thread of this result can be given another job.
    pub(crate) fn finish(&mut self, finished: &Finished) {
        self.idle.push(finished.thread);
    }
}

fn work(
    thread: usize,
    mut worker: Worker,
    jobs: &Receiver<(Ticket, HashJob)>,
    results: &UnboundedSender<Finished>,
) {
    // On Linux, this is about the thread. Where it is refused, hashing is as important as the chat.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
    while let Ok((ticket, job)) = jobs.recv() {
        let hashed = worker.hash(&job);
        if results.send(Finished { ticket, hashed, thread }).is_err() {
            return;
        }
    }
}

impl Worker {
    fn hash(&mut self, job: &HashJob) -> Hashed {
        match job {
            HashJob::Create { name, password } => {
                self.create(name, password).map_or(Hashed::Failed, Hashed::Created)
            }
            HashJob::Verify { name, password, as_typed, verifier } => match verifier {
                Some(Verifier::Hash(hash)) => {
                    self.verify_hash(name, (password, as_typed.as_ref()), hash)
                }
                Some(Verifier::Record(record)) => self.verify(name, password, Some(record)),
                // In vain, so that a name that does not exist takes as long as others.
                None => self.verify(name, password, None),
            },
        }
    }

    fn create(&mut self, name: &UserName, password: &Password) -> Option<Record> {
        let made = self.setup.enrol(password, name, &self.stretcher, &mut self.keys);
        made.inspect_err(|error| error!(%error, "a password could not be enrolled")).ok()
    }

    fn verify(&mut self, name: &UserName, password: &Password, record: Option<&Record>) -> Hashed {
        let (stretcher, keys) = (&self.stretcher, &mut self.keys);
        match self.setup.verify(record, password, name, stretcher, keys) {
            Ok(true) => Hashed::Right(None),
            Ok(false) => Hashed::Wrong,
            Err(error) => {
                error!(%error, "what is kept of a password can't be used");
                Hashed::Failed
            }
        }
    }

    /// Compares a password of an account of before: what is compared today, then what was typed. If it is
    /// right, a record takes the place of the hash.
    fn verify_hash(
        &mut self,
        name: &UserName,
        (password, as_typed): (&Password, Option<&Password>),
        hash: &str,
    ) -> Hashed {
        let Ok(hash) = PasswordHash::new(hash) else {
            error!("a stored password hash can't be used");
            return Hashed::Failed;
        };
        let is_right = |password: &Password| {
            Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok()
        };
        if !is_right(password) && !as_typed.is_some_and(is_right) {
            return Hashed::Wrong;
        }
        Hashed::Right(self.create(name, password))
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, PasswordHasher as _, Version};
    use netchat_shared::opaque::{Cost, Seed};

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    fn name() -> UserName {
        "bob".parse().unwrap()
    }

    fn setup() -> Setup {
        Setup::random(Seed::draw(&mut FreshKeys::from_seed([1; 32]).0))
    }

    fn worker() -> Worker {
        let keys = FreshKeys::from_seed([2; 32]).0;
        Worker { setup: setup(), keys, stretcher: Stretcher::new(Cost::LEAST) }
    }

    fn verify(text: &str, as_typed: Option<&str>, verifier: Option<Verifier>) -> HashJob {
        let (password, as_typed) = (password(text), as_typed.map(password));
        HashJob::Verify { name: name(), password, as_typed, verifier }
    }

    /// What an earlier version kept.
    fn hash_of_before(text: &str) -> Verifier {
        let weak = Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        Verifier::Hash(argon2.hash_password(text.as_bytes()).unwrap().to_string())
    }

    #[test]
    fn a_password_is_recognised_by_its_record() {
        let mut worker = worker();
        let job = HashJob::Create { name: name(), password: password("right") };
        let Hashed::Created(record) = worker.hash(&job) else { panic!() };
        let kept = Some(Verifier::Record(record));
        assert_eq!(worker.hash(&verify("right", None, kept.clone())), Hashed::Right(None));
        assert_eq!(worker.hash(&verify("wrong", None, kept)), Hashed::Wrong);
        assert_eq!(worker.hash(&verify("right", None, None)), Hashed::Wrong, "nobody");
        let broken = Verifier::Hash("no hash".to_owned());
        assert_eq!(worker.hash(&verify("right", None, Some(broken))), Hashed::Failed);
    }

    #[test]
    fn a_hash_of_before_becomes_a_record_of_the_same_password() {
        let mut worker = worker();
        let kept = Some(hash_of_before("right"));
        assert_eq!(worker.hash(&verify("wrong", None, kept.clone())), Hashed::Wrong);
        let found = worker.hash(&verify("right", None, kept));
        let Hashed::Right(Some(record)) = found else { panic!("{found:?}") };
        let record = Some(Verifier::Record(record));
        assert_eq!(worker.hash(&verify("right", None, record.clone())), Hashed::Right(None));
        assert_eq!(worker.hash(&verify("wrong", None, record)), Hashed::Wrong);
    }

    #[test]
    fn a_hash_of_before_of_what_was_typed_becomes_one_of_what_is_compared() {
        let mut worker = worker();
        let (composed, typed) = ("\u{e9}", "e\u{301}");
        let old = Some(hash_of_before(typed));
        let found = worker.hash(&verify(composed, Some(typed), old));
        let Hashed::Right(Some(record)) = found else { panic!("{found:?}") };
        let record = Some(Verifier::Record(record));
        assert_eq!(worker.hash(&verify(composed, None, record.clone())), Hashed::Right(None));
        assert_eq!(worker.hash(&verify("e", Some(typed), record)), Hashed::Wrong);
    }

    #[tokio::test]
    async fn each_thread_does_one_job_and_then_the_next() {
        let (sender, mut results) = tokio::sync::mpsc::unbounded_channel();
        let mut hasher = Hasher::start(&sender, &setup()).unwrap();
        let create = || HashJob::Create { name: name(), password: password("right") };
        for ticket in 0..Hasher::threads() as u64 {
            hasher.hash(Ticket(ticket), create()).unwrap();
        }
        let refused = hasher.hash(Ticket(99), create());
        assert_eq!(refused, Err(Ticket(99)), "all are busy");
        for ticket in 100..105 {
            let finished = results.recv().await.unwrap();
            assert!(matches!(finished.hashed, Hashed::Created(_)));
            hasher.finish(&finished);
            hasher.hash(Ticket(ticket), create()).unwrap();
        }
    }
}
