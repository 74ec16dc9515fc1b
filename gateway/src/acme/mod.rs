//! Certificates by themselves: an authority gives them to whoever answers at the name (RFC 8555), which is
//! asked for at the gateway's own port (TLS-ALPN-01, RFC 8737).
//!
//! The protocol is that of `rustls-acme`: a state that tells what happens to it. One task drives it,
//! writes that to the log, and ends with the gateway. A failure is tried again, later each time.

mod settings;

use std::fmt::Display;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use rustls_acme::acme::ACME_TLS_ALPN_NAME;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventError, EventOk};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig, ServerConnection};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::settings::{AcmeSettingError, AcmeSettings, Contact, DirectoryUrl, Domain};
use crate::limits::{
    ACME_ERROR_CHARS_MAX, ACME_ORDER_INTERVAL, ACME_SILENCE_CERTIFIED_MAX, ACME_SILENCE_MAX,
};
use crate::tls::{HTTP_1_1, read_certificates, server_config};

/// The folder of the cache is its owner's.
const MODE: u32 = 0o700;

/// Why certificates can't be got. The text is one line for the operator.
#[derive(Debug, Error)]
pub enum AcmeError {
    /// The root certificate can't be read.
    #[error("--acme-root: can't read {}: {reason}", path.display())]
    Root {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder can't be made.
    #[error("--acme-cache: can't make the folder {}: {source}", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may look into the folder.
    #[error("--acme-cache: {} holds keys and others may look into it: chmod 700 {}", path.display(), path.display())]
    Open {
        /// The folder.
        path: PathBuf,
    },
    /// TLS can't be had at all.
    #[error("--acme-domain: {0}")]
    Tls(#[from] rustls::Error),
}

/// What happens, and what goes wrong.
type Event = rustls_acme::Event<io::Error, io::Error>;

/// Gets certificates. One task owns it.
pub(crate) struct Acme {
    settings: AcmeSettings,
    /// Whom the directory is believed by; `None` is everybody's authorities.
    client: Option<Arc<ClientConfig>>,
    server: ServerConfig,
    state: AcmeState<io::Error>,
    has_certificate: bool,
    newest: watch::Sender<TlsAcceptor>,
}

impl Acme {
    /// Asks nobody yet. What comes next to it is how browsers are spoken with.
    ///
    /// # Errors
    /// [`AcmeError`].
    pub(crate) fn new(
        settings: AcmeSettings,
    ) -> Result<(Self, watch::Receiver<TlsAcceptor>), AcmeError> {
        let client = settings.root.as_deref().map(trusting).transpose()?;
        make_cache(&settings.cache)?;
        let state = begin(&settings, client.as_ref());
        let mut server = server_config()?.with_cert_resolver(state.resolver());
        server.alpn_protocols = vec![HTTP_1_1.to_vec(), ACME_TLS_ALPN_NAME.to_vec()];
        let (newest, receiver) = watch::channel(acceptor(&server, &state));
        Ok((Self { settings, client, server, state, has_certificate: false, newest }, receiver))
    }

    /// Works until the gateway stops.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        info!(directory = self.settings.directory.as_str(), "certificates come by ACME");
        tokio::select! {
            () = stopping.cancelled() => {}
            () = self.drive() => {}
        }
    }

    async fn drive(&mut self) {
        loop {
            let silence_max =
                if self.has_certificate { ACME_SILENCE_CERTIFIED_MAX } else { ACME_SILENCE_MAX };
            match timeout(silence_max, self.state.next()).await {
                Ok(Some(event)) => sleep(self.note(&event)).await,
                // It has no end.
                Ok(None) => return,
                Err(_) => self.begin_anew(),
            }
        }
    }

    /// Takes notice; how long to wait before anything else is asked for.
    fn note(&mut self, event: &Event) -> Duration {
        match event {
            Ok(EventOk::DeployedCachedCert) => {
                self.has_certificate = true;
                info!("the certificate of the cache is used");
            }
            Ok(EventOk::DeployedNewCert) => {
                self.has_certificate = true;
                info!("a new certificate is used");
            }
            Ok(EventOk::AccountCacheStore) => info!("the authority's account is in the cache"),
            Ok(EventOk::CertCacheStore) => {
                info!("the new certificate is in the cache");
                return ACME_ORDER_INTERVAL;
            }
            Err(error) => {
                warn!(error = one_line(error), "ACME failed, and is tried again");
                if matches!(error, EventError::NewCertParse(_) | EventError::CertCacheStore(_)) {
                    return ACME_ORDER_INTERVAL;
                }
            }
        }
        Duration::ZERO
    }

    fn begin_anew(&mut self) {
        self.state = begin(&self.settings, self.client.as_ref());
        self.has_certificate = false;
        self.newest.send_replace(acceptor(&self.server, &self.state));
    }
}

fn begin(settings: &AcmeSettings, client: Option<&Arc<ClientConfig>>) -> AcmeState<io::Error> {
    let domains = settings.domains.iter().map(Domain::as_str);
    let config = match client {
        Some(client) => AcmeConfig::new_with_client_config(domains, Arc::clone(client)),
        None => AcmeConfig::new(domains),
    };
    config
        .contact(settings.contact.iter().map(Contact::url))
        .directory(settings.directory.as_str())
        .cache(DirCache::new(settings.cache.clone()))
        .state()
}

fn acceptor(server: &ServerConfig, state: &AcmeState<io::Error>) -> TlsAcceptor {
    let mut config = server.clone();
    config.cert_resolver = state.resolver();
    TlsAcceptor::from(Arc::new(config))
}

/// Makes the folder if it is not there.
fn make_cache(path: &Path) -> Result<(), AcmeError> {
    let failed = |source| AcmeError::Cache { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(MODE).create(path).map_err(failed)?;
    let mode = path.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(AcmeError::Open { path: path.to_owned() });
    }
    Ok(())
}

/// Speaks with a directory that has a certificate by one of these roots.
fn trusting(path: &Path) -> Result<Arc<ClientConfig>, AcmeError> {
    let unreadable = |reason| AcmeError::Root { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for root in read_certificates(path).map_err(unreadable)? {
        roots.add(root).map_err(|error| unreadable(error.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Whether the other end is an authority that looks who answers here, and no browser.
pub(crate) fn is_challenge(connection: &ServerConnection) -> bool {
    connection.alpn_protocol() == Some(ACME_TLS_ALPN_NAME)
}

/// What a directory says can be of any length, and hold anything.
fn one_line(error: &impl Display) -> String {
    let text = error.to_string();
    let shown = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    shown.take(ACME_ERROR_CHARS_MAX).collect()
}
