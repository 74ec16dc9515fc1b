//! All keys and commands, on one sheet.

use leptos::prelude::*;
use netchat_client::slash::COMMANDS;

use super::keys::KEYS;
use super::{said, use_ui};
use crate::words::{help, values};

#[component]
pub(super) fn HelpSheet() -> impl IntoView {
    let ui = use_ui();
    let keys = KEYS.map(|(key, what)| {
        view! { <div><dt><kbd>{said(key)}</kbd></dt><dd>{said(what)}</dd></div> }
    });
    let commands = COMMANDS.iter().map(|command| {
        let typed = format!("/{} {}", command.name, command.takes);
        view! { <div><dt><code>{typed}</code></dt><dd>{move || values::command(ui.locale(), command)}</dd></div> }
    });
    let commands = commands.collect_view();
    view! {
        <h3>{said(help::KEYS)}</h3>
        <dl class="help">{keys}</dl>
        <h3>{said(help::COMMANDS)}</h3>
        <dl class="help">{commands}</dl>
    }
}
