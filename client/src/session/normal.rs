//! Passwords in the one form in which they are compared. Keyboards and systems write the same letters in
//! different ways (one character, or a letter and its marks); what counts is what the person typed
//! (RFC 8265, 4.2).

use netchat_shared::password::Password;

/// The one form of a password. One that would be too long in that form stays as it is.
pub(super) fn normalised(password: &Password) -> Password {
    if password.reveal().is_ascii() {
        return password.clone();
    }
    Password::new(composed(password.reveal())).unwrap_or_else(|_| password.clone())
}

#[cfg(not(target_arch = "wasm32"))]
fn composed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;

    text.nfc().collect()
}

/// The browser has the tables.
#[cfg(target_arch = "wasm32")]
fn composed(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFC").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_alike_is_the_same() {
        let password = |text: &str| Password::new(text).unwrap();
        let composed = password("pässwörd");
        assert_eq!(normalised(&password("pa\u{308}sswo\u{308}rd")), composed);
        assert_eq!(normalised(&composed), composed);
        assert_ne!(normalised(&password("passwörd")), composed);
        // This letter has no composed form, and is longer without.
        let long = password(&"\u{958}".repeat(80));
        assert_eq!(normalised(&long), long);
    }
}
