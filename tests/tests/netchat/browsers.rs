//! The web client in a real browser, against the running system.

use netchat_tests::browser::{Browser, Device};
use netchat_tests::process::System;
use netchat_tests::terminal::Terminal;

/// Pictures of what the tests saw, for a person to look at: `target/screenshots`.
fn picture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots");
    std::fs::create_dir_all(folder).unwrap();
    format!("{folder}/{name}.png")
}

#[tokio::test]
async fn a_browser_and_a_terminal_chat_with_each_other() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.find("//h1").await;
    alice.screenshot(&picture("sign-in")).await;
    alice.sign_in("alice", "alicespassword").await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;

    alice.sees_online("bob").await;
    alice.open_conversation("bob").await;
    alice.write("Hello Bob. Have you read https://example.org/networks yet?").await;
    bob.expects("alice: Hello Bob. Have you read https://example.org/networks yet?").await;
    alice.sees("Received").await;

    bob.types("/chat alice").await;
    bob.types("Gosh darn, networks are cool!").await;
    bob.expects("SERVER: SENT").await;
    bob.expects("SERVER: alice RECEIVED").await;
    alice.sees("Gosh darn, networks are cool!").await;
    alice.write("They are. `tcpdump` agrees.").await;
    bob.expects("alice: They are. `tcpdump` agrees.").await;
    alice.screenshot(&picture("desktop")).await;

    bob.types("/exit").await;
    bob.ends().await;
    alice.write("Are you there?").await;
    alice.sees("no such user, or not online").await;
    alice.click("Sign out").await;
    alice.find("//h1").await;
}

#[tokio::test]
async fn what_goes_wrong_at_the_door_is_said_beside_its_field() {
    let system = System::start(&[]).await;
    let page = Browser::open(system.http, Device::DarkPhone).await;
    page.fill("Server password", "guess").await;
    page.fill("Name", "bob").await;
    page.fill("Password", "bobspassword").await;
    page.click("Sign in").await;
    page.shows("This is not the server's password.").await;
    page.screenshot(&picture("sign-in-refused")).await;
    page.fill("Server password", "password").await;
    page.click("Sign in").await;
    page.shows("bob is a new name here: choose a password and repeat it.").await;
    page.fill("Repeat password", "another").await;
    page.click("Create account").await;
    page.shows("The two passwords differ.").await;
    page.fill("Repeat password", "bobspassword").await;
    page.click("Create account").await;
    page.find("//nav").await;

    let mut other = Terminal::signed_in(&system.udp.to_string(), "carol", &[]).await;
    page.sees_online("carol").await;
    other.types("/chat bob").await;
    other.types("Hi Bob").await;
    page.open_conversation("carol").await;
    page.sees("Hi Bob").await;
    page.write("Hi Carol").await;
    page.sees("Received").await;
    page.screenshot(&picture("phone-dark")).await;
    drop(page);
    // A browser that is closed leaves the list.
    other.types("/active").await;
    loop {
        let line = other.line().await;
        if line.starts_with('[') && !line.contains("bob") {
            break;
        }
        if line.starts_with('[') {
            other.types("/active").await;
        }
    }
}
