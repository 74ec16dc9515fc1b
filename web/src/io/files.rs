//! Files that are fetched when they are wanted first.

use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::{Shared, tell};
use crate::device;
use crate::store::Emojis;

/// Fetches the file of emoji in the language of the page, unless it is here. It lies beside the page; written by
/// `cargo xtask web`.
pub(super) fn fetch_emojis(client: &Shared) {
    let (live, locale) = (client.borrow().live, client.borrow().locale());
    let known = live.read(|store| store.emojis.as_ref()?.as_ref().map(|emojis| emojis.locale));
    if known == Some(locale) {
        return;
    }
    let this = client.clone();
    spawn_local(async move {
        let text = fetch(&format!("emoji.{}.txt", locale.code())).await.ok();
        let text = text.and_then(|text| text.as_string());
        let emojis = text.map(|text| Emojis::parse(locale, &text, &device::lowercase(&text)));
        live.change(|store| store.set_emojis(emojis));
        tell(&this);
    });
}

async fn fetch(file: &str) -> Result<JsValue, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(file)).await?.dyn_into()?;
    match response.ok() {
        true => JsFuture::from(response.text()?).await,
        false => Err(JsValue::NULL),
    }
}
