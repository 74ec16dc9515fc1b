//! The worker that keeps the page's files, so that it opens without a connection, and how a newer version
//! of them is taken: when the person says so.

use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    RegistrationOptions, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState,
    ServiceWorkerUpdateViaCache,
};

use super::{Shared, tell};

/// The page looks so often for a newer version of itself.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// What the worker understands: it takes over from the one before.
const ACTIVATE: &str = "activate";

/// Registers the worker. Where there is none (over plain HTTP from another machine), the page works
/// as it would have without.
pub(super) fn start(client: &Shared) {
    let Some(workers) = container() else { return };
    reload_when_replaced(&workers);
    let this = client.clone();
    spawn_local(async move {
        let options = RegistrationOptions::new();
        options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
        let registering = workers.register_with_options("sw.js", &options);
        let Ok(registration) = JsFuture::from(registering).await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        watch(&this, &registration);
        set_interval(
            move || {
                let _ = registration.update();
            },
            LOOK_EVERY,
        );
    });
}

/// The connection is back: there may be a newer version where it leads to.
pub(super) fn look_for_newer() {
    spawn_local(async move {
        let Some(workers) = container() else { return };
        let Ok(registration) = JsFuture::from(workers.get_registration()).await else { return };
        if let Ok(registration) = registration.dyn_into::<ServiceWorkerRegistration>() {
            let _ = registration.update();
        }
    });
}

fn container() -> Option<ServiceWorkerContainer> {
    let workers = web_sys::window()?.navigator().service_worker();
    (!JsValue::from(&workers).is_undefined()).then_some(workers)
}

/// Offers a newer version as soon as it is here; the one that runs goes on until then.
fn watch(client: &Shared, registration: &ServiceWorkerRegistration) {
    if registration.waiting().is_some() {
        offer(client);
    }
    let (this, of) = (client.clone(), registration.clone());
    let on_update = Closure::<dyn FnMut()>::new(move || {
        let Some(worker) = of.installing() else { return };
        let (this, newer) = (this.clone(), worker.clone());
        let on_change = Closure::<dyn FnMut()>::new(move || {
            let is_first = container().is_none_or(|workers| workers.controller().is_none());
            if newer.state() == ServiceWorkerState::Installed && !is_first {
                offer(&this);
            }
        });
        worker.set_onstatechange(Some(on_change.as_ref().unchecked_ref()));
        on_change.forget();
    });
    registration.set_onupdatefound(Some(on_update.as_ref().unchecked_ref()));
    // It listens for as long as the page is there.
    on_update.forget();
}

fn offer(client: &Shared) {
    let live = client.borrow().live;
    live.change(crate::store::Store::offer_new_version);
    tell(client);
}

/// The first worker takes over a page that is new itself; each later one brings other files.
fn reload_when_replaced(workers: &ServiceWorkerContainer) {
    let had_one = Rc::new(std::cell::Cell::new(workers.controller().is_some()));
    let on_change = Closure::<dyn FnMut()>::new(move || {
        if had_one.replace(true)
            && let Some(window) = web_sys::window()
        {
            let _ = window.location().reload();
        }
    });
    workers.set_oncontrollerchange(Some(on_change.as_ref().unchecked_ref()));
    on_change.forget();
}

/// The newer version takes over, and the page is loaded anew with it.
pub(super) fn take_new_version() {
    spawn_local(async move {
        let Some(workers) = container() else { return };
        let Ok(registration) = JsFuture::from(workers.get_registration()).await else { return };
        let waiting = registration
            .dyn_into::<ServiceWorkerRegistration>()
            .ok()
            .and_then(|registration| registration.waiting());
        if let Some(worker) = waiting {
            let _ = worker.post_message(&ACTIVATE.into());
        } else if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
}
