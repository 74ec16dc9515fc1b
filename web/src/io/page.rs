//! The page around the client: its address, its title, and what the browser says of it.

use leptos::ev;
use leptos::prelude::*;
use netchat_client::session::Session;
use netchat_shared::conversation::Conversation;
use web_sys::History;

use super::{Client, Shared, input, tell, telling};
use crate::device;
use crate::router;
use crate::store::{Intent, Store};

/// Hears what the browser knows about the network, the screen, the address, and the end of the page. The
/// page lives as long as its client: nothing of this is ever taken back.
pub(super) fn listen(client: &Shared) {
    let this = client.clone();
    window_event_listener(ev::online, move |_| input(&this, Session::probe));
    let this = client.clone();
    window_event_listener(ev::visibilitychange, move |_| {
        let is_hidden = document().hidden();
        let live = this.borrow().live;
        live.change(|store| store.set_hidden(is_hidden));
        if is_hidden {
            this.borrow_mut().keep_new_drafts();
            this.borrow_mut().keep_all();
            // The frame in which it would be told does not come.
            this.borrow_mut().is_telling = false;
            tell(&this);
        } else {
            this.borrow_mut().offer_notifications();
            // It may have slept.
            input(&this, Session::probe);
        }
    });
    let this = client.clone();
    window_event_listener(ev::hashchange, move |_| {
        if this.borrow().person.is_none() {
            return;
        }
        let conversation = destination(&this.borrow());
        let _ = super::act(&this, Intent::Open(conversation));
        lead_back(&this.borrow());
    });
    let this = client.clone();
    window_event_listener_untyped("languagechange", move |_| {
        this.borrow().live.change(|store| store.set_system_locale(device::locale()));
        tell(&this);
    });
    let this = client.clone();
    window_event_listener(ev::pagehide, move |_| {
        this.borrow_mut().do_pending();
        super::drain(&this);
        this.borrow_mut().keep_new_drafts();
        this.borrow_mut().keep_all();
    });
    let this = client.clone();
    window_event_listener(ev::beforeunload, move |event| {
        // What waits goes out when the page is opened again, if it is kept.
        let client = this.borrow();
        if !client.session.is_settled() && !client.outbox.keeps() {
            // The browser asks whether to stay.
            event.prevent_default();
        }
    });
}

/// The part of the address behind the page.
pub(super) fn hash() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Which conversation the address names, if it is one for the person, whose it is from now on: Back also leads to
/// addresses of somebody who was signed in before.
pub(super) fn destination(client: &Client) -> Option<Conversation> {
    let person = client.person.as_ref()?;
    let history = history()?;
    let owner = history.state().ok().and_then(|owner| owner.as_string());
    if owner.is_some_and(|owner| owner != person.as_str()) {
        set_hash(client, None, true);
        return None;
    }
    // What stands in the address already can stand there.
    let _ = history.replace_state(&person.as_str().into(), "");
    router::from_hash(&hash()).flatten()
}

/// An address that has led nowhere becomes that of the start.
pub(super) fn lead_back(client: &Client) {
    if client.live.read(Store::front_conversation).is_none() {
        set_hash(client, None, true);
    }
}

/// The address becomes that of the conversation in front, whatever brought it there. Back leads to the one
/// before, unless that one is no more: it was left, or is called otherwise.
pub(super) fn follow_front(client: &mut Client) {
    let front = client.live.read(Store::front_conversation);
    // Another address than before is the person's, and they are about to go there.
    if std::mem::replace(&mut client.addressed, front.clone()) == front || client.person.is_none() {
        return;
    }
    let before = router::from_hash(&hash()).flatten();
    let is_gone =
        client.live.read(|store| before.is_some_and(|it| !store.threads.contains_key(&it)));
    set_hash(client, front.as_ref(), is_gone);
}

/// The address names no conversation any more.
pub(super) fn forget_address(client: &Client) {
    set_hash(client, None, true);
}

fn set_hash(client: &Client, conversation: Option<&Conversation>, replaces: bool) {
    let wanted = router::to_hash(conversation);
    let present = hash();
    let is_there = present == wanted || (conversation.is_none() && present.is_empty());
    // The code of the server stays in the address until a conversation is opened.
    if is_there || (conversation.is_none() && present.starts_with("#server=")) {
        return;
    }
    let owner = client.person.as_ref().map(|person| person.as_str().into()).unwrap_or_default();
    if let Some(history) = history() {
        // An address of this page can always be gone to.
        let _ = match replaces {
            true => history.replace_state_with_url(&owner, "", Some(&wanted)),
            false => history.push_state_with_url(&owner, "", Some(&wanted)),
        };
    }
}

/// The addresses that were gone to, each with the name of whom it was for.
fn history() -> Option<History> {
    web_sys::window()?.history().ok()
}

/// The title and the icon say how much is unread.
pub(super) fn follow_unread(client: &Client) {
    let unread = client.live.read(Store::unread);
    let title = match unread {
        0 => "NetChat".to_owned(),
        unread => format!("({unread}) NetChat"),
    };
    if document().title() != title {
        document().set_title(&title);
        telling::badge(unread);
    }
}

/// Puts a text where it can be pasted from.
pub(super) fn copy(text: &str) {
    if let Some(window) = web_sys::window() {
        // Refused, it is not there: nothing else is known of it.
        let _ = window.navigator().clipboard().write_text(text);
    }
}

/// For whoever measures: the page can be used from now on.
pub(super) fn note_usable() {
    if let Some(performance) = web_sys::window().and_then(|window| window.performance()) {
        let _ = performance.mark("usable");
    }
}
