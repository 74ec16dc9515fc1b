//! Certificates by themselves, from an authority that runs in the test.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use netchat_gateway::limits::{ACME_ORDER_INTERVAL, ACME_SILENCE_MAX};
use netchat_gateway::{AcmeSettings, Gateway, GatewayConfig};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tracing::subscriber::DefaultGuard;

use super::authority::{Authority, DOMAIN, Trouble};
use super::front::{Front, PATIENCE, ask, pass};

/// What this thread's gateways write to the log, line by line.
struct Log {
    lines: UnboundedReceiver<String>,
    _here: DefaultGuard,
}

/// Each event is written as a whole.
struct LogWriter(UnboundedSender<String>);

impl io::Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn new() -> Self {
        let (sender, lines) = unbounded_channel();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || LogWriter(sender.clone()))
            .finish();
        Self { lines, _here: tracing::subscriber::set_default(subscriber) }
    }

    /// Waits for a line with this text.
    async fn line(&mut self, text: &str) -> String {
        let mut others = Vec::new();
        let find = async {
            loop {
                let line = self.lines.recv().await.unwrap();
                if line.contains(text) {
                    return line;
                }
                others.push(line);
            }
        };
        let found = timeout(PATIENCE, find).await;
        found.unwrap_or_else(|_| panic!("{text:?} is not among {others:#?}"))
    }
}

fn config(authority: &Authority, folder: &Path) -> GatewayConfig {
    let root = folder.join("root.pem");
    fs::write(&root, authority.root().pem()).unwrap();
    let acme = AcmeSettings {
        domains: vec![DOMAIN.parse().unwrap()],
        contact: Some("admin@example.org".parse().unwrap()),
        directory: authority.url.parse().unwrap(),
        cache: folder.join("cache"),
        root: Some(root),
    };
    GatewayConfig { acme, ..GatewayConfig::default() }
}

/// Connects as a browser that trusts this authority alone, and speaks these protocols.
async fn connect(
    front: &Front,
    root: &CertificateDer<'static>,
    protocols: &[&str],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(front.gateway).await?;
    TlsConnector::from(Arc::new(config)).connect(DOMAIN.try_into().unwrap(), stream).await
}

async fn assert_serves_its_page(front: &Front, root: &CertificateDer<'static>) {
    for protocols in [&[][..], &["http/1.1"], &["acme-tls/1", "http/1.1"]] {
        let mut page = connect(front, root, protocols).await.unwrap();
        // Its name needs no --allow-host.
        let request = format!("GET / HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n");
        let head = ask(&mut page, request.as_bytes()).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");
    }
}

#[tokio::test]
async fn a_certificate_comes_by_itself_and_is_used_again_without_asking() {
    let mut log = Log::new();
    let folder = TempDir::new().unwrap();
    let authority = Authority::start(Trouble::Nothing).await;
    let root = authority.root().der().clone();
    let config = config(&authority, folder.path());
    let front = Front::start(config.clone()).await;
    authority.point_name_at(front.gateway);
    log.line("the new certificate is in the cache").await;
    assert_eq!(authority.challenge(), Some(&Ok(())));
    assert_serves_its_page(&front, &root).await;
    let challenged = connect(&front, &root, &["acme-tls/1"]).await;
    assert!(challenged.is_err(), "nothing is proved now");
    let mode = fs::metadata(folder.path().join("cache")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the keys are its owner's");

    front.stop().await;
    drop(authority);
    let front = Front::start(config).await;
    log.line("the certificate of the cache is used").await;
    assert_serves_its_page(&front, &root).await;
}

#[tokio::test]
async fn a_directory_that_fails_is_told_and_asked_again() {
    let mut log = Log::new();
    let folder = TempDir::new().unwrap();
    let authority = Authority::start(Trouble::Fails).await;
    let root = authority.root().der().clone();
    let front = Front::start(config(&authority, folder.path())).await;
    authority.point_name_at(front.gateway);
    let line = log.line("ACME failed, and is tried again").await;
    assert!(line.contains("WARN") && line.contains("503"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    TcpStream::connect(front.gateway).await.expect("the gateway goes on");
    log.line("the new certificate is in the cache").await;
    assert_serves_its_page(&front, &root).await;
}

#[tokio::test]
async fn a_directory_that_never_answers_is_asked_anew() {
    let mut log = Log::new();
    let folder = TempDir::new().unwrap();
    let authority = Authority::start(Trouble::Silent).await;
    let front = Front::start(config(&authority, folder.path())).await;
    authority.point_name_at(front.gateway);
    authority.was_silent().await;
    pass(ACME_SILENCE_MAX).await;
    log.line("the new certificate is in the cache").await;
    assert_serves_its_page(&front, authority.root().der()).await;
}

/// As all are if the clock is wrong: authorities soon refuse whoever asks in a rush.
#[tokio::test]
async fn a_certificate_that_is_out_of_date_is_not_followed_by_the_next_at_once() {
    let mut log = Log::new();
    let folder = TempDir::new().unwrap();
    let authority = Authority::start(Trouble::OutOfDate).await;
    let front = Front::start(config(&authority, folder.path())).await;
    authority.point_name_at(front.gateway);
    log.line("the new certificate is in the cache").await;
    for _ in 0..100 {
        let refused = connect(&front, authority.root().der(), &[]).await.unwrap_err();
        assert!(refused.to_string().contains("expired"), "{refused}");
    }
    assert_eq!(authority.orders(), 1);
    pass(ACME_ORDER_INTERVAL).await;
    log.line("the new certificate is in the cache").await;
    assert_eq!(authority.orders(), 2);
}

/// Otherwise the authority of these tests would show nothing.
#[tokio::test]
async fn who_does_not_answer_at_the_name_gets_no_certificate() {
    let mut log = Log::new();
    let [folder, other] = [(); 2].map(|()| TempDir::new().unwrap());
    let authority = Authority::start(Trouble::Nothing).await;
    let elsewhere = Authority::start(Trouble::Silent).await;
    let another = Front::start(config(&elsewhere, other.path())).await;
    authority.point_name_at(another.gateway);
    let front = Front::start(config(&authority, folder.path())).await;
    log.line("bad auth").await;
    assert!(matches!(authority.challenge(), Some(Err(_))), "{:?}", authority.challenge());
    assert!(connect(&front, authority.root().der(), &[]).await.is_err());
}

#[tokio::test]
async fn what_acme_cannot_use_is_named_at_the_start() {
    let start = async |config: &GatewayConfig| {
        let any = "127.0.0.1:0".parse().unwrap();
        Gateway::bind(any, (any, None), config.clone()).await.err().map(|error| error.to_string())
    };
    let folder = TempDir::new().unwrap();
    let authority = Authority::start(Trouble::Nothing).await;
    let mut config = config(&authority, folder.path());
    assert_eq!(start(&config).await, None);
    fs::set_permissions(&config.acme.cache, Permissions::from_mode(0o750)).unwrap();
    let error = start(&config).await.unwrap();
    assert!(error.starts_with("--acme-cache") && error.contains("chmod 700"), "{error}");
    config.acme.cache = folder.path().join("root.pem").join("cache");
    let error = start(&config).await.unwrap();
    assert!(error.starts_with("--acme-cache: can't make"), "{error}");
    config.acme.cache = folder.path().join("another");
    for text in
        ["", "half a certifi", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
    {
        fs::write(config.acme.root.as_ref().unwrap(), text).unwrap();
        let error = start(&config).await.unwrap();
        assert!(error.starts_with("--acme-root: can't read"), "{error}");
    }
}
