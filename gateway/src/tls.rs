//! TLS by a certificate and a key: from files, which are read again when they change, or by ACME.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use netchat_process::{SecretFileError, read_secret};
use thiserror::Error;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WantsServerCert;
use tokio_rustls::rustls::{self, ConfigBuilder, ServerConfig};
use tracing::{info, warn};

/// The one protocol that is spoken here (RFC 7301).
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";

/// Why TLS can't be had. The text is one line for the operator.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The certificate can't be read.
    #[error("--tls-certificate: can't read {}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key can't be read.
    #[error("--tls-key: {0}")]
    Key(#[from] SecretFileError),
    /// They do not belong together, or are of a kind that is not known.
    #[error("--tls-certificate and --tls-key can't be used together: {0}")]
    Pair(#[from] rustls::Error),
}

/// How browsers are spoken with over TLS.
pub(crate) enum Tls {
    Files {
        files: TlsFiles,
        acceptor: TlsAcceptor,
    },
    /// The newest that ACME gave.
    Acme(watch::Receiver<TlsAcceptor>),
}

impl Tls {
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        match self {
            Self::Files { acceptor, .. } => acceptor.clone(),
            Self::Acme(newest) => newest.borrow().clone(),
        }
    }

    /// Looks whether files have changed.
    pub(crate) fn refresh(&mut self) {
        if let Self::Files { files, acceptor } = self
            && let Some(changed) = files.reload()
        {
            *acceptor = changed;
        }
    }
}

/// What all certificates are served with.
pub(crate) fn server_config() -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, rustls::Error>
{
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth())
}

/// Reads certificates, at least one, as PEM.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(certificates)
}

/// The two files, and what they held when they were read.
#[derive(Debug)]
pub(crate) struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    read: Option<Versions>,
}

/// When each of the two was changed.
type Versions = (SystemTime, SystemTime);

impl TlsFiles {
    pub(crate) fn new(certificate: PathBuf, key: PathBuf) -> Self {
        Self { certificate, key, read: None }
    }

    /// Reads both.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn load(&mut self) -> Result<TlsAcceptor, TlsError> {
        // Looked at before: what changes meanwhile is read another time.
        self.read = self.versions();
        let chain = read_certificates(&self.certificate)
            .map_err(|reason| TlsError::Certificate { path: self.certificate.clone(), reason })?;
        let parse = |text: &str| PrivateKeyDer::from_pem_slice(text.as_bytes());
        let key = read_secret(&self.key, parse)?;
        let mut config = server_config()?.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads both again if one has changed. What can't be used is said, and what was there stays.
    pub(crate) fn reload(&mut self) -> Option<TlsAcceptor> {
        let versions = self.versions();
        if versions.is_none() || versions == self.read {
            return None;
        }
        match self.load() {
            Ok(acceptor) => {
                info!("the TLS certificate was read again");
                Some(acceptor)
            }
            Err(error) => {
                warn!(%error, "the changed TLS certificate is not used");
                None
            }
        }
    }

    fn versions(&self) -> Option<Versions> {
        let changed = |path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        changed(&self.certificate).zip(changed(&self.key))
    }
}
