//! The opening handshake (RFC 6455, section 4.2).

use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, Method, Version};
use thiserror::Error;
use tungstenite::handshake::derive_accept_key;

/// How long 16 bytes are as text, and what such a text ends with (RFC 4648, section 4).
const KEY_BYTES: usize = 24;
const KEY_END: &[u8] = b"==";

/// Why a request opens no WebSocket. The text is for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum HandshakeError {
    /// It is no request for one.
    #[error("This is the address of a WebSocket.")]
    NoUpgrade,
    /// It speaks another version.
    #[error("The version of the WebSocket protocol here is 13.")]
    Version,
    /// Its key is missing, or can't be one.
    #[error("Sec-WebSocket-Key is not 24 characters that hold 16 bytes.")]
    Key,
}

/// Checks a request; answers what `Sec-WebSocket-Accept` has to say.
///
/// # Errors
/// [`HandshakeError`].
pub(crate) fn accept(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<String, HandshakeError> {
    let wants_upgrade =
        has_token(headers, &UPGRADE, "websocket") && has_token(headers, &CONNECTION, "upgrade");
    if method != Method::GET || version != Version::HTTP_11 || !wants_upgrade {
        return Err(HandshakeError::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(HandshakeError::Key) };
    let digits = key.as_bytes().strip_suffix(KEY_END).ok_or(HandshakeError::Key)?;
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if key.len() != KEY_BYTES || !digits.iter().all(is_digit) {
        return Err(HandshakeError::Key);
    }
    Ok(derive_accept_key(key.as_bytes()))
}

/// Whether a header whose value is a list of words has this one.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn request(key: &'static str, version: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(UPGRADE, HeaderValue::from_static("WebSocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static(key));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(version));
        headers
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let headers = request("dGhlIHNhbXBsZSBub25jZQ==", "13");
        let accepted = accept(&Method::GET, Version::HTTP_11, &headers);
        assert_eq!(accepted.as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(
            accept(&Method::POST, Version::HTTP_11, &headers),
            Err(HandshakeError::NoUpgrade)
        );
        assert_eq!(
            accept(&Method::GET, Version::HTTP_10, &headers),
            Err(HandshakeError::NoUpgrade)
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        let refused = |headers: &HeaderMap| accept(&Method::GET, Version::HTTP_11, headers);
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        for missing in [UPGRADE, CONNECTION] {
            let mut headers = request(key, "13");
            headers.remove(&missing);
            assert_eq!(refused(&headers), Err(HandshakeError::NoUpgrade), "{missing}");
        }
        assert_eq!(refused(&request(key, "8")), Err(HandshakeError::Version));
        for wrong in ["", "dGhlIHNhbXBsZQ==", "not such a text, I fear=="] {
            assert_eq!(refused(&request(wrong, "13")), Err(HandshakeError::Key), "{wrong}");
        }
        let mut twice = request(key, "13");
        twice.append(SEC_WEBSOCKET_KEY, HeaderValue::from_static(key));
        assert_eq!(refused(&twice), Err(HandshakeError::Key));
    }
}
