//! Tests that cross crates; see the helpers in `netchat_tests`.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for the one it waits for")]
#![expect(clippy::print_stdout, reason = "figures are shown with --nocapture")]

mod netchat {
    /// Who is who: names and passwords.
    mod accounts;
    /// The web client in a real browser.
    mod browsers;
    /// The classic protocol, byte for byte.
    mod classic_golden;
    /// Nothing is lost, doubled or out of order, on real sockets and disks.
    mod delivery;
    /// The figures of the report.
    mod figures;
    /// What a fuzzer has found worth keeping.
    mod fuzz_corpus;
    /// WebSockets and datagrams.
    mod gateway;
    /// What strangers and broken clients send.
    mod hostile;
    /// The same over the extended protocol.
    mod hostile_extended;
    /// Texts that somebody else wrote.
    mod hostile_texts;
    /// Two ends of a link on a bad network.
    mod link_simulation;
    /// Who sees and sends packets on the way.
    mod observers;
    /// What a client that signs in needs to know of its conversations.
    mod pages;
    /// Old and new clients with each other.
    mod pairings;
    /// Where passwords are not, and what they are kept with.
    mod passwords;
    /// What a person's sessions keep for them.
    mod person_settings;
    /// The programs, from the outside.
    mod processes;
    /// The exchange that PROTOCOL.md shows.
    mod protocol_example;
    /// Accounts that do as much as they can.
    mod quotas;
    /// Faults that were seen once.
    mod regressions;
    /// Settings that are refused, and secrets that are not shown.
    mod settings;
    /// Who guesses passwords, and who signs in meanwhile.
    mod sign_in_threats;
    /// The database does what the plain model of it does.
    mod storage_conformance;
    /// The page in another language than English.
    mod web_languages;
    /// How the page behaves under who reads and writes there.
    mod web_rules;
    /// The page where it is not expected: other sizes, paths, colours, days, and what strangers write.
    mod web_surroundings;
    /// Every view of the page, for everybody, and how it looks.
    mod web_views;
    /// The whole system, as one seed decides.
    mod world_simulation;
}
