//! What the model calls messages.

use netchat_client::session::Outgoing;
use netchat_shared::body::Body;
use netchat_shared::kind::MessageKind;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;

pub(super) fn body(sender: &UserName, text: &str) -> String {
    Body::new(sender, text).as_str().to_owned()
}

/// What the model calls a message that waits.
pub(super) fn label(message: &Outgoing) -> String {
    match message.kind {
        MessageKind::Deletion(of) => deletion_of(of),
        MessageKind::Text
        | MessageKind::Reply(_)
        | MessageKind::Edit(_)
        | MessageKind::Reaction(_)
        | MessageKind::Unknown(_) => message.text.clone(),
    }
}

/// A deletion says nothing, so the model calls it this.
pub(super) fn deletion_of(of: Sequence) -> String {
    format!("deletion-of-{}", of.0)
}

pub(super) fn is_deletion(label: &str) -> bool {
    label.starts_with("deletion-of-")
}

/// The number at the end of a text, if the test counts its messages.
pub(super) fn number(text: &str) -> Option<u64> {
    text.rsplit(' ').next()?.parse().ok()
}
