//! Argon2id on threads of their own, which give way to the chat. Each works in one block of memory
//! for as long as it lives: a block for each hash would stay with the allocator.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::available_parallelism;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use netchat_core::storage::{HashJob, Hashed, Ticket};
use netchat_shared::password::Password;
use tokio::sync::mpsc::UnboundedSender;
use tracing::error;

/// Most hashing threads: each keeps 19 MiB.
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
    argon2: Argon2<'static>,
    memory: Vec<Block>,
    /// Verified in vain for names that don't exist, so that they take as long as others.
    nobody: String,
}

impl Hasher {
    /// How many threads it has: as many as the machine can run at once, within a bound.
    pub(crate) fn threads() -> usize {
        available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
    }

    /// Starts the threads. Results come through `results`.
    pub(crate) fn start(results: &UnboundedSender<Finished>) -> std::io::Result<Self> {
        let mut threads = Vec::new();
        for thread in 0..Self::threads() {
            let (jobs, receiver) = channel();
            let results = results.clone();
            std::thread::Builder::new()
                .name(format!("hasher-{thread}"))
                .spawn(move || work(thread, &receiver, &results))?;
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

fn work(thread: usize, jobs: &Receiver<(Ticket, HashJob)>, results: &UnboundedSender<Finished>) {
    // On Linux, this is about the thread. Where it is refused, hashing is as important as the chat.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
    let mut worker = Worker::new(Argon2::default());
    while let Ok((ticket, job)) = jobs.recv() {
        let hashed = worker.hash(&job);
        if results.send(Finished { ticket, hashed, thread }).is_err() {
            return;
        }
    }
}

impl Worker {
    fn new(argon2: Argon2<'static>) -> Self {
        let mut worker = Self { argon2, memory: Vec::new(), nobody: String::new() };
        worker.nobody = worker.create("nobody").unwrap_or_default();
        worker
    }

    fn hash(&mut self, job: &HashJob) -> Hashed {
        match job {
            HashJob::Create(password) => {
                self.create(password.reveal()).map_or(Hashed::Failed, Hashed::Created)
            }
            HashJob::Verify { password, as_typed, hash } => {
                let compared = hash.clone().unwrap_or_else(|| self.nobody.clone());
                let found = self.verify_either(password, as_typed.as_ref(), &compared);
                if hash.is_some() { found } else { Hashed::Wrong }
            }
        }
    }

    /// Compares what is compared today, then what was compared before.
    fn verify_either(
        &mut self,
        password: &Password,
        as_typed: Option<&Password>,
        hash: &str,
    ) -> Hashed {
        let found = self.verify(password, hash);
        match as_typed {
            Some(as_typed) if found == Hashed::Wrong => match self.verify(as_typed, hash) {
                Hashed::Right(_) => Hashed::Right(self.create(password.reveal())),
                other @ (Hashed::Created(_) | Hashed::Wrong | Hashed::Failed) => other,
            },
            Some(_) | None => found,
        }
    }

    /// A password's hash with a new salt, in the string format of the Password Hashing Competition.
    fn create(&mut self, password: &str) -> Option<String> {
        let salt = Salt::generate();
        let argon2 = self.argon2.clone();
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let hash = self.fill(&argon2, password, &salt, &mut output).and_then(|()| {
            Ok(PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(argon2.params())?,
                salt: Some(salt),
                hash: Some(Output::new(&output)?),
            })
        });
        match hash {
            Ok(hash) => Some(hash.to_string()),
            Err(error) => {
                error!(%error, "a password could not be hashed");
                None
            }
        }
    }

    fn verify(&mut self, password: &Password, hash: &str) -> Hashed {
        let is_right = match self.is_right(password.reveal(), hash) {
            Ok(is_right) => is_right,
            Err(error) => {
                error!(%error, "a stored password hash can't be used");
                return Hashed::Failed;
            }
        };
        match is_right {
            false => Hashed::Wrong,
            true if self.is_current(hash) => Hashed::Right(None),
            true => Hashed::Right(self.create(password.reveal())),
        }
    }

    fn is_right(&mut self, password: &str, hash: &str) -> argon2::password_hash::Result<bool> {
        let unusable = argon2::password_hash::Error::EncodingInvalid;
        let hash = PasswordHash::new(hash).map_err(|_| unusable)?;
        let (salt, expected) = hash.salt.zip(hash.hash).ok_or(unusable)?;
        let algorithm = Algorithm::new(hash.algorithm).map_err(|_| unusable)?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash)?);
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..expected.len()).ok_or(unusable)?;
        self.fill(&argon2, password, &salt, output)?;
        // Compared in constant time.
        Ok(Output::new(output)? == expected)
    }

    fn is_current(&self, hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        params.is_some_and(|params| {
            let today = self.argon2.params();
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (today.m_cost(), today.t_cost(), today.p_cost())
        })
    }

    fn fill(
        &mut self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &Salt,
        output: &mut [u8],
    ) -> argon2::password_hash::Result<()> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let memory = &mut self.memory[..];
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, memory)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    #[test]
    fn passwords_are_recognised_and_old_hashes_renewed() {
        let mut worker = Worker::new(Argon2::default());
        let (right, wrong) = (password("right"), password("wrong"));
        let hash = worker.create("right").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(worker.verify(&right, &hash), Hashed::Right(None));
        assert_eq!(worker.verify(&wrong, &hash), Hashed::Wrong);
        assert_eq!(worker.verify(&right, "no hash"), Hashed::Failed);
        let nobody = HashJob::Verify { password: right.clone(), as_typed: None, hash: None };
        assert_eq!(worker.hash(&nobody), Hashed::Wrong);

        let weak = Params::new(8 * 1024, 1, 1, None).unwrap();
        let mut weak = Worker::new(Argon2::new(Algorithm::Argon2id, Version::V0x13, weak));
        let old = weak.create("right").unwrap();
        let Hashed::Right(Some(renewed)) = worker.verify(&right, &old) else {
            panic!("an old hash is renewed");
        };
        assert_eq!(worker.verify(&right, &renewed), Hashed::Right(None));
    }

    #[test]
    fn hashes_are_those_of_the_library() {
        use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

        let mut worker = Worker::new(Argon2::default());
        let theirs = Argon2::default().hash_password(b"right").unwrap();
        assert_eq!(worker.verify(&password("right"), &theirs.to_string()), Hashed::Right(None));
        let ours = worker.create("right").unwrap();
        let ours = PasswordHash::new(&ours).unwrap();
        assert!(Argon2::default().verify_password(b"right", &ours).is_ok());
        assert!(Argon2::default().verify_password(b"wrong", &ours).is_err());
    }

    #[test]
    fn one_block_serves_all() {
        let mut worker = Worker::new(Argon2::default());
        let before = (worker.memory.len(), worker.memory.as_ptr());
        for _ in 0..3 {
            worker.create("right").unwrap();
        }
        assert_eq!((worker.memory.len(), worker.memory.as_ptr()), before);
    }

    #[tokio::test]
    async fn each_thread_does_one_job_and_then_the_next() {
        let (sender, mut results) = tokio::sync::mpsc::unbounded_channel();
        let mut hasher = Hasher::start(&sender).unwrap();
        let create = || HashJob::Create(password("right"));
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

    #[test]
    fn a_hash_of_before_of_what_was_typed_is_renewed() {
        let mut worker = Worker::new(Argon2::default());
        let (composed, typed) = (password("\u{e9}"), password("e\u{301}"));
        let old = worker.create(typed.reveal()).unwrap();
        let Hashed::Right(Some(renewed)) = worker.verify_either(&composed, Some(&typed), &old)
        else {
            panic!("it is renewed");
        };
        let found = worker.verify_either(&composed, None, &renewed);
        assert_eq!(found, Hashed::Right(None));
        let wrong = password("e");
        assert_eq!(worker.verify_either(&wrong, Some(&typed), &renewed), Hashed::Wrong);
    }
}
