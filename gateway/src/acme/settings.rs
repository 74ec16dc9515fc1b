//! What the operator says about getting certificates.

use std::path::PathBuf;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Scheme;
use clap::Args;
use rustls_acme::acme::LETS_ENCRYPT_PRODUCTION_DIRECTORY;
use thiserror::Error;

use crate::web_address::{Host, WebAddressError};

/// Where keys and certificates are kept if nothing else is said: beside the database of `netchat up`.
const DEFAULT_CACHE: &str = "netchat-acme";

/// How certificates are got by themselves (RFC 8555). Without a domain, they are not.
#[derive(Debug, Clone, Args)]
pub struct AcmeSettings {
    /// A name of this gateway, such as chat.example.org, to get a certificate for by ACME: the
    /// authority must reach the gateway at port 443 of that name; may be repeated
    #[arg(
        id = "acme_domain",
        long = "acme-domain",
        env = "NETCHAT_ACME_DOMAIN",
        value_delimiter = ',',
        conflicts_with = "tls_certificate",
        value_name = "NAME"
    )]
    pub domains: Vec<Domain>,

    /// Where the authority can write to, such as admin@example.org
    #[arg(
        id = "acme_contact",
        long = "acme-contact",
        env = "NETCHAT_ACME_CONTACT",
        requires = "acme_domain",
        value_name = "EMAIL"
    )]
    pub contact: Option<Contact>,

    /// The authority's directory
    #[arg(
        id = "acme_directory",
        long = "acme-directory",
        env = "NETCHAT_ACME_DIRECTORY",
        default_value = LETS_ENCRYPT_PRODUCTION_DIRECTORY,
        requires = "acme_domain",
        value_name = "URL"
    )]
    pub directory: DirectoryUrl,

    /// The folder where the account and the certificate are kept, with their keys; for its owner only
    #[arg(
        id = "acme_cache",
        long = "acme-cache",
        env = "NETCHAT_ACME_CACHE",
        default_value = DEFAULT_CACHE,
        requires = "acme_domain",
        value_name = "FOLDER"
    )]
    pub cache: PathBuf,

    /// The root certificate of a directory that is not publicly trusted, as PEM; then no other counts
    #[arg(
        id = "acme_root",
        long = "acme-root",
        env = "NETCHAT_ACME_ROOT",
        requires = "acme_domain",
        value_name = "FILE"
    )]
    pub root: Option<PathBuf>,
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            contact: None,
            directory: DirectoryUrl(LETS_ENCRYPT_PRODUCTION_DIRECTORY.to_owned()),
            cache: DEFAULT_CACHE.into(),
            root: None,
        }
    }
}

/// A name that a certificate can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(String);

/// An email address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact(String);

/// Where an authority says what else it has (RFC 8555, section 7.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryUrl(String);

/// Why a text is none of them. The text is the end of a line for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AcmeSettingError {
    /// It is no host.
    #[error(transparent)]
    Host(#[from] WebAddressError),
    /// It is a host, but an address.
    #[error("give a name, such as chat.example.org: an address gets no certificate")]
    Address,
    /// It is no email address.
    #[error("give one email address, such as admin@example.org")]
    Contact,
    /// It is no URL, or one of something else.
    #[error("give a URL that begins with https://, such as https://ca.example.org/directory")]
    Directory,
}

impl Domain {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn host(&self) -> Host {
        Host::Name(self.0.clone())
    }
}

impl FromStr for Domain {
    type Err = AcmeSettingError;

    fn from_str(text: &str) -> Result<Self, AcmeSettingError> {
        match text.parse()? {
            Host::Name(name) => Ok(Self(name)),
            Host::Address(_) => Err(AcmeSettingError::Address),
        }
    }
}

impl Contact {
    /// As the protocol wants it (RFC 8555, section 7.3).
    pub(super) fn url(&self) -> String {
        format!("mailto:{}", self.0)
    }
}

impl FromStr for Contact {
    type Err = AcmeSettingError;

    /// Takes no second address, and none of the headers that such a URL can have: authorities refuse both.
    fn from_str(text: &str) -> Result<Self, AcmeSettingError> {
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b",?%:<>".contains(&byte);
        let is_address = text.split_once('@').is_some_and(|(person, host)| {
            !person.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if !is_address || !text.bytes().all(is_allowed) {
            return Err(AcmeSettingError::Contact);
        }
        Ok(Self(text.to_owned()))
    }
}

impl DirectoryUrl {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DirectoryUrl {
    type Err = AcmeSettingError;

    fn from_str(text: &str) -> Result<Self, AcmeSettingError> {
        let uri: Uri = text.parse().map_err(|_| AcmeSettingError::Directory)?;
        let is_plain = |authority: &str| !authority.contains('@');
        if uri.scheme() != Some(&Scheme::HTTPS)
            || !uri.authority().is_some_and(|authority| is_plain(authority.as_str()))
        {
            return Err(AcmeSettingError::Directory);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_is_taken_in_one_form() {
        assert_eq!("Chat.Example.ORG.".parse(), Ok(Domain("chat.example.org".to_owned())));
        let contact: Contact = "admin@example.org".parse().unwrap();
        assert_eq!(contact.url(), "mailto:admin@example.org");
        for url in [LETS_ENCRYPT_PRODUCTION_DIRECTORY, "https://127.0.0.1:14000/dir"] {
            assert_eq!(url.parse(), Ok(DirectoryUrl(url.to_owned())));
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        for text in ["192.0.2.1", "::1"] {
            assert_eq!(text.parse::<Domain>(), Err(AcmeSettingError::Address), "{text}");
        }
        for text in ["", "*.example.org", "https://chat.example.org", "bücher.example"] {
            let parsed = text.parse::<Domain>();
            assert!(matches!(parsed, Err(AcmeSettingError::Host(_))), "{text}: {parsed:?}");
        }
        for text in ["", "admin", "@example.org", "admin@", "a@b,c@d", "a@b?cc=c", "a b@c", "a@b@c"]
        {
            assert_eq!(text.parse::<Contact>(), Err(AcmeSettingError::Contact), "{text}");
        }
        for text in ["", "ca.example.org", "http://ca.example.org", "https://", "https://me:pw@ca"]
        {
            assert_eq!(text.parse::<DirectoryUrl>(), Err(AcmeSettingError::Directory), "{text}");
        }
    }
}
