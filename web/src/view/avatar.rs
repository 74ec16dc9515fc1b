//! Who somebody is, at a glance: initials on a colour of their own.

use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use netchat_shared::name::UserName;

use super::use_ui;
use crate::store::Thing;

/// There are so many colours of names (style.css).
const COLOURS: u32 = 8;

/// The class of the colour of a name: always the same for the same name.
pub(crate) fn colour(name: &str) -> String {
    // FNV-1a: short, and spreads names well.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("name--{}", (hash >> 16) % COLOURS + 1)
}

/// The first letters of the first two words of a name.
fn initials(name: &str) -> String {
    let words = name.split([' ', '-', '_', '.']).filter_map(|word| word.chars().next());
    let mut initials: String = words.take(2).collect();
    initials.make_ascii_uppercase();
    initials
}

/// Somebody, with whether they are online.
pub(crate) fn person(name: &UserName, has_presence: bool) -> AnyView {
    let class = format!("avatar {}", colour(name.as_str()));
    let presence = has_presence.then(|| presence(name.clone()));
    view! { <span class=class aria-hidden="true">{initials(name.as_str())}{presence}</span> }
        .into_any()
}

/// A conversation.
pub(crate) fn conversation(conversation: &Conversation) -> AnyView {
    match conversation {
        Conversation::User(name) => person(name, true),
        Conversation::Group(_) => {
            view! { <span class="avatar avatar--group" aria-hidden="true">"#"</span> }.into_any()
        }
        Conversation::Everyone => {
            view! { <span class="avatar avatar--group" aria-hidden="true">"∗"</span> }.into_any()
        }
    }
}

/// A filled dot for who is online, a ring for who is not, or while that can't be known.
fn presence(name: UserName) -> AnyView {
    let is_online = use_ui().part(Thing::Online, move |store| store.is_online(&name));
    view! { <i class="dot" class:dot--on=move || is_online.get()></i> }.into_any()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_name_has_its_initials_and_its_colour() {
        assert_eq!(initials("bob"), "B");
        assert_eq!(initials("anna-lena muster"), "AL");
        assert_eq!(initials("  x"), "X");
        assert_eq!(colour("bob"), colour("bob"));
        let names = ["alice", "bob", "carol", "dan", "eve", "frank", "grace", "heidi"];
        let colours: netchat_shared::sorted::SortedSet<_> =
            names.iter().map(|name| colour(name)).collect();
        assert!(colours.len() >= 4, "{colours:?}");
    }
}
