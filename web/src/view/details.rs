//! Beside the conversation: who is in it, how far a message got, what one hears of it.

use leptos::ev::Event;
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::Receipt;
use netchat_shared::name::UserName;

use super::groups::GroupDetailsView;
use super::shown::{boxed, put_back, when};
use super::{said, use_ui};
use crate::clock;
use crate::router;
use crate::store::{GroupIntent, Hears, Intent, ReadingIntent, Setting, Thing};
use crate::words::details as words;
use crate::words::values;

#[component]
pub(super) fn Details() -> impl IntoView {
    let ui = use_ui();
    let conversation =
        ui.part(Thing::Front, |store| store.front.as_ref().map(|f| f.conversation.clone()));
    // What a group is, is asked for when it is looked at.
    Effect::new(move || match conversation.get() {
        Some(Conversation::Group(group)) => ui.perform(Intent::Group(GroupIntent::Open(group))),
        Some(Conversation::Everyone | Conversation::User(_)) | None => {
            ui.perform(Intent::Group(GroupIntent::Close));
        }
    });
    let is_group = move || matches!(conversation.get(), Some(Conversation::Group(_)));
    view! {
        <ReceiptsOfMessage />
        <GoToDate />
        <HearsChoice />
        {when(is_group, || view! { <GroupDetailsView /> }.into_any())}
    }
}

/// How far one message got, by name.
#[component]
fn ReceiptsOfMessage() -> impl IntoView {
    let ui = use_ui();
    when(
        move || ui.detailed.get().is_some(),
        move || {
            ui.detailed
                .get()
                .map(|key| {
                    let row = ui.live.watch_details(key);
                    let receipts = move || {
                        row.track();
                        ui.live.read(|store| {
                            let delivery = store.message(key)?.delivery.as_ref()?;
                            Some((
                                delivery.summary(store.locale(), |name| store.is_away(name)),
                                delivery.recipients().to_vec(),
                            ))
                        })
                    };
                    let summary = move || receipts().map(|(summary, _)| summary);
                    let each = move || {
                        let each = receipts().map(|(_, each)| each).unwrap_or_default();
                        each.into_iter()
                            .map(|(name, receipt)| recipient(&name, receipt))
                            .collect_view()
                    };
                    view! {
                        <section class="details__part" aria-labelledby="receipts-title">
                            <h3 id="receipts-title">{said(words::THIS_MESSAGE)}</h3>
                            <p>{move || summary()}</p>
                            <ul class="people" aria-label=said(words::RECEIPTS)>{move || each()}</ul>
                        </section>
                    }
                })
                .into_any()
        },
    )
}

fn recipient(name: &UserName, receipt: Receipt) -> AnyView {
    let href = router::to_hash(Some(&Conversation::User(name.clone())));
    view! {
        <li>
            <a href=href>{name.to_string()}</a>
            " "
            <span class="people__state">{said(values::receipt(receipt))}</span>
        </li>
    }
    .into_any()
}

/// Goes to the first message of a day.
#[component]
fn GoToDate() -> impl IntoView {
    let ui = use_ui();
    let go = move |date: String| {
        let day = date.replace('-', "").parse();
        if let Ok(day) = day {
            ui.perform(Intent::Read(ReadingIntent::JumpToTime(clock::start_of(day))));
        }
    };
    view! {
        <label class="field">
            <span>{said(words::GO_TO_DAY)}</span>
            <input
                type="date"
                aria-label=said(words::GO_TO_DAY)
                on:change:target=move |event| go(event.target().value())
            />
        </label>
    }
}

/// Of which messages here one is told.
#[component]
fn HearsChoice() -> impl IntoView {
    let ui = use_ui();
    let hears = move || {
        ui.live.track(Thing::Front);
        ui.live.track(Thing::Settings);
        ui.live.read(read)
    };
    let options = [
        (Hears::All, words::ALL),
        (Hears::Mentions, words::MENTIONS),
        (Hears::Nothing, words::NOTHING),
    ];
    let choices = options.map(|(choice, label)| {
        view! {
            <label class="menu__check">
                <input
                    type="radio"
                    name="hears"
                    prop:checked=move || hears() == choice
                    on:change=boxed(move |event: Event| {
                        let Some(front) = ui.front() else { return };
                        if !ui.performs(Intent::Set(Setting::Hears(front, choice))) {
                            let present = ui.live.read(read);
                            put_back(&event, &options.map(|(choice, _)| choice == present));
                        }
                    })
                />
                <span>{said(label)}</span>
            </label>
        }
    });
    view! {
        <fieldset class="details__part">
            <legend>{said(words::TELL_ME_OF)}</legend>
            {choices}
        </fieldset>
    }
}

fn read(store: &crate::store::Store) -> Hears {
    let front = store.front.as_ref();
    front.map_or(Hears::All, |front| store.settings.person.hears(&front.conversation))
}
