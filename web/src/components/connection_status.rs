//! A small state of the connection that is always right.

use std::time::Duration;

use leptos::prelude::*;
use netchat_client::session::Connection;
use netchat_shared::extended::LinkStatistics;

use super::use_ui;
use crate::clock::now;
use crate::model::Intent;

#[component]
pub(super) fn ConnectionStatus() -> impl IntoView {
    let ui = use_ui();
    let connection = ui.part(|model| model.connection);
    let put_off = ui.part(|model| model.sign_in.put_off);
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
    let text = move || match connection.get() {
        Connection::Connected => match put_off.get() {
            Some(put_off) => put_off.describe(present.get()),
            None => "Connected".to_owned(),
        },
        Connection::Connecting => "Connecting…".to_owned(),
        Connection::Retrying(at) => {
            let seconds = at.saturating_since(present.get()).as_secs_f64().ceil();
            format!("No connection. Trying again in {seconds:.0} s")
        }
    };
    let details = move || {
        present.track();
        describe(&ui.statistics.run(()))
    };
    let state = move || match connection.get() {
        Connection::Connected => "connected",
        Connection::Connecting => "connecting",
        Connection::Retrying(_) => "retrying",
    };
    view! {
        <div class="connection" data-state=state>
            <span role="status" aria-label="Connection">{text}</span>
            <details class="connection__details">
                <summary>"Details"</summary>
                <p>{details}</p>
            </details>
            <Show when=move || matches!(connection.get(), Connection::Retrying(_))>
                <button
                    class="button button--small"
                    type="button"
                    on:click=move |_| ui.perform(Intent::ConnectNow)
                >
                    "Now"
                </button>
            </Show>
        </div>
    }
}

/// What the link has seen, in one line.
fn describe(statistics: &LinkStatistics) -> String {
    let LinkStatistics { packets_sent, packets_lost, packets_received, .. } = *statistics;
    match statistics.round_trip {
        Some(round_trip) => format!(
            "Round trip {:.0} ms. Packets: {packets_sent} sent, of which {packets_lost} were lost \
             and sent again; {packets_received} received.",
            round_trip.as_secs_f64() * 1_000.0
        ),
        None => "Nothing measured yet.".to_owned(),
    }
}
