//! Telling the person of what arrived where they don't see it: notices of the system, a sound, and the
//! number at the icon.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use netchat_shared::conversation::Conversation;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, Notification, NotificationOptions, NotificationPermission,
    ServiceWorkerRegistration,
};

use super::{Shared, act, tell};
use crate::router;
use crate::store::{Intent, News, Setting, Store};
use crate::words::notice;
use crate::words::values::name_of;

/// What is read by then, in another tab or on another device, is not told.
const READ_MEANWHILE: Duration = Duration::from_millis(700);

/// How long the sound is.
const SOUND: Duration = Duration::from_millis(140);

/// Tells of what arrived, shortly after.
pub(super) fn tell_of_news(client: &Shared) {
    let news = client.borrow().live.change(Store::take_news);
    let heard = |news: &News| client.borrow().live.read(|store| store.hears_of(news));
    let news: Vec<_> = news.into_iter().filter(heard).collect();
    if news.is_empty() {
        return;
    }
    let this = client.clone();
    set_timeout(move || tell_unread(&this, &news), READ_MEANWHILE);
}

fn tell_unread(client: &Shared, news: &[News]) {
    let live = client.borrow().live;
    let unread: Vec<_> =
        news.iter().filter(|news| live.read(|store| store.is_unread(news.key))).collect();
    let device = live.read(|store| store.settings.device);
    if unread.is_empty() {
        return;
    }
    if device.has_sound {
        // A page that was never touched may make no sound.
        let _ = sound();
    }
    if !document().hidden() {
        return;
    }
    if !device.has_notifications {
        live.change(Store::note_missed);
        return tell(client);
    }
    for news in unread {
        let words = live.read(|store| {
            let (message, locale) = (store.message(news.key)?, store.locale());
            let line = message.line(locale);
            let sender = message.sender.as_ref().map(ToString::to_string).unwrap_or_default();
            Some(match &news.conversation {
                Conversation::User(name) => (name.to_string(), line),
                there @ (Conversation::Everyone | Conversation::Group(_)) => {
                    (name_of(locale, there), format!("{sender}: {line}"))
                }
            })
        });
        if let Some((title, body)) = words {
            show(client, &news.conversation, title, &body);
        }
    }
}

/// One notice for each conversation: the next takes its place.
fn show(client: &Shared, conversation: &Conversation, title: String, body: &str) {
    let options = NotificationOptions::new();
    let address = router::to_hash(Some(conversation));
    options.set_body(body);
    options.set_tag(&address);
    options.set_data(&address.into());
    let (this, conversation) = (client.clone(), conversation.clone());
    spawn_local(async move {
        // Phones know no other way than by the worker.
        if let Some(worker) = worker().await {
            if let Ok(shown) = worker.show_notification_with_options(&title, &options) {
                let _ = JsFuture::from(shown).await;
            }
            return;
        }
        let Ok(notice) = Notification::new_with_options(&title, &options) else { return };
        let on_click = wasm_bindgen::prelude::Closure::once_into_js(move || {
            if let Some(window) = web_sys::window() {
                let _ = window.focus();
            }
            let _ = act(&this, Intent::Open(Some(conversation)));
        });
        notice.set_onclick(Some(&on_click.into()));
    });
}

/// Takes the notice of a conversation away: it is read.
pub(super) fn read(conversation: &Conversation) {
    let address = router::to_hash(Some(conversation));
    spawn_local(async move {
        let Some(worker) = worker().await else { return };
        let Ok(shown) = worker.get_notifications() else { return };
        let Ok(shown) = JsFuture::from(shown).await else { return };
        for notice in js_sys::Array::from(&shown) {
            let notice: Notification = wasm_bindgen::JsCast::unchecked_into(notice);
            if notice.tag() == Some(address.clone()) {
                notice.close();
            }
        }
    });
}

async fn worker() -> Option<ServiceWorkerRegistration> {
    let workers = web_sys::window()?.navigator().service_worker();
    if JsValue::from(&workers).is_undefined() {
        return None;
    }
    let registration = JsFuture::from(workers.get_registration()).await.ok()?;
    (!registration.is_undefined()).then(|| wasm_bindgen::JsCast::unchecked_into(registration))
}

/// The browser asks the person, once they want notices; if it may not show any, they are told so.
pub(super) fn ask_permission(client: &Shared) {
    let this = client.clone();
    spawn_local(async move {
        let asked = Notification::request_permission();
        let answer = match asked {
            Ok(asked) => JsFuture::from(asked).await.ok(),
            Err(_) => None,
        };
        if answer.and_then(|answer| answer.as_string()).as_deref() != Some("granted") {
            let _ = act(&this, Intent::Set(Setting::Notifications(false)));
            let live = this.borrow().live;
            live.change(|store| store.say_word(notice::NO_NOTICES));
            tell(&this);
        }
    });
}

/// Whether the browser would ask the person.
pub(super) fn may_ask() -> bool {
    let has_notices =
        js_sys::Reflect::has(&js_sys::global(), &"Notification".into()).unwrap_or_default();
    has_notices && Notification::permission() == NotificationPermission::Default
}

/// A short, soft tone.
fn sound() -> Result<(), JsValue> {
    let context = AudioContext::new()?;
    let (tone, volume) = (context.create_oscillator()?, context.create_gain()?);
    tone.frequency().set_value(660.0);
    volume.gain().set_value(0.05);
    tone.connect_with_audio_node(&volume)?;
    volume.connect_with_audio_node(&context.destination())?;
    tone.start()?;
    set_timeout(
        move || {
            // It ends with its context in any case.
            let _ = tone.stop();
            let _ = context.close();
        },
        SOUND,
    );
    Ok(())
}

/// The number at the icon of an installed page.
pub(super) fn badge(unread: usize) {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else { return };
    let name = if unread == 0 { "clearAppBadge" } else { "setAppBadge" };
    let Ok(function) = js_sys::Reflect::get(&navigator, &name.into()) else { return };
    let Ok(function) = wasm_bindgen::JsCast::dyn_into::<js_sys::Function>(function) else { return };
    let _ = match unread {
        0 => function.call0(&navigator),
        unread => function.call1(&navigator, &u32::try_from(unread).unwrap_or(u32::MAX).into()),
    };
}
