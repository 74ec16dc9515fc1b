//! All keys and commands, on one sheet.

use leptos::prelude::*;
use netchat_client::slash::HELP;

use super::dialogs::Modal;
use super::keys::KEYS;

#[component]
pub(super) fn HelpSheet() -> impl IntoView {
    let keys = KEYS.map(|(key, what)| {
        view! { <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div> }
    });
    let commands = HELP.map(|line| {
        let (command, what) = line.split_once("  ").unwrap_or((line, ""));
        view! { <div><dt><code>{command}</code></dt><dd>{what.trim_start()}</dd></div> }
    });
    view! {
        <Modal title="Keys and commands">
            <h3>"Keys"</h3>
            <dl class="help">{keys}</dl>
            <h3>"Commands, typed where messages are typed"</h3>
            <dl class="help">{commands}</dl>
        </Modal>
    }
}
