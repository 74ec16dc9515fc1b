//! The box to write in.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use netchat_client::slash::{Slash, Typed, help};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::GroupAction;

use super::{Ui, use_ui};
use crate::model::{AccountIntent, GroupIntent, Intent};

#[component]
pub(super) fn Composer() -> impl IntoView {
    let ui = use_ui();
    let drafts = ui.drafts;
    let selected = ui.part(|model| model.selected.clone());
    let error = RwSignal::new(None::<String>);
    let draft = Memo::new(move |_| {
        let selected = selected.get();
        drafts.with(|drafts| selected.and_then(|to| drafts.get(&to).cloned()).unwrap_or_default())
    });
    let write = move |text: String| {
        if let Some(to) = selected.get_untracked() {
            drafts.update(|drafts| {
                drafts.insert(to, text);
            });
        }
    };
    let send = move || {
        let Some(to) = selected.get_untracked() else {
            return;
        };
        // What was not sent stays where it was typed.
        match submit(ui, &to, draft.get_untracked().trim_end()) {
            Ok(()) => {
                error.set(None);
                drafts.update(|drafts| {
                    drafts.remove(&to);
                });
            }
            Err(line) => error.set(Some(line)),
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    view! {
        <form class="composer" on:submit=on_submit>
            <textarea
                aria-label="Message"
                aria-describedby="composer-error"
                placeholder="Write a message"
                rows="1"
                prop:value=draft
                on:input:target=move |event| write(event.target().value())
                on:keydown=on_key
            ></textarea>
            <button class="button button--primary" type="submit">"Send"</button>
            <p id="composer-error" class="composer__error" role="alert">{move || error.get()}</p>
        </form>
    }
}

/// Sends what was typed, or does what it commands.
fn submit(ui: Ui, to: &Conversation, text: &str) -> Result<(), String> {
    let command = match Slash::parse(text).map_err(|error| error.to_string())? {
        Typed::Text(text) => return ui.act.run(Intent::Send(to.clone(), text.to_owned())),
        Typed::Command(command) => command,
    };
    let select = |conversation| Intent::Select(Some(conversation));
    let intent = match command {
        Slash::Chat(names) => match &names[..] {
            [name] => select(Conversation::User(name.clone())),
            _ => return Err("to write to several people, use “Message several”".to_owned()),
        },
        Slash::Group(group) => Intent::JoinGroup(group.to_string()),
        Slash::NewGroup(group, members) => {
            Intent::CreateGroup(group.to_string(), members.join(";"))
        }
        Slash::QuitGroup(group) => Intent::QuitGroup(Conversation::Group(group)),
        Slash::Invite(group, names) => Intent::Group(GroupIntent::Invite(group, names.join(";"))),
        Slash::ActOnGroup(group, GroupAction::Describe) => Intent::Group(GroupIntent::Open(group)),
        Slash::ActOnGroup(group, action) => Intent::Group(GroupIntent::Act(group, action)),
        Slash::Block(name, true) => Intent::Group(GroupIntent::Block(name)),
        Slash::Block(name, false) => Intent::Group(GroupIntent::Unblock(name)),
        Slash::Blocked => Intent::Group(GroupIntent::ListBlocked),
        Slash::Broadcast => select(Conversation::Everyone),
        Slash::Active => {
            let names = ui.model.with_untracked(|model| {
                model.online.names.iter().map(ToString::to_string).collect::<Vec<_>>()
            });
            ui.model.update(|model| model.say(format!("Online: {}", names.join(", "))));
            return Ok(());
        }
        Slash::Reply(text) => Intent::Reply(to.clone(), text),
        Slash::Edit(text) => Intent::Edit(to.clone(), text),
        Slash::Delete => Intent::Delete(to.clone()),
        Slash::React(reaction) => Intent::React(to.clone(), reaction),
        Slash::Password { .. } | Slash::Sessions | Slash::EndSession(_) => {
            Intent::Account(AccountIntent::Open)
        }
        Slash::EndOtherSessions => Intent::Account(AccountIntent::EndOthers),
        Slash::Leave => Intent::Select(None),
        Slash::Exit => Intent::SignOut,
        Slash::ExitEverywhere => Intent::Account(AccountIntent::SignOutEverywhere),
        Slash::Help => {
            ui.model.update(|model| help().for_each(|line| model.say(line)));
            return Ok(());
        }
    };
    ui.act.run(intent)
}
