//! Passwords that never cross the network: OPAQUE (RFC 9807) with ristretto255, SHA-512, 3DH and
//! Argon2id, by `opaque-ke` (PROTOCOL.md, "Passwords").
//!
//! The client learns whether the password is right, and the server whether the client knows it; neither
//! tells the other what it is. What the server keeps of a password, a [`Record`], is worth nothing to a
//! guesser without the server's [`Setup`], which stands in a file of its own.
//!
//! - [`client`]: the side that has a password;
//! - [`server`]: the side that has a record, and both sides at once, for clients that send their password.
//!
//! Everything here is a function of its arguments: seeds come from [`FreshKeys`](crate::FreshKeys).

pub mod client;
mod messages;
mod random;
pub mod server;
mod stretch;
mod suite;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod vectors;
mod word;

pub use self::messages::{
    EnrolRequest, EnrolResponse, Proof, ProofRequest, ProofResponse, Record, Upload,
};
pub use self::random::Seed;
pub use self::server::{RecordId, Setup, SetupError};
pub use self::stretch::{Cost, Stretcher};
pub use self::word::{Word, WordError};

use thiserror::Error;

use crate::crypto::labelled;
use crate::name::UserName;

/// Who the server is in its records.
const SERVER_IDENTITY: &[u8] = b"netchat";
/// What a record is of: the person's password.
const OF_PASSWORD: u8 = 0;

/// Something that no honest peer says: a point that is none, a value that was sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a message of OPAQUE")]
pub struct Malformed;

/// What both sides bind a proof to: the link that it is made over. So nobody in the middle can pass it
/// on to another link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkHash([u8; 32]);

impl LinkHash {
    /// The hash of a link's handshake.
    #[must_use]
    pub fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    fn context(&self) -> Vec<u8> {
        labelled("netchat opaque 1", &[&self.0])
    }
}

/// Whose record it is: of that name as it is registered.
fn record_identity(name: &UserName) -> Vec<u8> {
    labelled("netchat record 1", &[name.as_ref().as_bytes(), &[OF_PASSWORD]])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::client::{ProofError, begin_enrolment, begin_proof, finish_enrolment, finish_proof};
    use super::*;
    use crate::FreshKeys;
    use crate::password::Password;
    use crate::time::UnixTime;

    const DAY_MS: u64 = 86_400_000;

    /// A server with a record, and a client, which share nothing but what they say.
    struct Pair {
        setup: Setup,
        keys: FreshKeys,
        stretcher: Stretcher,
    }

    const LINK: LinkHash = LinkHash([7; 32]);

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    impl Pair {
        fn new() -> Self {
            let mut keys = FreshKeys::from_seed([1; 32]).0;
            let setup = Setup::random(Seed::draw(&mut keys));
            Self { setup, keys, stretcher: Stretcher::new(Cost::LEAST) }
        }

        fn enrol(&mut self, as_name: &str, text: &str) -> Record {
            let (state, request) =
                begin_enrolment(&password(text), Seed::draw(&mut self.keys)).unwrap();
            let id = RecordId::draw(&mut self.keys);
            let response = self.setup.answer_enrolment(&request, id).unwrap();
            let seed = Seed::draw(&mut self.keys);
            let (password, name) = (password(text), name(as_name));
            let upload =
                finish_enrolment(&state, &password, &response, &name, &self.stretcher, seed);
            upload.unwrap().accept(id).unwrap()
        }

        /// Whether the proof is one, or why there is none. Each side has its own idea of name and link.
        fn prove(
            &mut self,
            record: Option<&Record>,
            text: &str,
            (client, server): ((&str, LinkHash), (&str, LinkHash)),
        ) -> Result<bool, ProofError> {
            let (state, request) = begin_proof(&password(text), Seed::draw(&mut self.keys))?;
            let of = (&name(server.0), &server.1);
            let seed = Seed::draw(&mut self.keys);
            let (answered, response) = self.setup.answer_proof(record, &request, of, seed)?;
            let (of, seed) = ((&name(client.0), &client.1), Seed::draw(&mut self.keys));
            let proof =
                finish_proof(&state, &password(text), &response, of, &self.stretcher, seed)?;
            Ok(answered.is_proved_by(&proof))
        }
    }

    #[test]
    fn who_knows_the_password_proves_it_and_nobody_else_does() {
        let mut pair = Pair::new();
        let record = pair.enrol("bob", "right");
        let bob = ("bob", LINK);
        let mut prove = |record: Option<&Record>, text, client, server| {
            pair.prove(record, text, (client, server))
        };
        assert_eq!(prove(Some(&record), "right", bob, bob), Ok(true));
        let wrong = Err(ProofError::Wrong);
        assert_eq!(prove(Some(&record), "wrong", bob, bob), wrong);
        assert_eq!(prove(None, "right", bob, bob), wrong, "nobody of that name");
        assert_eq!(prove(Some(&record), "right", ("eve", LINK), bob), wrong);
        assert_eq!(prove(Some(&record), "right", bob, ("eve", LINK)), wrong);
        let elsewhere = ("bob", LinkHash([8; 32]));
        assert_eq!(prove(Some(&record), "right", bob, elsewhere), wrong, "passed on");
    }

    #[test]
    fn a_record_is_worth_nothing_without_its_setup() {
        let mut pair = Pair::new();
        let record = pair.enrol("bob", "right");
        pair.setup = Setup::random(Seed::draw(&mut pair.keys));
        let bob = ("bob", LINK);
        assert_eq!(pair.prove(Some(&record), "right", (bob, bob)), Err(ProofError::Wrong));
    }

    #[test]
    fn a_proof_is_of_one_answer() {
        let mut pair = Pair::new();
        let record = pair.enrol("bob", "right");
        let (state, request) = begin_proof(&password("right"), Seed::draw(&mut pair.keys)).unwrap();
        let (bob, link) = (name("bob"), LINK);
        let mut answer = || {
            let seed = Seed::draw(&mut pair.keys);
            pair.setup.answer_proof(Some(&record), &request, (&bob, &link), seed).unwrap()
        };
        let ((first, response), (other, _)) = (answer(), answer());
        let seed = Seed::draw(&mut pair.keys);
        let (password, of) = (password("right"), (&bob, &link));
        let proof = finish_proof(&state, &password, &response, of, &pair.stretcher, seed).unwrap();
        assert!(!other.is_proved_by(&proof));
        assert!(first.is_proved_by(&proof));
    }

    #[test]
    fn both_sides_at_once_find_the_same() {
        let mut pair = Pair::new();
        let (bob, right) = (name("bob"), password("right"));
        let Pair { setup, keys, stretcher } = &mut pair;
        let made = setup.enrol(&right, &bob, stretcher, keys).unwrap();
        let mut verify =
            |record, text| setup.verify(record, &password(text), &bob, stretcher, keys);
        assert_eq!(verify(Some(&made), "right"), Ok(true));
        assert_eq!(verify(Some(&made), "wrong"), Ok(false));
        assert_eq!(verify(None, "right"), Ok(false));
        let own = ("bob", LINK);
        assert_eq!(pair.prove(Some(&made), "right", (own, own)), Ok(true), "one record for both");
    }

    #[test]
    fn a_setup_reads_back_and_shows_nothing_of_itself() {
        let setup = Pair::new().setup;
        let text = setup.to_text();
        let again = Setup::parse(&text).unwrap();
        assert_eq!(again.to_text(), text);
        assert_eq!(again.fingerprint(), setup.fingerprint());
        assert_eq!(format!("{setup:?}"), "Setup(…)");
        for wrong in ["", "AAAA", &text[4..], &"/".repeat(172)] {
            assert_eq!(Setup::parse(wrong).err(), Some(SetupError), "{wrong}");
        }
    }

    #[test]
    fn a_word_is_of_one_name_and_of_what_is_kept() {
        let setup = Pair::new().setup;
        let now = UnixTime { millis: 20_000 * DAY_MS + 1 };
        let word = setup.word(&name("bob"), b"kept", now);
        assert_eq!(word.reveal().to_uppercase().replace('-', " ").parse(), Ok(word));
        assert!(setup.is_word(&word, &name("bob"), b"kept", now));
        assert!(!setup.is_word(&word, &name("eve"), b"kept", now));
        assert!(!setup.is_word(&word, &name("bob"), b"kept now", now));
        assert_eq!(format!("{word:?}"), "Word(…)");
        assert_eq!("guess".parse::<Word>(), Err(WordError));
    }

    #[test]
    fn a_word_holds_until_the_end_of_the_next_day() {
        let setup = Pair::new().setup;
        let day = |days: u64| UnixTime { millis: days * DAY_MS };
        let just_before = |days| day(days) - Duration::from_millis(1);
        for made in [day(20_000), just_before(20_001)] {
            let word = setup.word(&name("bob"), b"kept", made);
            let holds = |now| setup.is_word(&word, &name("bob"), b"kept", now);
            assert!(holds(day(20_000)) && holds(just_before(20_002)), "made at {made:?}");
            assert!(!holds(day(20_002)) && !holds(day(20_400)), "made at {made:?}");
            // By a clock that was set back, it is a word of days that have not been.
            assert!(!holds(just_before(20_000)), "made at {made:?}");
        }
        let first = setup.word(&name("bob"), b"kept", day(0));
        assert!(setup.is_word(&first, &name("bob"), b"kept", day(0)), "a clock that was never set");
    }

    /// A message with some bits changed, or of other bytes altogether.
    fn mutated<const N: usize>(bytes: &[u8; N], number: u64) -> [u8; N] {
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let mut random = Seed::draw(&mut FreshKeys::from_seed(seed).0).into_random();
        let mut bytes = *bytes;
        match random.below(4) {
            0 => bytes = std::array::from_fn(|_| random.below(256) as u8),
            1 => bytes[random.below(N / 32) * 32..][..32].fill([0, 1, 0xff][random.below(3)]),
            _ => {
                for _ in 0..=random.below(3) {
                    bytes[random.below(N)] ^= 1 << random.below(8);
                }
            }
        }
        bytes
    }

    /// How many mutations of each message are tried; more by a variable.
    fn mutations() -> u64 {
        let set = std::env::var("NETCHAT_MUTATIONS").ok().and_then(|text| text.parse().ok());
        set.unwrap_or(1_000)
    }

    /// Whatever comes, it is an error of a closed type, or it proves nothing; and what was there before is
    /// as good as before.
    #[test]
    fn what_was_changed_is_refused_or_proves_nothing() {
        let mut pair = Pair::new();
        let record = pair.enrol("bob", "right");
        let (bob, right) = (name("bob"), password("right"));
        let of = (&bob, &LINK);
        let keys = &mut FreshKeys::from_seed([3; 32]).0;
        let (enrolling, enrol) = begin_enrolment(&right, Seed::draw(keys)).unwrap();
        let id = RecordId::draw(keys);
        let enrolled = pair.setup.answer_enrolment(&enrol, id).unwrap();
        let (proving, prove) = begin_proof(&right, Seed::draw(keys)).unwrap();
        let (answered, response) =
            pair.setup.answer_proof(Some(&record), &prove, of, Seed::draw(keys)).unwrap();
        let finish = |response: &ProofResponse, stretcher: &Stretcher| {
            let seed = Seed::draw(&mut FreshKeys::from_seed([5; 32]).0);
            finish_proof(&proving, &right, response, of, stretcher, seed)
        };
        let proof = finish(&response, &pair.stretcher).unwrap();
        for number in 0..mutations() {
            let request = EnrolRequest::from_slice(&mutated(enrol.bytes(), number)).unwrap();
            let _ = pair.setup.answer_enrolment(&request, id);
            let other = EnrolResponse::from_slice(&mutated(enrolled.bytes(), number)).unwrap();
            let seed = Seed::draw(keys);
            let _ = finish_enrolment(&enrolling, &right, &other, &bob, &pair.stretcher, seed);
            let kept = Record::from_slice(&mutated(record.bytes(), number));
            let kept = kept.filter(|kept| *kept != record);
            let request = ProofRequest::from_slice(&mutated(prove.bytes(), number)).unwrap();
            let seed = Seed::draw(keys);
            let other = pair.setup.answer_proof(kept.as_ref(), &request, of, seed);
            if let Ok((_, other)) = other
                && request != prove
            {
                assert!(finish(&other, &pair.stretcher).is_err(), "mutation {number}");
            }
            let other = ProofResponse::from_slice(&mutated(response.bytes(), number)).unwrap();
            assert!(other == response || finish(&other, &pair.stretcher).is_err(), "{number}");
            let other = Proof::from_slice(&mutated(proof.bytes(), number)).unwrap();
            assert!(other == proof || !answered.clone().is_proved_by(&other), "{number}");
        }
        assert!(answered.is_proved_by(&proof), "what was there is as good as before");
    }

    /// Whoever asks for what a password becomes before there is a record learns nothing about the record:
    /// else, a dictionary could be prepared for a name that is still free.
    #[test]
    fn what_enrolling_tells_is_about_no_other_record() {
        let mut pair = Pair::new();
        let (bob, right) = (name("bob"), password("right"));
        let (state, request) = begin_enrolment(&right, Seed::draw(&mut pair.keys)).unwrap();
        let ids = [RecordId::draw(&mut pair.keys), RecordId::draw(&mut pair.keys)];
        let answers = ids.map(|id| pair.setup.answer_enrolment(&request, id).unwrap());
        assert_ne!(answers[0], answers[1]);
        let seed = Seed::draw(&mut pair.keys);
        let upload =
            finish_enrolment(&state, &right, &answers[0], &bob, &pair.stretcher, seed).unwrap();
        let own = ("bob", LINK);
        let wrong = upload.accept(ids[1]).unwrap();
        assert_eq!(pair.prove(Some(&wrong), "right", (own, own)), Err(ProofError::Wrong));
        let right = upload.accept(ids[0]).unwrap();
        assert_eq!(pair.prove(Some(&right), "right", (own, own)), Ok(true));
    }

    /// Everything that decides whether stored records fit: the suite, its cost, and every encoding. Changing
    /// any of it locks everybody out.
    #[test]
    fn a_record_of_today_is_good_for_ever() {
        let mut keys = FreshKeys::from_seed([7; 32]).0;
        let setup = Setup::random(Seed::draw(&mut keys));
        let (bob, right) = (name("bob"), password("pässword"));
        let record = setup.enrol(&right, &bob, &Stretcher::default(), &mut keys).unwrap();
        let text = format!("{}{record}\n", *setup.to_text());
        assert_eq!(text, include_str!("golden.txt"));
    }
}
