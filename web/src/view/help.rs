//! All keys and commands, on one sheet.

use leptos::prelude::*;
use netchat_client::slash::COMMANDS;

use super::dialogs::Modal;
use super::keys::KEYS;

#[component]
pub(super) fn HelpSheet() -> impl IntoView {
    let keys = KEYS.map(|(key, what)| {
        view! { <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div> }
    });
    let commands = COMMANDS.iter().map(|command| {
        let typed = format!("/{} {}", command.name, command.takes);
        view! { <div><dt><code>{typed}</code></dt><dd>{command.does}</dd></div> }
    });
    let commands = commands.collect_view();
    view! {
        <Modal title="Keys and commands">
            <h3>"Keys"</h3>
            <dl class="help">{keys}</dl>
            <h3>"Commands, typed where messages are typed"</h3>
            <dl class="help">{commands}</dl>
        </Modal>
    }
}
