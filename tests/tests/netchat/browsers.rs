//! The web client in a real browser, against the running system.

use netchat_tests::browser::{Browser, Device};
use netchat_tests::classic::ClassicClient;
use netchat_tests::classic_server::ClassicServer;
use netchat_tests::process::{Parts, System};
use netchat_tests::proxy::Proxy;
use netchat_tests::terminal::Terminal;

#[tokio::test]
async fn a_browser_and_a_terminal_chat_with_each_other() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.find("//h1").await;
    alice.screenshot("sign-in").await;
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
    alice.screenshot("desktop").await;

    bob.types("/exit").await;
    bob.ends().await;
    alice.write("Are you there?").await;
    alice.sees("Sent, waits for bob").await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;
    bob.expects("alice: Are you there?").await;
    alice.find("//*[@role='log']//li[last()]//*[.='Received']").await;
    alice.choose("Menu", "Sign out").await;
    alice.find("//h1").await;
    alice.reload().await;
    alice.find("//h1").await;
}

/// The server has a new key: browsers ask, tools end, and both say why.
#[tokio::test]
async fn a_server_with_another_key_is_told_nothing_until_the_person_trusts_it() {
    let mut parts = Parts::start().await;
    let alice = Browser::open(parts.http, Device::DarkPhone).await;
    alice.sign_in("alice", "alicespassword").await;
    let mut bob = Terminal::signed_in(&parts.udp.to_string(), "bob", &[]).await;
    parts.kill_server().await;
    std::fs::remove_file(parts.folder.path().join("netchat.db-key")).unwrap();
    parts.start_server().await;

    // Silence is noticed sooner by whoever waits for an answer.
    bob.types("/chat alice").await;
    bob.types("Are you there?").await;
    let (status, said) = bob.ends_by_itself().await;
    assert!(!status.success());
    assert!(said.contains("This is not the server that is meant"), "{said}");
    alice.find("//*[@role='alertdialog' and @aria-label='This is another server']").await;
    alice.screenshot("another-key").await;
    alice.reload().await;
    alice.click("Trust this server from now on").await;
    alice.sign_in("alice", "alicespassword").await;
    alice.find("//nav[@aria-label='Conversations']").await;
    let mut bob = Terminal::signed_in(&parts.udp.to_string(), "bob", &[]).await;
    bob.types("/chat alice").await;
    bob.types("It was only the key.").await;
    bob.waits_for("SERVER: SENT").await;
}

#[tokio::test]
async fn a_browser_speaks_the_classic_protocol_only_when_it_is_told_to() {
    let classic = ClassicServer::start().await;
    let mut parts = Parts::start().await;
    parts.kill_gateway().await;
    parts.start_gateway_to(classic.address).await;
    let page = Browser::open(parts.http, Device::Desktop).await;
    page.fill("Server password", "password").await;
    page.fill("Name", "alice").await;
    page.fill("Password", "alicespassword").await;
    page.click("Sign in").await;
    page.find("//*[@role='alertdialog' and @aria-label='This server does not encrypt']").await;
    page.screenshot("classic-asked").await;
    page.click("Go on without encryption").await;
    page.find("//nav[@aria-label='Conversations'] | //input").await;
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
    page.screenshot("sign-in-refused").await;
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
    // The list has settled when it shows the message.
    page.shows("Hi Bob").await;
    page.open_conversation("carol").await;
    page.sees("Hi Bob").await;
    page.write("Hi Carol").await;
    page.sees("Received").await;
    page.screenshot("phone-dark").await;
    drop(page);
    // A browser that is closed leaves the list.
    other.types("/active").await;
    loop {
        match other.line().await.as_str() {
            "Online: carol" => break,
            "Online: bob, carol" => other.types("/active").await,
            _ => {}
        }
    }
}

#[tokio::test]
async fn two_browsers_a_terminal_and_a_classic_client_share_a_group() {
    let system = System::start(&[]).await;
    let mut dan = ClassicClient::sign_in(system.udp, "dan", "d").await;
    let mut carol = Terminal::signed_in(&system.udp.to_string(), "carol", &[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let bob = Browser::open(system.http, Device::Desktop).await;
    bob.sign_in("bob", "bobspassword").await;

    alice.choose("New", "New group").await;
    alice.fill("Group name", "CS: Group").await;
    alice.fill("Members", "bob, carol, dan, nobody").await;
    alice.screenshot("new-group").await;
    alice.click("Create group").await;
    alice.shows("Could not be invited to CS: Group: nobody").await;
    bob.shows("alice invites you to CS: Group").await;
    bob.click("Accept CS: Group").await;
    let invites =
        "alice invites you to CS: Group: /accept CS: Group, /decline CS: Group or /block alice";
    carol.waits_for(invites).await;
    carol.types("/accept CS: Group").await;
    carol.waits_for("You are now in: CS: Group").await;
    carol.types("/leave").await;
    dan.shows("SERVER: alice invites you to the group CS: Group: join it to accept.").await;
    dan.sends("JOIN_GROUP#CS: Group").await;
    dan.shows("Group chat exists").await;

    alice.write("Welcome, all of you").await;
    bob.open_conversation("CS: Group").await;
    bob.sees("Welcome, all of you").await;
    carol.waits_for("[CS: Group] alice: Welcome, all of you").await;
    dan.shows("alice: Welcome, all of you").await;
    alice.sees("Received by 3 of 3").await;

    dan.chats_in("CS: Group", "from 2022").await;
    alice.sees("from 2022").await;
    bob.sees("from 2022").await;
    carol.waits_for("[CS: Group] dan: from 2022").await;
    // A classic client's own words come back to it from a group.
    let received = ["alice", "bob", "carol"].map(|name| format!("SERVER: {name} RECEIVED"));
    let mut expected = vec!["dan: from 2022", "SERVER: SENT", "SERVER: SENT", "SERVER: SENT"];
    expected.extend(received.iter().map(String::as_str));
    dan.shows_all(&expected).await;

    carol.types("/group CS: Group").await;
    carol.types("from a terminal").await;
    alice.sees("from a terminal").await;
    dan.shows("carol: from a terminal").await;
    alice.screenshot("group").await;

    bob.open_conversation("Everyone").await;
    bob.write("Hear, hear").await;
    bob.sees("Received by 3 of 3").await;
    dan.shows("bob: Hear, hear").await;
    alice.open_conversation("Everyone").await;
    alice.sees("Hear, hear").await;
    assert!(dan.is_alive());
}

#[tokio::test]
async fn a_classic_and_a_browser_chat_and_what_is_damaged_is_never_shown() {
    let system = System::start(&[]).await;
    // Damages what is said, and nothing else.
    let damage = |mut bytes: Vec<u8>| {
        if bytes.starts_with(b"CHAT#") && bytes.len() > 60 {
            bytes[30] ^= 1;
        }
        bytes
    };
    let proxy = Proxy::damaging(system.udp, damage).await;
    let mut dan = ClassicClient::sign_in(proxy.address, "dan", "d").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.open_conversation("dan").await;
    alice.write("Hello from a browser").await;
    dan.shows("alice: Hello from a browser").await;
    alice.sees("Received").await;

    dan.chats("alice", "this is damaged on its way to the server").await;
    alice.sees("This message arrived damaged and can't be shown.").await;
    dan.shows("SERVER: SENT").await;
    dan.shows("Message was corrupted").await;
    assert!(!alice.log_text().await.contains("on its way"));
    assert!(dan.is_alive());
}

#[tokio::test]
async fn a_long_text_arrives_whole() {
    let system = System::start(&[]).await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;
    let mut dan = ClassicClient::sign_in(system.udp, "dan", "d").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let text: String = (0..10_000).map(|n| format!("{n:05} ")).collect();
    let text = text.trim_end();
    assert_eq!(text.len(), 59_999);

    alice.open_conversation("bob").await;
    alice.paste(text).await;
    bob.expects(&format!("alice: {text}")).await;
    alice.sees("Received").await;

    alice.open_conversation("dan").await;
    alice.paste(text).await;
    let mut shown = String::new();
    while shown.len() < text.len() {
        // The classic client has verified each of them.
        shown.push_str(dan.line().await.strip_prefix("alice: ").unwrap());
    }
    assert_eq!(shown, text);
    alice.sees("Received").await;
    assert!(dan.is_alive());
}

#[tokio::test]
async fn a_session_survives_reloads_and_restarts_with_nothing_typed_again() {
    let mut system = Parts::start().await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;
    let alice = Browser::open(system.http, Device::DarkPhone).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.open_conversation("bob").await;
    alice.write("one").await;
    bob.expects("alice: one").await;
    alice.sees("Received").await;

    // The gateway: the page reconnects by itself.
    system.kill_gateway().await;
    alice.shows("No connection. Trying again in").await;
    alice.write("two").await;
    alice.sees("Waiting").await;
    alice.screenshot("no-connection").await;
    system.start_gateway().await;
    bob.expects("alice: two").await;

    // The server: what waits and what is being written survive a reload meanwhile.
    system.kill_server().await;
    alice.write("three").await;
    alice.sees("Waiting").await;
    alice.find("//textarea").await.send_keys("unfinished").await.unwrap();
    alice.reload().await;
    alice.sees("three").await;
    alice.sees("Waiting").await;
    let draft = alice.find("//textarea").await.prop("value").await.unwrap();
    assert_eq!(draft.as_deref(), Some("unfinished"));
    system.start_server().await;
    bob.waits_for("alice: three").await;
    bob.types("/chat alice").await;
    bob.types("four").await;
    // What was said before the reload is there too.
    for text in ["one", "two", "three", "four"] {
        alice.sees(text).await;
    }
    let log = alice.log_text().await;
    for text in ["one", "two", "three", "four"] {
        assert_eq!(log.matches(text).count(), 1, "{text} in\n{log}");
    }
}

#[tokio::test]
async fn an_account_is_seen_to_in_its_dialog() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let mut other = Terminal::signed_in(&system.udp.to_string(), "alice", &[]).await;
    alice.choose("Menu", "Account").await;
    alice.find("//dialog[@aria-label='Account']//*[contains(., 'this one')]").await;
    alice.find("//dialog[@aria-label='Account']//*[contains(., 'Terminal on')]").await;
    alice.screenshot("account").await;
    alice.fill("Current password", "wrong").await;
    alice.fill("New password", "another one").await;
    alice.fill("New password again", "another one").await;
    alice.click("Change password").await;
    alice.shows("This is not your password.").await;
    alice.fill("Current password", "alicespassword").await;
    alice.click("Change password").await;
    alice.shows("Your password is changed.").await;
    other.waits_for("You were signed out from another session.").await;
    alice.click("Sign out everywhere").await;
    alice.find("//h1").await;
}
