//! Passwords that original clients show.

use netchat_shared::password::Password;

/// A password that somebody shows, in the forms in which it is compared.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) password: Password,
    /// As it was typed, if that is another form.
    pub(crate) as_typed: Option<Password>,
}

impl Compared {
    pub(crate) fn of(typed: &Password) -> Self {
        let password = typed.normalised();
        let as_typed = Some(typed).filter(|typed| **typed != password).cloned();
        Self { password, as_typed }
    }
}
