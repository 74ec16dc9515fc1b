//! Who may ask, and what browsers are told.

use netchat_gateway::GatewayConfig;
use tokio::net::TcpStream;

use super::front::{Front, ask, upgrade};

#[tokio::test]
async fn dns_rebinding_a_name_that_was_made_to_point_here_gets_nothing() {
    let config = GatewayConfig {
        allow_hosts: vec!["chat.lan".parse().unwrap()],
        allow_origins: vec!["https://chat.example.org".parse().unwrap()],
        ..GatewayConfig::default()
    };
    let front = Front::start(config).await;
    let port = front.gateway.port();
    for host in ["localhost", "127.0.0.1", "[::1]", "Chat.LAN", "chat.example.org"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let answer = front.get("/", &host, "").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
        }
    }
    for host in ["evil.example", "evil.example:80", "192.0.2.7", "chat.lan.evil.example"] {
        let answer = front.get("/", host, "").await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}: {answer}");
        assert!(answer.contains("can add --allow-host"), "{answer}");
        let mut stream = TcpStream::connect(front.gateway).await.unwrap();
        let request = upgrade(host, &format!("http://{host}"), "");
        let answer = ask(&mut stream, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 421"));
    }
    assert!(front.get("/", "not a host", "").await.starts_with("HTTP/1.1 400"));
    assert!(front.get("/healthz", "evil.example", "").await.ends_with("ok\n"));
}

#[tokio::test]
async fn every_answer_tells_its_security_policy() {
    let front = Front::start(GatewayConfig::default()).await;
    let here = front.gateway.to_string();
    for (path, host) in [("/", &*here), ("/nothing", &here), ("/ws", &here), ("/", "evil.example")]
    {
        let answer = front.get(path, host, "").await;
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'; trusted-types default",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-embedder-policy: require-corp",
            "cross-origin-resource-policy: same-origin",
            "permissions-policy: accelerometer=(),",
            "camera=()",
            "microphone=()",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
        ] {
            assert!(answer.contains(line), "{path} does not say {line}: {answer}");
        }
        assert!(!answer.contains("strict-transport-security"), "not over plain HTTP: {answer}");
    }
}
