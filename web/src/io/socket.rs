//! The WebSocket to the gateway that served the page: one message is one datagram.

use leptos::prelude::document;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;
use web_sys::{BinaryType, MessageEvent, WebSocket};

/// A WebSocket whose handlers live as long as it does.
pub(super) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

impl Socket {
    /// Begins to open one; `None` if the browser refuses to.
    pub(super) fn open(
        on_open: impl FnMut() + 'static,
        mut on_datagram: impl FnMut(&[u8]) + 'static,
        on_close: impl FnMut() + 'static,
    ) -> Option<Self> {
        let socket = WebSocket::new(&address()?).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_open = Closure::new(on_open);
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Ok(buffer) = event.data().dyn_into::<js_sys::ArrayBuffer>() {
                on_datagram(&js_sys::Uint8Array::new(&buffer).to_vec());
            }
        });
        let on_close = Closure::new(on_close);
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    /// Whatever can't be sent is lost, as on any network; the end of the socket is reported by itself.
    pub(super) fn send(&self, datagram: &[u8]) {
        let _ = self.socket.send_with_u8_array(datagram);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

/// Beside the page, so that it works under a path.
fn address() -> Option<String> {
    let base = document().base_uri().ok()??;
    let address = web_sys::Url::new_with_base("ws", &base).ok()?;
    address.set_hash("");
    let scheme = if address.protocol() == "https:" { "wss:" } else { "ws:" };
    address.set_protocol(scheme);
    Some(address.href())
}
