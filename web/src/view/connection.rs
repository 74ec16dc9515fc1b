//! A small state of the connection that is always right.

use std::time::Duration;

use leptos::prelude::*;
use netchat_client::session::Connection;
use netchat_shared::extended::LinkStatistics;
use netchat_shared::time::Instant;

use super::shown::{boxed, when};
use super::{Ui, said, use_ui};
use crate::clock::now;
use crate::store::{Intent, Thing};
use crate::words::{Locale, connection as words, number, values};

/// For so long nobody is disturbed: most connections are back by then.
const UNDISTURBED: Duration = Duration::from_secs(5);

/// The state in words.
pub(super) fn connection_words(ui: Ui) -> Signal<String> {
    let present = present();
    let put_off = ui.part(Thing::SignIn, |store| store.sign_in.put_off);
    let connection = ui.part(Thing::Connection, |store| store.connection);
    Signal::derive(move || match connection.get() {
        Connection::Connected => match put_off.get() {
            Some(put_off) => values::put_off(ui.locale(), put_off, present.get()),
            None => words::CONNECTED.say(ui.locale()).to_owned(),
        },
        away @ (Connection::Connecting | Connection::Retrying(_)) => {
            describe(ui.locale(), away, present.get())
        }
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
            <span class="connection" role="status" aria-label=said(words::TITLE)>
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
        describe_link(ui.locale(), &ui.statistics.run(()))
    };
    view! {
        <h2>{said(words::TITLE)}</h2>
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
                <span>{move || describe(ui.locale(), connection.get(), present.get())}</span>
                <span>{said(words::GOES_OUT_LATER)}</span>
                <button
                    class="button button--small"
                    type="button"
                    on:click=boxed(move |_| ui.perform(Intent::ConnectNow))
                >
                    {said(words::NOW)}
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

fn describe(locale: Locale, connection: Connection, present: Instant) -> String {
    match connection {
        Connection::Connected => words::CONNECTED.say(locale).to_owned(),
        Connection::Connecting => words::CONNECTING.say(locale).to_owned(),
        Connection::Retrying(at) => {
            let seconds = at.saturating_since(present).as_millis().div_ceil(1_000);
            words::Retrying { seconds: &seconds }.say(locale)
        }
    }
}

/// What the link has seen, in one line.
fn describe_link(locale: Locale, statistics: &LinkStatistics) -> String {
    let LinkStatistics { packets_sent, packets_lost, packets_received, .. } = *statistics;
    let count = |count: u64| number(locale, usize::try_from(count).unwrap_or(usize::MAX));
    match statistics.round_trip {
        Some(round_trip) => words::Link {
            millis: &round_trip.as_millis(),
            sent: &count(packets_sent),
            lost: &count(packets_lost),
            received: &count(packets_received),
        }
        .say(locale),
        None => words::NOT_MEASURED.say(locale).to_owned(),
    }
}
