//! The language of the page.

use leptos::prelude::*;
use netchat_client::session::{Event, Progress};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::BlockReply;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_web::store::{Setting, Store};
use netchat_web::words::Locale;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::Element;

use crate::page::*;

/// What is the same in both languages, or is nobody's language.
const SAME: [&str; 24] = [
    "#",
    "/",
    "?",
    "∗",
    "1",
    "A",
    "B",
    "F6",
    "Deutsch",
    "Details",
    "Emoji",
    "English",
    "Name",
    "CS: Group",
    "NetChat",
    "Online",
    "System",
    "Tab",
    "alice",
    "bob",
    "bob: hello",
    "hello",
    "hi",
    "↑",
];

async fn speak(page: &Page, locale: Locale) {
    page.change(|store| store.set(Setting::Language(Some(locale))).unwrap()).await;
}

/// Everything that is read or heard, in the order of the page.
fn words(page: &Page) -> Vec<String> {
    let all = page.element.query_selector_all("*").unwrap();
    let all = (0..all.length()).map(|at| all.item(at).unwrap().unchecked_into::<Element>());
    let heard = |element: Element| {
        let mut words: Vec<String> = ["aria-label", "title", "placeholder"]
            .iter()
            .filter_map(|name| element.get_attribute(name))
            .collect();
        if element.child_element_count() == 0 {
            words.extend(element.text_content());
        }
        words
    };
    all.flat_map(heard).map(|words| words.trim().to_owned()).collect()
}

fn with_messages(store: &mut Store) {
    with_bob(store);
    store.fold(now(), Event::Arrived(stored(1, &bob(), "hello")));
    let id = MessageId(7);
    store.add_own(now().calendar, &bob(), id, &MessageKind::Text, "hi".to_owned());
    store.fold(now(), Event::Progress(id, Progress::Sent));
    store.fold(now(), Event::Arrived(stored(2, &group(), "hello")));
    store.say("hi".to_owned());
}

#[test]
async fn every_word_follows_and_nothing_is_drawn_anew() {
    let page = Page::open(with_messages).await;
    page.click("Details").await;
    let (english, row) = (words(&page), page.find(".message").unwrap());
    speak(&page, Locale::De).await;
    let german = words(&page);
    assert_eq!(english.len(), german.len(), "{english:?}\n{german:?}");
    let left = english.iter().zip(&german).filter(|(english, german)| english == german);
    let is_word = |text: &&str| text.contains(|c: char| c.is_alphabetic()) && !SAME.contains(text);
    let left: Vec<&str> = left.map(|(english, _)| english.as_str()).filter(is_word).collect();
    assert_eq!(left, Vec::<&str>::new());
    assert!(page.find(".message").unwrap().is_same_node(Some(&row)));
    speak(&page, Locale::En).await;
    assert_eq!(words(&page), english);
}

#[test]
async fn sheets_and_errors_are_in_the_language_of_the_page() {
    let page = Page::open(with_bob).await;
    speak(&page, Locale::De).await;
    assert_eq!(document().document_element().unwrap().get_attribute("lang").as_deref(), Some("de"));
    page.click("Tasten und Befehle").await;
    assert!(page.texts("dialog dd").contains(&"wer online ist".to_owned()));
    assert!(page.texts("dialog dt").contains(&"Strg K".to_owned()));
    page.click("Schließen").await;
    page.change(|store| {
        store.fold(now(), Event::Block("eve".parse().unwrap(), BlockReply::Blocked));
    })
    .await;
    assert_eq!(page.texts(".notice span"), ["Du hörst nichts mehr von Einladungen von eve."]);
    page.change(|store| store.open(Some(Conversation::Everyone))).await;
    assert_eq!(page.texts(".talk__title h1"), ["Alle"]);
    speak(&page, Locale::En).await;
    assert_eq!(page.texts(".talk__title h1"), ["Everyone"]);
    assert_eq!(page.texts(".notice span"), ["Du hörst nichts mehr von Einladungen von eve."]);
}
