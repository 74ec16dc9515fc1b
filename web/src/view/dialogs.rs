//! Forms in front of the page: each waits for its answer, and keeps what was typed until then.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::name::{NameError, UserName};

use super::shown::boxed;
use super::{said, use_ui};
use crate::store::{Answer, Intent, Store, Thing};
use crate::words::values::Mistake as _;
use crate::words::{Locale, Word, dialog as words};

/// Writes to somebody by their name.
#[component]
pub(super) fn MessagePerson() -> impl IntoView {
    let fields = vec![(words::NAME, Some(words::NAME_HINT))];
    let intent = |locale: Locale, texts: &[String]| {
        let name = texts.first().map(|name| name.trim()).unwrap_or_default();
        let name: UserName = name.parse().map_err(|error: NameError| error.say(locale))?;
        Ok(Intent::Open(Some(Conversation::User(name))))
    };
    view! { <FormSheet submit=words::WRITE fields intent /> }
}

/// Makes a group of oneself and others.
#[component]
pub(super) fn NewGroup() -> impl IntoView {
    let fields = vec![(words::GROUP_NAME, None), (words::MEMBERS, Some(words::MEMBERS_HINT))];
    let intent =
        |_: Locale, texts: &[String]| Ok(Intent::CreateGroup(text(texts, 0), text(texts, 1)));
    view! { <FormSheet submit=words::CREATE fields intent waits=true /> }
}

/// Joins a group.
#[component]
pub(super) fn JoinGroup() -> impl IntoView {
    let intent = |_: Locale, texts: &[String]| Ok(Intent::JoinGroup(text(texts, 0)));
    view! { <FormSheet submit=words::JOIN fields=vec![(words::GROUP_NAME, None)] intent waits=true /> }
}

/// Writes the same to several people, to each in their own conversation.
#[component]
pub(super) fn MessageSeveral() -> impl IntoView {
    let fields = vec![(words::TO, Some(words::TO_HINT)), (words::TEXT, Some(words::TEXT_HINT))];
    let intent =
        |_: Locale, texts: &[String]| Ok(Intent::SendToEach(text(texts, 0), text(texts, 1)));
    view! { <FormSheet submit=words::SEND_TO_EACH fields intent /> }
}

fn text(texts: &[String], at: usize) -> String {
    texts.get(at).cloned().unwrap_or_default()
}

/// A form of labelled fields on a sheet. It closes when what it asks for is done, and says why if it is
/// not; then what was typed stays.
#[component]
fn FormSheet(
    submit: Word,
    /// The label of each field, and a hint below it.
    fields: Vec<(Word, Option<Word>)>,
    intent: fn(Locale, &[String]) -> Result<Intent, String>,
    /// The server is to answer first.
    #[prop(optional)]
    waits: bool,
) -> impl IntoView {
    let ui = use_ui();
    let texts: Vec<_> = fields.iter().map(|_| RwSignal::new(String::new())).collect();
    let error = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    let answer = ui.part(Thing::Answer, |store| store.answer.clone());
    Effect::new(move || match answer.get() {
        _ if !is_busy.get_untracked() => {}
        Answer::Done => ui.sheet.set(None),
        Answer::Refused(why) => {
            is_busy.set(false);
            error.set(Some(why));
        }
        Answer::Nothing | Answer::Awaited => {}
    });
    let typed = texts.clone();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let texts: Vec<_> = typed.iter().map(|text| text.get_untracked()).collect();
        is_busy.set(waits);
        let locale = ui.live.read(Store::locale);
        match intent(locale, &texts).and_then(|intent| ui.try_to(intent)) {
            Ok(()) if waits => error.set(None),
            Ok(()) => ui.sheet.set(None),
            Err(line) => {
                is_busy.set(false);
                error.set(Some(line));
            }
        }
    };
    let mut fields = fields.into_iter().zip(texts);
    // One can type at once.
    let first = fields.next().map(|((label, hint), text)| field(label, hint, text, true));
    let others = fields.map(|((label, hint), text)| field(label, hint, text, false)).collect_view();
    view! {
        <form on:submit=boxed(on_submit)>
            {first}
            {others}
            <p class="field__error" role="alert">{move || error.get()}</p>
            <div class="card__actions">
                <button class="button" type="button" on:click=boxed(move |_| ui.sheet.set(None))>{said(words::CANCEL)}</button>
                <button class="button button--primary" type="submit" disabled=move || is_busy.get()>
                    {said(submit)}
                </button>
            </div>
        </form>
    }
}

/// A labelled field, with a hint below it.
pub(super) fn field(
    label: Word,
    hint: Option<Word>,
    text: RwSignal<String>,
    is_first: bool,
) -> AnyView {
    view! {
        <label class="field">
            <span>{said(label)}</span>
            <input
                type="text"
                autocomplete="off"
                autofocus=is_first
                aria-label=said(label)
                prop:value=text
                on:input:target=move |event| text.set(event.target().value())
            />
            <small>{hint.map(said)}</small>
        </label>
    }
    .into_any()
}
