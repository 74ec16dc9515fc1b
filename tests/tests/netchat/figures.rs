//! The figures of the original's report, replayed: the same lines typed, the same lines shown.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netchat_tests::classic::ClassicClient;
use netchat_tests::process::System;
use netchat_tests::proxy::Proxy;
use netchat_tests::terminal::Terminal;

/// A person at the main menu, on the classic protocol, as the report has it.
async fn person(system: &System, name: &str) -> Terminal {
    Terminal::signed_in(&system.udp.to_string(), name, &["--classic"]).await
}

#[tokio::test]
async fn figure_3a_the_main_menu() {
    let system = System::start(&[]).await;
    let mut terminal = Terminal::start(&["--classic"]);
    terminal.expects("Input server IP to connect to the server:").await;
    terminal.types(&system.udp.to_string()).await;
    terminal.expects("Input server password:").await;
    terminal.types("password").await;
    terminal.expects("Input your name:").await;
    terminal.types("RBLCAM001").await;
    terminal.expects("Please choose a password:").await;
    terminal.types("cam").await;
    terminal.expects("LOGGEDIN").await;
    terminal.expects_menu().await;
}

#[tokio::test]
async fn figure_3b_chat_with_one_person() {
    let system = System::start(&[]).await;
    let mut singh = ClassicClient::sign_in(system.udp, "SNGRIN001", "rin").await;
    let mut cam = person(&system, "RBLCAM001").await;
    cam.types("CHAT").await;
    cam.expects("Enter the username of the person you would like to chat with:").await;
    cam.types("SNGRIN001").await;
    singh.chats("RBLCAM001", "Hi!").await;
    cam.expects("SNGRIN001: Hi!").await;
    cam.types("Gosh darn, networks are cool!").await;
    cam.expects("SERVER: SENT").await;
    cam.expects("SERVER: SNGRIN001 RECEIVED").await;
    singh.shows("SERVER: SENT").await;
    singh.shows("SERVER: RBLCAM001 RECEIVED").await;
    singh.shows("RBLCAM001: Gosh darn, networks are cool!").await;
}

#[tokio::test]
async fn figure_3c_a_broadcast() {
    let system = System::start(&[]).await;
    let names = ["SNGRIN001", "VMRGEO003", "WMRGE0003", "WMC45021"];
    let mut others = Vec::new();
    for name in names {
        others.push(ClassicClient::sign_in(system.udp, name, "pw").await);
    }
    let mut cam = person(&system, "RBLCAM001").await;
    cam.types("BROADCAST").await;
    cam.types("Hey guys!").await;
    let mut lines = Vec::new();
    for _ in 0..8 {
        lines.push(cam.line().await);
    }
    lines.sort();
    let mut expected: Vec<String> =
        names.iter().map(|name| format!("SERVER: {name} RECEIVED")).collect();
    expected.extend(vec!["SERVER: SENT".to_owned(); 4]);
    expected.sort();
    assert_eq!(lines, expected);
    for other in &mut others {
        other.shows("RBLCAM001: Hey guys!").await;
    }
    others[2].chats("RBLCAM001", "hi").await;
    cam.expects("WMRGE0003: hi").await;
}

/// Figures 3d and 3e: the group of figure 3d is made, then another joins it.
#[tokio::test]
async fn figures_3d_and_3e_a_group_is_made_and_joined() {
    let system = System::start(&[]).await;
    let mut cam = ClassicClient::sign_in(system.udp, "RBLCAM001", "pw").await;
    let mut geo = ClassicClient::sign_in(system.udp, "VMRGEO003", "pw").await;
    let mut singh = person(&system, "SNGRIN001").await;
    singh.types("GROUP").await;
    singh.expects("Join an existing group(E) or make a new group(N):").await;
    singh.types("N").await;
    singh.expects("Enter the name of your new group:").await;
    singh.types("CS: Group").await;
    singh.expects("Enter the names of the people you want in your group:").await;
    singh.expects("Type DONE when you are finished").await;
    for line in ["RBLCAM001", "VMRGEO003", "DONE"] {
        singh.types(line).await;
    }
    let added = singh.line().await;
    let prefix = "Group: CS: Group was successfully added with members: (('127.0.0.1', ";
    assert!(added.starts_with(prefix) && added.contains("'SNGRIN001')(("), "{added}");
    let (cam_port, geo_port) = (cam.address().port(), geo.address().port());
    let rest =
        format!("(('127.0.0.1', {cam_port}), 'RBLCAM001')(('127.0.0.1', {geo_port}), 'VMRGEO003')");
    assert!(added.ends_with(&rest), "{added}");
    singh.expects("You are now in: CS: Group").await;
    singh.expects("type LEAVE to exit").await;

    let mut other = person(&system, "SHCRIM001").await;
    for line in ["GROUP", "E"] {
        other.types(line).await;
    }
    other.expects("Join an existing group(E) or make a new group(N):").await;
    other.expects("Enter the name of the group:").await;
    other.types("CS: Group").await;
    other.expects("You are now in: CS: Group").await;
    other.expects("type LEAVE to exit").await;
    cam.chats_in("CS: Group", "I <3 Databases").await;
    other.expects("RBLCAM001: I <3 Databases").await;
    singh.expects("RBLCAM001: I <3 Databases").await;
    geo.shows("RBLCAM001: I <3 Databases").await;
    singh.types("text filez rule!").await;
    for _ in 0..3 {
        singh.waits_for("SERVER: SENT").await;
    }
    other.expects("SNGRIN001: text filez rule!").await;
    cam.shows_all(&[
        "RBLCAM001: I <3 Databases",
        "SERVER: SENT",
        "SERVER: SENT",
        "SERVER: SENT",
        "SERVER: SNGRIN001 RECEIVED",
        "SERVER: SHCRIM001 RECEIVED",
        "SERVER: VMRGEO003 RECEIVED",
        "SNGRIN001: text filez rule!",
    ])
    .await;
    other.types("LEAVE").await;
    other.expects_menu().await;
    other.types("EXIT").await;
    let (status, errors) = other.ends().await;
    assert!(status.success(), "{errors}");
}

#[tokio::test]
async fn figure_3f_who_is_active_before_and_after_somebody_leaves() {
    let system = System::start(&[]).await;
    let geo = ClassicClient::sign_in(system.udp, "WMRGE0003", "pw").await;
    let cam = ClassicClient::sign_in(system.udp, "RBLCAM001", "pw").await;
    let mut terminal = person(&system, "SNGRIN001").await;
    let entry = |client: &ClassicClient, name: &str| {
        format!("(('127.0.0.1', {}), '{name}')", client.address().port())
    };
    let expected = format!("[{}, {}, ((", entry(&geo, "WMRGE0003"), entry(&cam, "RBLCAM001"));
    terminal.types("ACTIVE").await;
    let list = terminal.line().await;
    assert!(list.starts_with(&expected) && list.ends_with("'SNGRIN001')]"), "{list}");
    terminal.expects_menu().await;
    geo.sends("EXIT#WMRGE0003").await;
    terminal.types("ACTIVE").await;
    let list = terminal.line().await;
    let expected = format!("[{}, ((", entry(&cam, "RBLCAM001"));
    assert!(list.starts_with(&expected) && list.ends_with("'SNGRIN001')]"), "{list}");
    terminal.expects_menu().await;
}

#[tokio::test]
async fn figure_4a_somebody_who_is_not_there() {
    let system = System::start(&[]).await;
    let mut geo = person(&system, "VMRGEO003").await;
    geo.types("CHAT").await;
    geo.expects("Enter the username of the person you would like to chat with:").await;
    geo.types("Incorrect").await;
    geo.types("hi").await;
    geo.expects("SERVER: Client DOESN'T exist").await;
}

#[tokio::test]
async fn figure_4b_a_member_who_does_not_exist() {
    let system = System::start(&[]).await;
    let mut geo = person(&system, "VMRGEO003").await;
    for line in ["GROUP", "N", "Best Group Ever", "WrongUser", "DONE"] {
        geo.types(line).await;
    }
    geo.waits_for("The following member(s) were not found: WrongUser").await;
    let added = geo.line().await;
    let prefix = "Group: Best Group Ever was successfully added with members: (('127.0.0.1', ";
    assert!(added.starts_with(prefix) && added.ends_with("), 'VMRGEO003')"), "{added}");
    geo.expects("You are now in: Best Group Ever").await;
    geo.expects("type LEAVE to exit").await;
}

#[tokio::test]
async fn figure_4c_a_message_that_is_lost() {
    let system = System::start(&["--ack-timeout", "0.5"]).await;
    let mut silent = ClassicClient::sign_in(system.udp, "silent", "pw").await;
    let mut geo = person(&system, "VMRGEO003").await;
    silent.stop();
    for line in ["CHAT", "silent", "hi"] {
        geo.types(line).await;
    }
    geo.waits_for("SERVER: Message lost. Please send again.").await;
    silent.go_on();
    silent.shows("VMRGEO003: hi").await;
    geo.types("again").await;
    geo.waits_for("SERVER: silent RECEIVED").await;
    silent.shows("VMRGEO003: again").await;
    silent.shows_nothing_for(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn figure_4e_a_message_that_is_corrupted() {
    let system = System::start(&[]).await;
    let mut geo = person(&system, "WWRGE0003").await;
    let proxy = Proxy::damaging(system.udp, misspell).await;
    let mut classic = ClassicClient::sign_in(proxy.address, "classic", "pw").await;
    let mut other =
        Terminal::signed_in(&proxy.address.to_string(), "WWRGE0908", &["--classic"]).await;
    for line in ["CHAT", "WWRGE0003", "I love computers"] {
        other.types(line).await;
    }
    other.waits_for("Message was corrupted").await;
    geo.expects("Message was corrupted").await;
    classic.chats("WWRGE0003", "I love computers").await;
    classic.shows("SERVER: SENT").await;
    classic.shows("Message was corrupted").await;
    geo.expects("Message was corrupted").await;
    geo.types("/chat classic").await;
    geo.types("unharmed").await;
    geo.waits_for("SERVER: classic RECEIVED").await;
    classic.shows("WWRGE0003: unharmed").await;
}

/// What the figure shows: a letter of the text changed on the way to the server.
fn misspell(datagram: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&datagram).into_owned();
    let Some((command, body)) = text.rsplit_once('#') else {
        return datagram;
    };
    let decoded = STANDARD.decode(body).ok().and_then(|body| String::from_utf8(body).ok());
    match decoded {
        Some(body) if command.starts_with("CHAT") => {
            let body = STANDARD.encode(body.replace("love", "tove"));
            format!("{command}#{body}").into_bytes()
        }
        _ => datagram,
    }
}
