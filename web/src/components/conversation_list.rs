//! The conversations, and who is online.

use leptos::html::Dialog;
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;

use super::account::AccountDialog;
use super::dialogs::{JoinGroup, MessageSeveral, NewGroup};
use super::groups::{Decisions, GroupDialog};
use super::use_ui;
use crate::model::{AccountIntent, Intent};

#[component]
pub(super) fn ConversationList() -> impl IntoView {
    let ui = use_ui();
    let me = ui.part(|model| model.me.as_ref().map(ToString::to_string));
    let listed = ui.part(crate::model::Model::listed);
    let online = ui.part(crate::model::Model::others_online);
    let (new_group, join_group) = (NodeRef::<Dialog>::new(), NodeRef::<Dialog>::new());
    let several = NodeRef::<Dialog>::new();
    let show = move |dialog: NodeRef<Dialog>| {
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    view! {
        <nav class="sidebar" aria-label="Conversations">
            <header class="sidebar__head">
                <div>
                    <strong>"NetChat"</strong>
                    <span class="sidebar__me">{move || me.get()}</span>
                </div>
                <button
                    class="button button--quiet"
                    type="button"
                    on:click=move |_| ui.perform(Intent::Account(AccountIntent::Open))
                >
                    "Account"
                </button>
                <button
                    class="button button--quiet"
                    type="button"
                    on:click=move |_| ui.perform(Intent::SignOut)
                >
                    "Sign out"
                </button>
            </header>
            <Decisions />
            <ul class="conversations">
                <For each=move || listed.get() key=Clone::clone let(conversation)>
                    <Entry conversation />
                </For>
            </ul>
            <div class="sidebar__actions">
                <button class="button" type="button" on:click=move |_| show(new_group)>"New group"</button>
                <button class="button" type="button" on:click=move |_| show(join_group)>"Join group"</button>
                <button class="button" type="button" on:click=move |_| show(several)>"Message several"</button>
            </div>
            <h2 class="sidebar__title" id="online-title">"Online"</h2>
            <ul class="online" aria-labelledby="online-title">
                <For each=move || online.get() key=Clone::clone let(name)>
                    {
                        let text = name.to_string();
                        let open = move |_| {
                            ui.perform(Intent::Select(Some(Conversation::User(name.clone()))));
                        };
                        view! {
                            <li>
                                <button class="online__user" type="button" on:click=open>{text}</button>
                            </li>
                        }
                    }
                </For>
            </ul>
            <Show when=move || online.with(Vec::is_empty)>
                <p class="sidebar__hint">"Nobody else is online."</p>
            </Show>
            <NewGroup dialog=new_group />
            <JoinGroup dialog=join_group />
            <MessageSeveral dialog=several />
            <AccountDialog />
            <GroupDialog />
        </nav>
    }
}

/// One conversation in the list. Its accessible name is that of the conversation alone; what is
/// unread and the last line describe it.
#[component]
fn Entry(conversation: Conversation) -> impl IntoView {
    let ui = use_ui();
    let name = conversation.to_string();
    let is_selected = {
        let conversation = conversation.clone();
        ui.part(move |model| model.selected.as_ref() == Some(&conversation))
    };
    let state = {
        let conversation = conversation.clone();
        ui.part(move |model| {
            let thread = model.threads.get(&conversation);
            thread.map_or((0, String::new()), |thread| (thread.unread, thread.last_line()))
        })
    };
    let kind = match &conversation {
        Conversation::Everyone => "everyone",
        Conversation::Group(_) => "group",
        Conversation::User(_) => "user",
    };
    let unread = move || state.with(|(unread, _)| *unread);
    let description = format!("about-{kind}-{name}").replace(' ', "_");
    let open = move |_| ui.perform(Intent::Select(Some(conversation.clone())));
    view! {
        <li>
            <button
                class=format!("conversation conversation--{kind}")
                type="button"
                aria-label=name
                aria-describedby=description
                aria-current=move || is_selected.get().then_some("true")
                on:click=open
            >
                <span class="conversation__name">{name.clone()}</span>
                <span class="conversation__about" id=description.clone()>
                    <Show when=move || { unread() > 0 }>
                        <span class="badge">{unread}<span class="visually-hidden">" unread"</span></span>
                    </Show>
                    <span class="conversation__line">{move || state.with(|(_, line)| line.clone())}</span>
                </span>
            </button>
        </li>
    }
}
