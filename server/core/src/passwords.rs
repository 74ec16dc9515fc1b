//! Passwords as they are compared. Keyboards and systems write the same letters in different ways (one
//! character, or a letter and its marks); what counts is what the person typed (RFC 8265, 4.2).

use netchat_shared::password::Password;
use unicode_normalization::UnicodeNormalization as _;

/// The one form of a password, however it was typed. One that would be too long in that form stays as
/// it is.
pub(crate) fn normalised(password: &Password) -> Password {
    if password.reveal().is_ascii() {
        return password.clone();
    }
    Password::new(password.reveal().nfc().collect::<String>()).unwrap_or_else(|_| password.clone())
}

/// A password that somebody shows, in the forms in which it is compared.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) password: Password,
    /// As it was typed, if that is another form.
    pub(crate) as_typed: Option<Password>,
}

impl Compared {
    pub(crate) fn of(typed: &Password) -> Self {
        let password = normalised(typed);
        let as_typed = Some(typed).filter(|typed| **typed != password).cloned();
        Self { password, as_typed }
    }
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
        assert_ne!(
            normalised(&password("ﬁ")),
            normalised(&password("fi")),
            "it was typed otherwise"
        );
        // This letter has no composed form, and is longer without.
        let long = password(&"\u{958}".repeat(80));
        assert_eq!(normalised(&long), long);
    }
}
