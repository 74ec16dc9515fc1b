//! A certificate authority with an ACME directory (RFC 8555) on loopback, as small as can be.
//!
//! It gives a certificate to a gateway that answers at the name by TLS-ALPN-01 (RFC 8737), and to no other:
//! that is checked as an authority would. It has one account and one order, and checks neither nonces nor
//! signatures of requests: those are the library's, which real authorities check.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use netchat_gateway::limits::HEAD_TIMEOUT;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair, PublicKeyData};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509CertificationRequest};

use super::front::PATIENCE;

const TOKEN: &str = "DGyRejmCefe7v4NfDGDKfA";
/// The acmeIdentifier extension (RFC 8737, section 6.1).
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";
pub(crate) const DOMAIN: &str = "chat.example.org";

/// What is wrong with an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Nothing,
    /// Its first answer is an error.
    Fails,
    /// It never answers the first request.
    Silent,
    /// What it gives has been valid.
    OutOfDate,
}

/// The authority; gone when it is dropped.
pub(crate) struct Authority {
    pub(crate) url: String,
    books: Arc<Books>,
    task: tokio::task::JoinHandle<()>,
}

/// What it knows.
struct Books {
    url: String,
    root: (Certificate, KeyPair),
    /// Where the name leads.
    gateway: OnceLock<SocketAddr>,
    trouble: Trouble,
    requests: AtomicUsize,
    orders: AtomicUsize,
    /// Told of a request that is not answered.
    silent: Notify,
    /// The thumbprint of its key (RFC 7638).
    account: OnceLock<String>,
    /// What came of looking who answers at the name.
    challenge: OnceLock<Result<(), String>>,
    certificate: Mutex<Option<String>>,
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Authority {
    pub(crate) async fn start(trouble: Trouble) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = (root.self_signed(&key).unwrap(), key);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let acceptor = acceptor(&root);
        let books = Arc::new(Books {
            url: url.clone(),
            root,
            gateway: OnceLock::new(),
            trouble,
            requests: AtomicUsize::new(0),
            orders: AtomicUsize::new(0),
            silent: Notify::new(),
            account: OnceLock::new(),
            challenge: OnceLock::new(),
            certificate: Mutex::new(None),
        });
        let task = tokio::spawn(serve(listener, acceptor, router(&books)));
        Self { url: format!("{url}/directory"), books, task }
    }

    pub(crate) fn root(&self) -> &Certificate {
        &self.books.root.0
    }

    /// From now on, the name leads there.
    pub(crate) fn point_name_at(&self, gateway: SocketAddr) {
        self.books.gateway.set(gateway).unwrap();
    }

    /// Waits for a request that is not answered.
    pub(crate) async fn was_silent(&self) {
        timeout(PATIENCE, self.books.silent.notified()).await.expect("a request");
    }

    pub(crate) fn orders(&self) -> usize {
        self.books.orders.load(SeqCst)
    }

    /// What came of looking who answers at the name.
    pub(crate) fn challenge(&self) -> Option<&Result<(), String>> {
        self.books.challenge.get()
    }
}

fn acceptor((root, root_key): &(Certificate, KeyPair)) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, root, root_key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        connections.spawn(async move {
            // What goes wrong is the client's to tell.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = TowerToHyperService::new(router);
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn router(books: &Arc<Books>) -> Router {
    Router::new()
        .route("/directory", get(directory))
        .route("/nonce", any(async || [("replay-nonce", "bm9uY2U")]))
        .route("/account", post(new_account))
        .route("/orders", post(new_order))
        .route("/order", post(async |State(books): State<Arc<Books>>| order(&books).to_string()))
        .route("/authorization", post(authorization))
        .route("/challenge", post(challenge))
        .route("/finalize", post(finalize))
        .route("/certificate", post(certificate))
        .layer(from_fn_with_state(Arc::clone(books), trouble))
        .with_state(Arc::clone(books))
}

/// The first request is answered as the trouble wants it.
async fn trouble(State(books): State<Arc<Books>>, request: Request, next: Next) -> Response {
    let is_first = books.requests.fetch_add(1, SeqCst) == 0;
    match books.trouble {
        Trouble::Fails if is_first => {
            let problem = json!({ "detail": "out of\nseals" }).to_string();
            (StatusCode::SERVICE_UNAVAILABLE, problem).into_response()
        }
        Trouble::Silent if is_first => {
            books.silent.notify_one();
            std::future::pending().await
        }
        Trouble::Nothing | Trouble::Fails | Trouble::Silent | Trouble::OutOfDate => {
            next.run(request).await
        }
    }
}

async fn directory(State(books): State<Arc<Books>>) -> String {
    let url = &books.url;
    json!({
        "newNonce": format!("{url}/nonce"),
        "newAccount": format!("{url}/account"),
        "newOrder": format!("{url}/orders"),
    })
    .to_string()
}

/// A part of a request, which is a signed object (RFC 7515).
fn part(request: &[u8], name: &str) -> Value {
    let request: Value = serde_json::from_slice(request).unwrap();
    let part = BASE64_URL.decode(request[name].as_str().unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

async fn new_account(State(books): State<Arc<Books>>, request: Bytes) -> Response {
    assert_eq!(part(&request, "payload")["contact"], json!(["mailto:admin@example.org"]));
    let key = &part(&request, "protected")["jwk"];
    // Its members in this order, without spaces (RFC 7638, section 3).
    let (x, y) = (&key["x"], &key["y"]);
    let thumbprint =
        Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#).as_bytes());
    let thumbprint = BASE64_URL.encode(thumbprint);
    assert_eq!(books.account.get_or_init(|| thumbprint.clone()), &thumbprint, "one account");
    (StatusCode::CREATED, [(LOCATION, format!("{}/account", books.url))], "{}").into_response()
}

async fn new_order(State(books): State<Arc<Books>>, request: Bytes) -> Response {
    let identifiers = json!([{ "type": "dns", "value": DOMAIN }]);
    assert_eq!(part(&request, "payload")["identifiers"], identifiers);
    books.orders.fetch_add(1, SeqCst);
    let location = [(LOCATION, format!("{}/order", books.url))];
    (StatusCode::CREATED, location, order(&books).to_string()).into_response()
}

/// "pending", "valid" or "invalid".
fn challenge_status(books: &Books) -> &'static str {
    match books.challenge.get() {
        None => "pending",
        Some(Ok(())) => "valid",
        Some(Err(_)) => "invalid",
    }
}

fn order(books: &Books) -> Value {
    let url = &books.url;
    let is_made = books.certificate.lock().unwrap().is_some();
    let status = match challenge_status(books) {
        "valid" if is_made => "valid",
        "valid" => "ready",
        status => status,
    };
    json!({
        "status": status,
        "authorizations": [format!("{url}/authorization")],
        "finalize": format!("{url}/finalize"),
        "certificate": format!("{url}/certificate"),
    })
}

async fn authorization(State(books): State<Arc<Books>>) -> String {
    let status = challenge_status(&books);
    let url = format!("{}/challenge", books.url);
    let mut challenge = json!({ "type": "tls-alpn-01", "url": url, "token": TOKEN });
    if let Some(Err(reason)) = books.challenge.get() {
        challenge["error"] = json!({ "detail": reason });
    }
    json!({
        "status": status,
        "identifier": { "type": "dns", "value": DOMAIN },
        "challenges": [challenge],
    })
    .to_string()
}

async fn challenge(State(books): State<Arc<Books>>) -> &'static str {
    let thumbprint = books.account.get().unwrap();
    let expected = Sha256::digest(format!("{TOKEN}.{thumbprint}").as_bytes());
    let seen = look(*books.gateway.get().unwrap(), &expected).await;
    books.challenge.get_or_init(|| seen);
    "{}"
}

/// Looks who answers at the name, as RFC 8737, section 3 wants it.
async fn look(gateway: SocketAddr, expected: &[u8]) -> Result<(), String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(ring::default_provider())))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let stream = TcpStream::connect(gateway).await.map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(Arc::new(config));
    let connected = connector.connect(DOMAIN.try_into().unwrap(), stream).await;
    let mut stream = connected.map_err(|error| error.to_string())?;
    let connection = stream.get_ref().1;
    if connection.alpn_protocol() != Some(b"acme-tls/1") {
        return Err("it does not speak acme-tls/1".to_owned());
    }
    let shown = connection.peer_certificates().unwrap()[0].clone();
    check(&shown, expected)?;
    let mut said = Vec::new();
    // Sooner than if it took this for a browser.
    match timeout(HEAD_TIMEOUT / 2, stream.read_to_end(&mut said)).await {
        Ok(Ok(0)) => Ok(()),
        other => Err(format!("it does not close in order: {other:?}")),
    }
}

/// Whether this is the certificate that only the holder of the account's key can know of.
fn check(shown: &CertificateDer<'_>, expected: &[u8]) -> Result<(), String> {
    let (_, shown) = X509Certificate::from_der(shown).map_err(|error| error.to_string())?;
    let names = shown.subject_alternative_name().ok().flatten().ok_or("it has no names")?;
    if names.value.general_names != [GeneralName::DNSName(DOMAIN)] {
        return Err("it is for other names".to_owned());
    }
    let identifier =
        shown.extensions().iter().find(|extension| extension.oid.to_id_string() == ACME_IDENTIFIER);
    let identifier = identifier.ok_or("it has no acmeIdentifier")?;
    // An octet string of 32 bytes.
    if !identifier.critical || identifier.value != [&[0x04, 32], expected].concat() {
        return Err("its acmeIdentifier is another".to_owned());
    }
    Ok(())
}

async fn finalize(State(books): State<Arc<Books>>, request: Bytes) -> Response {
    if challenge_status(&books) != "valid" {
        return StatusCode::FORBIDDEN.into_response();
    }
    let payload = part(&request, "payload");
    let asked = BASE64_URL.decode(payload["csr"].as_str().unwrap()).unwrap();
    let (_, asked) = X509CertificationRequest::from_der(&asked).unwrap();
    let names: Vec<_> = asked
        .requested_extensions()
        .unwrap()
        .filter_map(|extension| {
            let ParsedExtension::SubjectAlternativeName(names) = extension else { return None };
            Some(&names.general_names)
        })
        .flatten()
        .collect();
    assert_eq!(names, [&GeneralName::DNSName(DOMAIN)]);
    let key = asked.certification_request_info.subject_pki.subject_public_key;
    let (root, root_key) = &books.root;
    let mut params = CertificateParams::new([DOMAIN.to_owned()]).unwrap();
    if books.trouble == Trouble::OutOfDate {
        params.not_after = rcgen::date_time_ymd(2_001, 1, 1);
    }
    let made = params.signed_by(&AskedKey(key.data.to_vec()), root, root_key).unwrap();
    *books.certificate.lock().unwrap() = Some(format!("{}{}", made.pem(), root.pem()));
    order(&books).to_string().into_response()
}

async fn certificate(State(books): State<Arc<Books>>) -> Result<String, Infallible> {
    Ok(books.certificate.lock().unwrap().clone().unwrap())
}

/// The key that a certificate was asked for.
struct AskedKey(Vec<u8>);

impl PublicKeyData for AskedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// Takes any certificate, if the other end has its key: what it says is checked later.
#[derive(Debug)]
struct Anybody(CryptoProvider);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        unreachable!("it speaks TLS 1.3")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // Not by the certificate: the critical extension is one that rustls does not know.
        let (_, certificate) = X509Certificate::from_der(certificate)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
