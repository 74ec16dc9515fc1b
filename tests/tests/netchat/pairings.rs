//! Old and new clients with each other.

use netchat_tests::classic::ClassicClient;
use netchat_tests::classic_server::ClassicServer;
use netchat_tests::process::System;
use netchat_tests::terminal::Terminal;

#[tokio::test]
async fn classic_with_classic_behind_one_address() {
    let system = System::start(&[]).await;
    let mut alice = ClassicClient::sign_in(system.udp, "alice", "a").await;
    let mut bob = ClassicClient::sign_in(system.udp, "bob", "b").await;
    alice.chats("bob", "one").await;
    bob.shows("alice: one").await;
    alice.shows("SERVER: SENT").await;
    alice.shows("SERVER: bob RECEIVED").await;
    bob.chats("All", "to everyone").await;
    alice.shows("bob: to everyone").await;
    bob.shows("SERVER: SENT").await;
    bob.shows("SERVER: alice RECEIVED").await;
    assert!(alice.is_alive() && bob.is_alive());
}

#[tokio::test]
async fn classic_with_terminal() {
    let system = System::start(&[]).await;
    let mut alice = ClassicClient::sign_in(system.udp, "alice", "a").await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;
    alice.chats("bob", "one").await;
    bob.expects("alice: one").await;
    alice.shows("SERVER: SENT").await;
    alice.shows("SERVER: bob RECEIVED").await;
    bob.types("/chat alice").await;
    bob.types("run `ls`").await;
    bob.expects("SERVER: SENT").await;
    bob.expects("SERVER: alice RECEIVED").await;
    // A classic client cuts at the first backtick.
    alice.shows("bob: run ").await;
    assert!(alice.is_alive());
}

#[tokio::test]
async fn a_stopped_client_delays_nobody() {
    let system = System::start(&["--ack-timeout", "4"]).await;
    let mut alice = ClassicClient::sign_in(system.udp, "alice", "a").await;
    let mut bob = ClassicClient::sign_in(system.udp, "bob", "b").await;
    let stopped = ClassicClient::sign_in(system.udp, "stopped", "s").await;
    stopped.stop();
    alice.chats("stopped", "hello?").await;
    alice.shows("SERVER: SENT").await;
    // Five round trips, all of them while the stopped one is still waited for.
    for _ in 0..5 {
        alice.chats("bob", "hi").await;
        alice.shows("SERVER: SENT").await;
        alice.shows("SERVER: bob RECEIVED").await;
        bob.shows("alice: hi").await;
    }
    alice.shows("SERVER: Message lost. Please send again.").await;
}

#[tokio::test]
async fn our_client_speaks_the_classic_protocol_only_if_it_is_told_to() {
    let server = ClassicServer::start().await;
    let mut alice = ClassicClient::sign_in(server.address, "alice", "a").await;
    let address = server.address.to_string();
    let password = ["--server-password", "password", "--name", "bob", "--password", "secretly"];
    let mut arguments = vec!["--server", &address];
    arguments.extend(password);
    let (status, errors) = Terminal::start(&arguments).ends().await;
    assert!(!status.success() && errors.contains("--classic"), "{errors}");

    arguments.push("--classic");
    let mut bob = Terminal::start(&arguments);
    bob.waits_for("LOGGEDIN").await;
    bob.expects_menu().await;
    bob.types("/chat alice").await;
    bob.types("hello from the future").await;
    bob.waits_for("SERVER: SENT").await;
    bob.waits_for("SERVER: alice RECEIVED").await;
    alice.shows("bob: hello from the future").await;
    alice.chats("bob", "hello from 2022").await;
    bob.waits_for("alice: hello from 2022").await;
    alice.shows("SERVER: SENT").await;
    alice.shows("SERVER: bob RECEIVED").await;
    bob.types("/active").await;
    let list = bob.line().await;
    assert!(list.contains("'alice'") && list.contains("'bob'"), "{list}");
    let (status, errors) = bob.ends().await;
    assert!(status.success(), "{errors}");
    assert!(alice.is_alive());
}
