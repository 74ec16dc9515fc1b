//! Deliveries as messages to clients.

use std::sync::Arc;

use netchat_shared::extended::{Delivered, ServerMessage};

use crate::events::Delivery;

/// Messages as bytes. What goes to many sessions is written once.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    last: Option<(Arc<Delivery>, Vec<u8>)>,
}

impl Encoder {
    pub(crate) fn message(&mut self, delivery: &Arc<Delivery>) -> &[u8] {
        let is_same = self.last.as_ref().is_some_and(|(last, _)| Arc::ptr_eq(last, delivery));
        if !is_same {
            let bytes = ServerMessage::Message(delivered(delivery)).to_wire();
            self.last = Some((Arc::clone(delivery), bytes));
        }
        self.last.as_ref().map_or(&[], |(_, bytes)| bytes)
    }
}

/// A delivery as the wire has it.
pub(super) fn delivered(delivery: &Delivery) -> Delivered {
    let message = &delivery.message;
    Delivered {
        sequence: message.sequence,
        conversation: delivery.conversation.clone(),
        sender: delivery.sender.clone(),
        time: message.time,
        id: message.id,
        kind: message.kind.clone(),
        receipts: delivery.receipts.clone(),
        body: message.body.clone(),
    }
}
