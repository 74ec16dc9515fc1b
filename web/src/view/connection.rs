//! A small state of the connection that is always right.

use std::time::Duration;

use leptos::prelude::*;
use netchat_client::session::Connection;
use netchat_shared::extended::LinkStatistics;
use netchat_shared::time::Instant;

use super::shown::{boxed, when};
use super::{Ui, use_ui};
use crate::clock::now;
use crate::store::{Intent, Thing};

/// For so long nobody is disturbed: most connections are back by then.
const UNDISTURBED: Duration = Duration::from_secs(5);

/// The state in words.
pub(super) fn connection_words(ui: Ui) -> Signal<String> {
    let present = present();
    let put_off = ui.part(Thing::SignIn, |store| store.sign_in.put_off);
    let connection = ui.part(Thing::Connection, |store| store.connection);
    Signal::derive(move || match connection.get() {
        Connection::Connected => match put_off.get() {
            Some(put_off) => put_off.describe(present.get()),
            None => "Connected".to_owned(),
        },
        away @ (Connection::Connecting | Connection::Retrying(_)) => describe(away, present.get()),
    })
}

/// The state beside one's name. A press shows what the link has seen.
#[component]
pub(super) fn LinkState() -> impl IntoView {
    let ui = use_ui();
    let connection = ui.part(Thing::Connection, |store| store.connection);
    let is_on = move || connection.get() == Connection::Connected;
    view! {
        <button class="side__state" type="button" popovertarget="link-panel">
            <i class="dot" class:dot--on=move || is_on()></i>
            <span class="connection" role="status" aria-label="Connection">
                {connection_words(ui)}
            </span>
        </button>
        <div class="menu menu--link" id="link-panel" popover="auto">
            <LinkPanel />
        </div>
    }
}

#[component]
fn LinkPanel() -> impl IntoView {
    let ui = use_ui();
    let present = present();
    let details = move || {
        present.track();
        describe_link(&ui.statistics.run(()))
    };
    view! {
        <h2>"Connection"</h2>
        <p>{move || details()}</p>
    }
}

/// Over the conversation, once the connection has been away for a while.
#[component]
pub(super) fn ConnectionBanner() -> impl IntoView {
    let ui = use_ui();
    let present = present();
    let connection = ui.part(Thing::Connection, |store| store.connection);
    let lost_at = Memo::new(move |before: Option<&Option<Instant>>| {
        let is_away = connection.get() != Connection::Connected;
        is_away.then(|| before.copied().flatten().unwrap_or_else(|| now().monotonic))
    });
    let is_long = move || {
        let for_long = |lost_at| present.get().saturating_since(lost_at) >= UNDISTURBED;
        lost_at.get().is_some_and(for_long)
    };
    when(is_long, move || {
        view! {
            <p class="banner">
                <span>{move || describe(connection.get(), present.get())}</span>
                <span>"What you write goes out when it is back."</span>
                <button
                    class="button button--small"
                    type="button"
                    on:click=boxed(move |_| ui.perform(Intent::ConnectNow))
                >
                    "Now"
                </button>
            </p>
        }
        .into_any()
    })
}

/// The present, told each second for as long as it is looked at.
fn present() -> RwSignal<Instant> {
    let present = RwSignal::new(now().monotonic);
    let tick = set_interval_with_handle(
        move || {
            // The component may be gone when the interval fires for the last time.
            let _ = present.try_set(now().monotonic);
        },
        Duration::from_secs(1),
    );
    on_cleanup(move || {
        if let Ok(tick) = tick {
            tick.clear();
        }
    });
    present
}

fn describe(connection: Connection, present: Instant) -> String {
    match connection {
        Connection::Connected => "Connected".to_owned(),
        Connection::Connecting => "Connecting…".to_owned(),
        Connection::Retrying(at) => {
            let seconds = at.saturating_since(present).as_millis().div_ceil(1_000);
            format!("No connection. Trying again in {seconds} s")
        }
    }
}

/// What the link has seen, in one line.
fn describe_link(statistics: &LinkStatistics) -> String {
    let LinkStatistics { packets_sent, packets_lost, packets_received, .. } = *statistics;
    match statistics.round_trip {
        Some(round_trip) => format!(
            "Round trip {} ms. Packets: {packets_sent} sent, of which {packets_lost} were lost \
             and sent again; {packets_received} received.",
            round_trip.as_millis()
        ),
        None => "Nothing measured yet.".to_owned(),
    }
}
