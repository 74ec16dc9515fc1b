//! TLS by a certificate and a key from files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use netchat_gateway::limits::TLS_RELOAD_INTERVAL;
use netchat_gateway::{Gateway, GatewayConfig};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::front::{Front, PATIENCE, ask, pass, upgrade};

/// A certificate of `localhost` in files of a folder.
struct Files {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = renew(folder.path());
        Self { folder, certificate }
    }

    fn config(&self) -> GatewayConfig {
        let path = |name| Some(self.folder.path().join(name));
        GatewayConfig {
            tls_certificate: path("certificate.pem"),
            tls_key: path("key.pem"),
            ..GatewayConfig::default()
        }
    }
}

fn renew(folder: &Path) -> CertificateDer<'static> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let CertifiedKey { cert, key_pair } = made;
    write_key(folder, &key_pair);
    fs::write(folder.join("certificate.pem"), cert.pem()).unwrap();
    cert.der().clone()
}

fn write_key(folder: &Path, key: &KeyPair) {
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    fs::set_permissions(folder.join("key.pem"), Permissions::from_mode(0o600)).unwrap();
}

/// Connects as a browser that trusts this certificate alone.
async fn connect(
    front: &Front,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).map_err(std::io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().map_err(std::io::Error::other)?;
    let stream = TcpStream::connect(front.gateway).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn pages_and_sessions_go_over_tls_and_want_to_be_asked_so() {
    let files = Files::new();
    let front = Front::start(files.config()).await;
    let host = format!("localhost:{}", front.gateway.port());
    let mut page = connect(&front, &files.certificate).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let head = ask(&mut page, request.as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");

    let mut session = connect(&front, &files.certificate).await.unwrap();
    let request = upgrade(&host, &format!("https://{host}"), "");
    let head = ask(&mut session, request.as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let message = [&[0x82, 0x85, 0, 0, 0, 0][..], b"hello"].concat();
    tokio::io::AsyncWriteExt::write_all(&mut session, &message).await.unwrap();
    let mut buffer = [0; 64];
    let (length, from) = front.server.recv_from(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..length], b"hello");
    // More than one TLS record holds, and more than the browser takes at once.
    for n in 0..200_u8 {
        front.server.send_to(&[n; 1_000], from).await.unwrap();
        let mut frame = [0; 1_004];
        timeout(PATIENCE, session.read_exact(&mut frame)).await.unwrap().unwrap();
        assert_eq!((frame[4], frame[1_003]), (n, n));
    }
    let close = [0x88, 0x82, 0, 0, 0, 0, 3, 232];
    tokio::io::AsyncWriteExt::write_all(&mut session, &close).await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, session.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, [0x88, 2, 3, 232], "closed in order, TLS as well");
}

#[tokio::test]
async fn a_changed_certificate_is_used_and_a_broken_one_is_not() {
    let files = Files::new();
    let front = Front::start(files.config()).await;
    let folder = files.folder.path();
    fs::write(folder.join("certificate.pem"), "half a certifi").unwrap();
    pass(TLS_RELOAD_INTERVAL).await;
    connect(&front, &files.certificate).await.expect("what was there stays");
    let renewed = renew(folder);
    pass(TLS_RELOAD_INTERVAL).await;
    connect(&front, &renewed).await.expect("the new one is used");
    assert!(connect(&front, &files.certificate).await.is_err(), "and only that");
}

#[tokio::test]
async fn what_cannot_be_used_is_named_at_the_start() {
    let start = async |config| {
        let any = "127.0.0.1:0".parse().unwrap();
        Gateway::bind(any, (any, None), config).await.err().map(|error| error.to_string())
    };
    let files = Files::new();
    assert_eq!(start(files.config()).await, None);
    write_key(files.folder.path(), &KeyPair::generate().unwrap());
    let error = start(files.config()).await.unwrap();
    assert!(error.starts_with("--tls-certificate and --tls-key"), "{error}");
    fs::write(files.folder.path().join("key.pem"), "no key").unwrap();
    let error = start(files.config()).await.unwrap();
    assert!(error.starts_with("--tls-key"), "{error}");
    fs::set_permissions(files.folder.path().join("key.pem"), Permissions::from_mode(0o644))
        .unwrap();
    let error = start(files.config()).await.unwrap();
    assert!(error.contains("chmod 600"), "{error}");
    fs::write(files.folder.path().join("certificate.pem"), "none").unwrap();
    let error = start(files.config()).await.unwrap();
    assert!(error.starts_with("--tls-certificate"), "{error}");
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_let_go() {
    let files = Files::new();
    let front = Front::start(files.config()).await;
    let mut silent = TcpStream::connect(front.gateway).await.unwrap();
    let mut plain = TcpStream::connect(front.gateway).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    for stream in [&mut plain, &mut silent] {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is let go");
    }
}
