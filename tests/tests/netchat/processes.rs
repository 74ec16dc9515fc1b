//! The programs as an operator and a person in a terminal meet them.

use netchat_tests::process::{Process, System};
use netchat_tests::terminal::Terminal;
use tokio::net::UdpSocket;

/// Starts a program that must not start; what it says.
async fn refusal(program: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let variables = [("NETCHAT_DATABASE", database.to_str().unwrap())];
    let (status, errors) = Process::start_with(program, arguments, &variables).end().await;
    assert!(!status.success());
    assert_eq!(errors.lines().count(), 1, "one line: {errors}");
    errors.trim_end().to_owned()
}

#[tokio::test]
async fn each_program_says_where_it_is_and_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let database = ["--listen", "127.0.0.1:0", "--database", database.to_str().unwrap()];
    let mut server = Process::start("netchat-server", &database);
    let line = server.line().await;
    assert!(line.starts_with("netchat-server: listening on 127.0.0.1:"), "{line}");

    let address = line.trim_end_matches(" (UDP)").rsplit(' ').next().unwrap();
    let flags = ["--listen", "127.0.0.1:0", "--server", address];
    let mut gateway = Process::start("netchat-gateway", &flags);
    let line = gateway.line().await;
    assert!(line.starts_with("netchat-gateway: open http://127.0.0.1:"), "{line}");

    for program in [server, gateway] {
        program.terminate();
        let (status, errors) = program.end().await;
        assert!(status.success(), "{errors}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_one_clear_line() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let line = refusal("netchat-server", &["--listen", &taken]).await;
    assert!(line.contains(&format!("can't listen on {taken} (UDP)")), "{line}");

    let line =
        refusal("netchat-server", &["--listen", "127.0.0.1:0", "--database", "/nowhere/a.db"])
            .await;
    assert!(line.contains("can't open the database /nowhere/a.db"), "{line}");

    let line = refusal("netchat-server", &["--listen", "0.0.0.0:0"]).await;
    assert!(line.contains("choose a --password"), "{line}");
    let line =
        refusal("netchat", &["up", "--listen", "0.0.0.0:0", "--udp-listen", "127.0.0.1:0"]).await;
    assert!(line.contains("choose a --password"), "{line}");

    let line = refusal("netchat-server", &["--listen", "127.0.0.1:0", "--ack-timeout", "0"]).await;
    assert!(line.contains("--ack-timeout: 0 is not between"), "{line}");

    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let line = refusal("netchat-gateway", &["--listen", &taken]).await;
    assert!(line.contains(&format!("can't listen on {taken} (HTTP)")), "{line}");
    let line =
        refusal("netchat-gateway", &["--listen", "127.0.0.1:0", "--server", "nothing"]).await;
    assert!(line.contains("nothing is no address"), "{line}");
}

#[tokio::test]
async fn two_servers_do_not_share_a_database() {
    let system = System::start(&[]).await;
    let database = system.folder.path().join("netchat.db");
    let flags = ["--listen", "127.0.0.1:0", "--database", database.to_str().unwrap()];
    let line = refusal("netchat-server", &flags).await;
    assert!(line.contains("is in use by another server"), "{line}");
}

#[tokio::test]
async fn accounts_survive_a_restart_and_the_log_holds_no_secret() {
    let system = System::start(&[]).await;
    let server = system.udp.to_string();
    let mut alice = Terminal::signed_in(&server, "alice", &[]).await;
    alice.types("/chat alice").await;
    alice.types("a very private remark").await;
    alice.waits_for("SERVER: alice RECEIVED").await;
    let (status, _) = alice.ends().await;
    assert!(status.success());
    system.process.terminate();
    let (status, log) = system.process.end().await;
    assert!(status.success());
    assert!(log.contains("registered") && log.contains("user=alice"), "{log}");
    for secret in ["alicespassword", "private remark", "argon2"] {
        assert!(!log.contains(secret), "{log}");
    }

    let addresses = [server.as_str(), "127.0.0.1:0"];
    let again = System::start_in(system.folder, &addresses, &[]).await;
    let wrong = [
        "--server",
        &server,
        "--server-password",
        "password",
        "--name",
        "alice",
        "--password",
        "x",
    ];
    let mut wrong = Terminal::start(&wrong);
    wrong.expects("WRONG: this is not the password of that name.").await;
    wrong.expects("Please enter your password:").await;
    wrong.types("alicespassword").await;
    wrong.expects("LOGGEDIN").await;
    drop(again);
}

#[tokio::test]
async fn a_tool_ends_when_everything_is_acknowledged_or_says_what_is_not() {
    let system = System::start(&[]).await;
    let server = system.udp.to_string();
    let _bob = Terminal::signed_in(&server, "bob", &[]).await;

    let mut alice = Terminal::signed_in(&server, "alice", &[]).await;
    for line in ["CHAT", "bob", "one", "two", "three"] {
        alice.types(line).await;
    }
    let (status, errors) = alice.ends().await;
    assert!(status.success(), "{errors}");

    let mut alice = Terminal::signed_in(&server, "alice", &[]).await;
    for line in ["CHAT", "nobody", "hello?"] {
        alice.types(line).await;
    }
    let (status, errors) = alice.ends().await;
    assert!(!status.success());
    assert_eq!(errors, "netchat chat: SERVER: Client DOESN'T exist\n");

    let wrong = ["--server", &server, "--server-password", "guess"];
    let (status, errors) = Terminal::start(&wrong).ends().await;
    assert!(!status.success());
    assert_eq!(errors, "netchat chat: Locked: this is not the server's password.\n");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let flags = ["--server", &free, "--server-password", "x", "--name", "a", "--password", "x"];
    let (status, errors) = Terminal::start(&flags).ends().await;
    assert!(!status.success());
    let expected = format!("netchat chat: no answer from {free}: is the server running there?\n");
    assert_eq!(errors, expected);
}

#[tokio::test]
async fn impossible_names_are_refused_where_they_are_typed() {
    let system = System::start(&[]).await;
    let server = system.udp.to_string();
    let mut terminal = Terminal::start(&["--server", &server, "--server-password", "password"]);
    for (name, refusal) in [
        ("", "a name can't be empty"),
        ("a#b", "a name can't contain “#”"),
        ("a`b", "a name can't contain a backtick"),
        ("SERVER", "this word is reserved: choose another name"),
        ("123456789012345678901234567890123", "a name has at most 32 characters"),
    ] {
        terminal.expects("Input your name:").await;
        terminal.types(name).await;
        terminal.expects(refusal).await;
    }
    terminal.expects("Input your name:").await;
    terminal.types("alice").await;
    terminal.expects("Please choose a password:").await;
}
