//! Groups by consent: what waits for the person's decision, and the details of a group.

use leptos::ev::SubmitEvent;
use leptos::html::Select;
use leptos::prelude::*;
use netchat_shared::extended::{GroupAction, JoinPolicy};
use netchat_shared::name::{GroupName, UserName};

use super::dialogs::field;
use super::shown::{boxed, list, when};
use super::{said, use_ui};
use crate::store::{GroupDetails, GroupIntent, Intent, Store, Thing};
use crate::words::{Word, group as words, values};

/// Groups that one is invited to, and who asks to join one's own.
#[component]
pub(super) fn Decisions() -> impl IntoView {
    let ui = use_ui();
    let invitations = ui.part(Thing::Decisions, |store| {
        store.groups.invitations.clone().into_iter().collect::<Vec<_>>()
    });
    let asking =
        ui.part(Thing::Decisions, |store| store.groups.asking.iter().cloned().collect::<Vec<_>>());
    let is_empty = move || invitations.with(Vec::is_empty) && asking.with(Vec::is_empty);
    view! {
        <section class="decisions" aria-label=said(words::INVITATIONS) hidden=move || is_empty()>
            <h2 class="sidebar__title">{said(words::INVITATIONS)}</h2>
            <ul class="decisions__list">
                {list(move || invitations.get(), pair_key, |(group, by)| {
                    view! { <Invitation group by /> }.into_any()
                })}
                {list(move || asking.get(), pair_key, |(group, name)| {
                    view! { <Asking group name /> }.into_any()
                })}
            </ul>
        </section>
    }
}

/// No name holds the sign between them.
fn pair_key((group, name): &(GroupName, UserName)) -> String {
    format!("{group}#{name}")
}

#[component]
fn Invitation(group: GroupName, by: UserName) -> impl IntoView {
    let ui = use_ui();
    let decline = GroupIntent::Act(group.clone(), GroupAction::Decline);
    let (of, name) = (group.clone(), by.clone());
    let text = move || words::InvitedBy { name: &name, group: &of }.say(ui.locale());
    let (of, other) = (group.clone(), group.clone());
    let accept_label = move || words::AcceptThat { group: &of }.say(ui.locale());
    let decline_label = move || words::DeclineThat { group: &other }.say(ui.locale());
    let name = by.clone();
    let block_label = move || words::BlockThat { name: &name }.say(ui.locale());
    view! {
        <li>
            <p role="status">{move || text()}</p>
            <div class="decisions__actions">
                <Act text=words::ACCEPT label=label(accept_label) intent=GroupIntent::Accept(group) />
                <Act text=words::DECLINE label=label(decline_label) intent=decline />
                <Act text=words::BLOCK label=label(block_label) intent=GroupIntent::Block(by) />
            </div>
        </li>
    }
}

#[component]
fn Asking(group: GroupName, name: UserName) -> impl IntoView {
    let ui = use_ui();
    let (of, asks, admitted, turned) = (group.clone(), name.clone(), name.clone(), name.clone());
    let text = move || words::Asks { name: &asks, group: &of }.say(ui.locale());
    let admit_label = move || words::LetInThat { name: &admitted }.say(ui.locale());
    let turn_away_label = move || words::TurnAwayThat { name: &turned }.say(ui.locale());
    let admit = GroupIntent::Act(group.clone(), GroupAction::Admit(name.clone()));
    let turn_away = GroupIntent::Act(group, GroupAction::TurnAway(name));
    view! {
        <li>
            <p role="status">{move || text()}</p>
            <div class="decisions__actions">
                <Act text=words::LET_IN label=label(admit_label) intent=admit />
                <Act text=words::TURN_AWAY label=label(turn_away_label) intent=turn_away />
            </div>
        </li>
    }
}

/// One type for what a button is called.
type Label = Box<dyn Fn() -> String + Send>;

fn label(label: impl Fn() -> String + Send + 'static) -> Label {
    Box::new(label)
}

#[component]
fn Act(text: Word, label: Label, intent: GroupIntent) -> impl IntoView {
    let ui = use_ui();
    view! {
        <button
            class="button button--small"
            type="button"
            aria-label=move || label()
            on:click=boxed(move |_| ui.perform(Intent::Group(intent.clone())))
        >
            {said(text)}
        </button>
    }
}

/// The details of a group: who may join, who is in it, who is invited. Its maker changes them here.
#[component]
pub(super) fn GroupDetailsView() -> impl IntoView {
    let ui = use_ui();
    let error = ui.part(Thing::Details, |store| details(store, |details| details.error.clone()));
    let is_maker = ui.part(Thing::Details, is_maker);
    let quit = move |_| {
        if let Some(group) = ui.front() {
            ui.perform(Intent::QuitGroup(group));
        }
    };
    view! {
        <Policy />
        <Members />
        <InvitedPeople />
        <TypedAction label=words::INVITE name=words::INVITE_NOW hint=words::NAMES_HINT intent=GroupIntent::Invite />
        {when(
            move || is_maker.get(),
            || {
                view! {
                    <TypedAction label=words::RENAME name=words::RENAME_NOW hint=words::RENAME_HINT intent=GroupIntent::Rename />
                }
                    .into_any()
            },
        )}
        <p class="field__error" role="alert">{move || error.get()}</p>
        <button class="button" type="button" on:click=boxed(quit)>{said(words::LEAVE)}</button>
    }
}

#[component]
fn Policy() -> impl IntoView {
    let ui = use_ui();
    let policy = ui.part(Thing::Details, |store| {
        details(store, |it| it.info.as_ref().map(|info| info.policy))
    });
    let maker = ui.part(Thing::Details, |store| {
        details(store, |it| it.info.as_ref().map(|info| info.maker.to_string()))
    });
    let is_maker = ui.part(Thing::Details, is_maker);
    let choose = move |word: String| {
        let group = ui.live.read(|store| details(store, |it| Some(it.group.clone())));
        if let (Some(group), Some(policy)) = (group, JoinPolicy::from_word(&word)) {
            let set = GroupAction::SetPolicy(policy);
            ui.perform(Intent::Group(GroupIntent::Act(group, set)));
        }
    };
    // What was chosen and refused is not shown as if it held.
    let select = NodeRef::<Select>::new();
    Effect::new(move |before: Option<Option<JoinPolicy>>| {
        ui.live.track(Thing::Details);
        let is_refused = ui.live.read(|store| details(store, |it| it.error.clone())).is_some();
        let policy = policy.get();
        if let Some(select) = select.get()
            && (is_refused || before != Some(policy))
        {
            select.set_value(policy.map_or("", JoinPolicy::word));
        }
        policy
    });
    let options = JoinPolicy::ALL.map(|(policy, word)| {
        view! { <option value=word>{said(values::policy(policy))}</option> }
    });
    view! {
        <p>{move || maker.get().map(|name| words::Decides { name: &name }.say(ui.locale()))}</p>
        <label class="field">
            <span>{said(words::WHO_MAY_JOIN)}</span>
            <select
                aria-label=said(words::WHO_MAY_JOIN)
                node_ref=select
                disabled=move || !is_maker.get()
                on:change:target=move |event| choose(event.target().value())
            >
                {options}
            </select>
        </label>
    }
}

/// Somebody of a group, and the group if they can be taken out of it.
type Person = (UserName, Option<GroupName>);

/// No name holds the sign between them.
fn person_key((name, group): &Person) -> String {
    format!("{name}#{}", group.as_ref().map_or("", GroupName::as_str))
}

fn member((name, group): Person) -> AnyView {
    let act = group.map(|group| {
        let (ui, removed) = (use_ui(), name.clone());
        let remove = move || words::RemoveThat { name: &removed }.say(ui.locale());
        let intent = GroupIntent::Act(group, GroupAction::Remove(name.clone()));
        view! { <Act text=words::REMOVE label=label(remove) intent /> }
    });
    view! { <li><strong>{name.to_string()}</strong>{act}</li> }.into_any()
}

fn invited_person((name, group): Person) -> AnyView {
    let act = group.map(|group| {
        let (ui, invited) = (use_ui(), name.clone());
        let take_back = move || words::TakeBackThat { name: &invited }.say(ui.locale());
        let intent = GroupIntent::Act(group, GroupAction::TurnAway(name.clone()));
        view! { <Act text=words::TAKE_BACK label=label(take_back) intent /> }
    });
    view! { <li><span>{name.to_string()}</span>{act}</li> }.into_any()
}

#[component]
fn Members() -> impl IntoView {
    let ui = use_ui();
    let members = ui.part(Thing::Details, |store| {
        let group = details(store, |it| Some(it.group.clone()));
        let members = details(store, |it| Some(it.members.clone())).unwrap_or_default();
        let may_remove = is_maker(store);
        let me = store.me.clone();
        let row = |name: UserName| {
            let is_other = may_remove && Some(&name) != me.as_ref();
            (name, group.clone().filter(|_| is_other))
        };
        members.into_iter().map(row).collect::<Vec<_>>()
    });
    let drawn = frame_by_frame(members);
    view! {
        <section class="details__part" aria-labelledby="members-title">
            <h3 id="members-title">{said(words::MEMBERS)}</h3>
            <ul class="people" aria-label=said(words::MEMBERS)>
                {list(move || members.with(|all| all.iter().take(drawn.get()).cloned().collect()), person_key, member)}
            </ul>
        </section>
    }
}

/// How many of these are drawn: some in each frame, so that none takes long.
fn frame_by_frame(people: Memo<Vec<Person>>) -> RwSignal<usize> {
    const PEOPLE_A_FRAME: usize = 50;
    let drawn = RwSignal::new(PEOPLE_A_FRAME);
    Effect::new(move || {
        if people.with(Vec::len) > drawn.get() {
            // The details may be closed by then.
            request_animation_frame(move || {
                drawn.try_update(|drawn| *drawn += PEOPLE_A_FRAME);
            });
        }
    });
    drawn
}

#[component]
fn InvitedPeople() -> impl IntoView {
    let ui = use_ui();
    let invited = ui.part(Thing::Details, |store| {
        let group = details(store, |it| Some(it.group.clone()));
        let group = group.filter(|_| is_maker(store));
        let info = details(store, |it| it.info.clone());
        let invited = info.map(|info| info.invited.into_vec()).unwrap_or_default();
        invited.into_iter().map(|name| (name, group.clone())).collect::<Vec<_>>()
    });
    view! {
        <section class="details__part" aria-labelledby="invited-title" hidden=move || invited.with(Vec::is_empty)>
            <h3 id="invited-title">{said(words::INVITED)}</h3>
            <ul class="people" aria-label=said(words::INVITED)>
                {list(move || invited.get(), person_key, invited_person)}
            </ul>
        </section>
    }
}

/// A field, and what is done with what was typed there.
#[component]
fn TypedAction(
    label: Word,
    /// What its button is called.
    name: Word,
    hint: Word,
    intent: fn(GroupName, String) -> GroupIntent,
) -> impl IntoView {
    let ui = use_ui();
    let text = RwSignal::new(String::new());
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let group = ui.live.read(|store| details(store, |it| Some(it.group.clone())));
        let Some(group) = group else { return };
        match ui.try_to(Intent::Group(intent(group, text.get_untracked()))) {
            Ok(()) => text.set(String::new()),
            Err(line) => {
                ui.live.change(|store| store.refuse_details(line));
                ui.live.tell();
            }
        }
    };
    view! {
        <form on:submit=boxed(on_submit)>
            {field(label, Some(hint), text, false)}
            <button class="button button--small" type="submit" aria-label=said(name)>{said(label)}</button>
        </form>
    }
}

fn details<T>(store: &Store, read: impl FnOnce(&GroupDetails) -> Option<T>) -> Option<T> {
    store.groups.details.as_ref().and_then(read)
}

fn is_maker(store: &Store) -> bool {
    let maker = details(store, |details| details.info.as_ref().map(|info| info.maker.clone()));
    maker.is_some() && maker == store.me
}
