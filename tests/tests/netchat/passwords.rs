//! Passwords, with real programs: where they are not, and what happens when what they are kept with is gone.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use netchat_tests::browser::{Browser, Device};
use netchat_tests::process::{Parts, System, program};
use netchat_tests::proxy::Proxy;
use netchat_tests::terminal::Terminal;

const SERVER_PASSWORD: &str = "canary of the server";
const TEXT: &str = "the canary sings at noon";
const FIRST: &str = "canary of alice";
const SECOND: &str = "another canary of hers";

/// Whether it stands there: as it is, or in Base64 once or twice, wherever in a group of three it begins.
fn holds(bytes: &[u8], canary: &str) -> bool {
    let encode = |text: Vec<u8>| {
        (0..3).map(move |before| {
            let encoded = STANDARD_NO_PAD.encode([&b"???"[..before], &text].concat());
            // What depends on the neighbours is left out.
            encoded.as_bytes()[usize::div_ceil(before, 3) * 4..encoded.len() - 2].to_vec()
        })
    };
    let once: Vec<_> = encode(canary.as_bytes().to_vec()).collect();
    let twice = once.clone().into_iter().flat_map(encode);
    let forms = once.into_iter().chain(twice).chain([canary.as_bytes().to_vec()]);
    forms.into_iter().any(|form| memchr::memmem::find(bytes, &form).is_some())
}

/// Everything that a process may write to in its memory: what a core dump would hold.
fn memory_of(process: u32) -> Vec<u8> {
    let folder = Path::new("/proc").join(process.to_string());
    let memory = fs::File::open(folder.join("mem")).unwrap();
    let mut all = Vec::new();
    for line in fs::read_to_string(folder.join("maps")).unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
        if rest.starts_with("rw") {
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // What is not there any more is not read.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                all.extend(bytes);
            }
        }
    }
    all
}

fn files_in(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

/// Who records the network, takes the disk, reads the log, or dumps the memory of the server finds the
/// password of nobody who uses our clients: neither when it is chosen, nor when it is shown or changed.
#[tokio::test]
async fn a_persons_password_is_nowhere_but_with_them() {
    let system = System::start(&["--password", SERVER_PASSWORD]).await;
    let wire = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&wire);
    let proxy = Proxy::damaging(system.udp, move |datagram| {
        record.lock().unwrap().extend_from_slice(&datagram);
        datagram
    });
    let proxy = proxy.await;
    let server = proxy.address.to_string();
    let start = |password: &str| {
        let arguments = ["--server", &server, "--server-password", SERVER_PASSWORD];
        let mut arguments = arguments.to_vec();
        arguments.extend(["--name", "alice", "--password", password]);
        Terminal::start(&arguments)
    };
    let mut alice = start(FIRST);
    alice.waits_for("LOGGEDIN").await;
    alice.ends().await;
    let mut wrong = start(SECOND);
    wrong.waits_for("WRONG: this is not the password of that name.").await;
    let mut alice = start(FIRST);
    alice.waits_for("LOGGEDIN").await;
    alice.types("/chat alice").await;
    alice.types(TEXT).await;
    alice.waits_for("SERVER: alice RECEIVED").await;
    for line in ["/password", FIRST, SECOND, SECOND] {
        alice.types(line).await;
    }
    alice.waits_for("Your password is changed.").await;
    let mut again = start(SECOND);
    again.waits_for("LOGGEDIN").await;

    let memory = memory_of(system.process.id());
    system.process.terminate();
    let (_, log) = system.process.end().await;
    let places = [
        ("the wire", wire.lock().unwrap().clone()),
        ("the disk", files_in(system.folder.path())),
        ("the log", log.into_bytes()),
        ("the memory", memory),
    ];
    for (place, bytes) in &places {
        for password in [FIRST, SECOND] {
            assert!(!holds(bytes, password), "{place} holds {password:?}");
        }
    }
    // The same search finds what is there.
    let [_, (_, disk), (_, log), (_, memory)] = &places;
    assert!(holds(memory, SERVER_PASSWORD) && holds(disk, TEXT));
    assert!(memchr::memmem::find(log, b"user=alice").is_some());
}

fn server(database: &Path) -> Output {
    let database = database.to_str().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--database", database];
    Command::new(program("netchat-server")).args(arguments).output().unwrap()
}

/// With another setup no password fits, and nobody would know why.
#[tokio::test]
async fn a_server_whose_password_setup_is_gone_or_another_one_does_not_start() {
    let mut parts = Parts::start().await;
    parts.stop_server().await;
    let database = parts.folder.path().join("netchat.db");
    let setup = parts.folder.path().join("netchat.db-passwords");
    let right = fs::read(&setup).unwrap();
    fs::remove_file(&setup).unwrap();
    let told = String::from_utf8(server(&database).stderr).unwrap();
    assert!(
        told.contains("netchat.db-passwords is missing: without it no password fits"),
        "{told}"
    );
    assert!(!setup.exists(), "none is made in its place");
    // That of another database.
    let other = Parts::start().await;
    fs::copy(other.folder.path().join("netchat.db-passwords"), &setup).unwrap();
    let told = String::from_utf8(server(&database).stderr).unwrap();
    assert!(told.contains("is not what the passwords of this database are kept with"), "{told}");
    fs::write(&setup, right).unwrap();
    parts.start_server().await;
}

/// The operator's part, while the server runs.
fn word(database: &Path, name: &str) -> Output {
    let database = database.to_str().unwrap();
    Command::new(program("netchat")).args(["word", name, "--database", database]).output().unwrap()
}

/// Of a database of before, whose passwords are hashes of what was sent.
#[tokio::test]
async fn an_account_of_before_is_given_a_password_with_a_word_of_the_operator() {
    let system = System::start(&[]).await;
    let (udp, folder) = (system.udp.to_string(), system.folder);
    Terminal::signed_in(&udp, "alice", &[]).await.ends().await;
    system.process.terminate();
    system.process.end().await;
    let database = folder.path().join("netchat.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let hash =
        "UPDATE user SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA'";
    assert_eq!(connection.execute(hash, []).unwrap(), 1);
    drop(connection);

    let system = System::start_in(folder, &[&udp, "127.0.0.1:0"], &[]).await;
    let arguments = ["--server", &udp, "--server-password", "password", "--name", "Alice"];
    let mut alice = Terminal::start(&arguments);
    alice
        .waits_for(
            "Alice is an account of an earlier version: to give it a password, ask whoever runs this \
             server for a one-time word (netchat word Alice).",
        )
        .await;
    let nobody = word(&database, "bob");
    let told = String::from_utf8(nobody.stderr).unwrap();
    assert_eq!(told, "netchat word: nobody is registered as bob\n");
    let right = String::from_utf8(word(&database, "ALICE").stdout).unwrap();
    for line in ["01234-56789-abcde-fghjk", "her new password", right.trim()] {
        alice.types(line).await;
    }
    alice.waits_for("WRONG: this is not the one-time word of that name, or it has expired.").await;
    alice.waits_for("LOGGEDIN").await;
    let with = |more: &[&'static str]| Terminal::start(&[&arguments[..], more].concat());
    with(&["--password", "her new password"]).waits_for("LOGGEDIN").await;
    // She forgets it.
    let right = String::from_utf8(word(&database, "alice").stdout).unwrap();
    let forgot = [&arguments[..], &["--word", right.trim(), "--password", "a third"]].concat();
    Terminal::start(&forgot).waits_for("LOGGEDIN").await;
    with(&["--password", "a third"]).waits_for("LOGGEDIN").await;
    drop(system);
}

/// The same in a browser, for somebody who has forgotten their password.
#[tokio::test]
async fn whoever_has_forgotten_their_password_sets_another_one_in_the_browser() {
    let system = System::start(&[]).await;
    Terminal::signed_in(&system.udp.to_string(), "alice", &[]).await.ends().await;
    let page = Browser::open(system.http, Device::DarkPhone).await;
    page.fill("Server password", "password").await;
    page.fill("Name", "alice").await;
    page.fill("Password", "a guess").await;
    page.click("Sign in").await;
    page.shows("This is not the password of alice.").await;
    page.click("Use a one-time word").await;
    page.fill("One-time word", "01234-56789-abcde-fghjk").await;
    page.fill("Password", "another one").await;
    page.fill("Repeat password", "another one").await;
    page.click("Set password").await;
    page.shows("This is not the one-time word of alice, or it has expired.").await;
    page.screenshot("sign-in-word").await;
    let right = word(&system.folder.path().join("netchat.db"), "alice").stdout;
    page.fill("One-time word", String::from_utf8(right).unwrap().trim()).await;
    page.click("Set password").await;
    page.find("//nav").await;
    let server = system.udp.to_string();
    let arguments = ["--server", &server, "--server-password", "password"];
    let arguments = [&arguments[..], &["--name", "alice", "--password", "another one"]].concat();
    Terminal::start(&arguments).waits_for("LOGGEDIN").await;
}
