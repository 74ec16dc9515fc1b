//! The page in another language than English.

use netchat_tests::browser::{Browser, Device};
use netchat_tests::process::System;
use netchat_tests::terminal::Terminal;

use super::web_surroundings::misfits;

const LANGUAGE: &str = "return document.documentElement.lang";

async fn chooses(page: &Browser, menu: &str, language: &str) {
    page.click(menu).await;
    page.find(&format!("//label[.='{language}']")).await.click().await.unwrap();
}

#[tokio::test]
async fn a_language_is_chosen_in_the_menu_changes_everything_at_once_and_stays() {
    let system = System::start(&[]).await;
    let mut bob = Terminal::signed_in(&system.udp.to_string(), "bob", &[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    assert_eq!(alice.ask(LANGUAGE).await, "en");
    alice.sign_in("alice", "alicespassword").await;
    bob.types("/chat alice").await;
    bob.types("hello").await;
    alice.open_conversation("bob").await;
    alice.sees("hello").await;
    alice.write("hi").await;
    alice.shows("Received").await;
    alice.shows("Today").await;
    alice.types("half a thought").await;

    chooses(&alice, "Menu", "Deutsch").await;
    assert_eq!(alice.ask(LANGUAGE).await, "de");
    alice.find("//legend[.='Sprache']").await;
    alice.find("//button[normalize-space(.)='Tasten und Befehle']").await;
    alice.presses(&["Escape"]).await;
    alice.shows("Heute").await;
    alice.find("//*[@role='log' and @aria-label='Nachrichten']").await;
    alice.find("//button[@title='Angekommen']").await;
    alice.lacks("//*[text()='Today' or text()='Received' or text()='Connected']").await;
    let typed = "return document.querySelector('.box__text').value";
    assert_eq!(alice.ask(typed).await, "half a thought", "nothing is drawn anew");
    alice.run("document.querySelector('.box__text').value = ''").await;
    let message = alice.find("//textarea[@aria-label='Nachricht']").await;
    message.send_keys("/blocked\u{e007}").await.unwrap();
    alice.shows("Du hörst von allen Einladungen.").await;
    message.send_keys("/chat a#b\u{e007}").await.unwrap();
    alice.shows("ein Name darf das nicht enthalten: „#“").await;

    alice.reload().await;
    alice.find("//nav[@aria-label='Gespräche']").await;
    assert_eq!(alice.ask(LANGUAGE).await, "de");
    alice.shows("Heute").await;
    alice.screenshot("german").await;
    for hash in ["#/u/bob", "#/"] {
        alice.goes_to(hash).await;
        for (width, height) in [(320, 568), (1_100, 860)] {
            alice.is_sized(width, height).await;
            assert_eq!(misfits(&alice).await, "", "{hash}, {width}");
        }
    }
    alice.goes_to("#/u/bob").await;
    alice.click("Details").await;
    assert_eq!(alice.accessibility_faults().await, Vec::<String>::new());
    alice.is_sized(320, 568).await;
    assert_eq!(misfits(&alice).await, "", "details");
    alice.screenshot("german-320").await;
}

/// Chooses a language beside the sign-in form, by its name there.
async fn chooses_at_the_door(page: &Browser, choice: &str, language: &str) {
    let choice = format!("//label[normalize-space(span)='{choice}']/select");
    page.find(&choice).await.select_by_label(language).await.unwrap();
}

#[tokio::test]
async fn a_language_is_chosen_before_one_signs_in_also_before_the_program_is_there() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    chooses_at_the_door(&alice, "Language", "Deutsch").await;
    alice.find("//button[.='Anmelden']").await;
    assert_eq!(alice.ask(LANGUAGE).await, "de");
    alice.find("//*[@role='status' and @aria-label='Verbindung']").await;
    assert_eq!(alice.accessibility_faults().await, Vec::<String>::new());
    alice.is_sized(320, 568).await;
    assert_eq!(misfits(&alice).await, "");
    // It is the person's from then on, and nothing of another language is seen.
    alice.holds_the_program().await;
    alice.reload().await;
    alice.find("//button[.='Anmelden']").await;
    let chosen = "return document.querySelector('#language').value";
    assert_eq!(alice.ask(chosen).await, "de");
    alice.fill("Name", "alice").await;
    chooses_at_the_door(&alice, "Sprache", "English").await;
    alice.find("//button[.='Sign in']").await;
    alice.lets_the_program_go().await;
    alice.find("//*[@role='status' and .='Connected']").await;
    assert_eq!(alice.ask(LANGUAGE).await, "en");
    alice.reload().await;
    alice.lets_the_program_go().await;
    chooses_at_the_door(&alice, "Language", "Deutsch").await;
    alice.find("//*[@role='status' and .='Verbunden']").await;
    chooses_at_the_door(&alice, "Sprache", "System").await;
    alice.find("//*[@role='status' and .='Connected']").await;
    alice.sign_in("alice", "alicespassword").await;
    chooses(&alice, "Menu", "Deutsch").await;
    alice.click("Abmelden").await;
    alice.find("//button[.='Anmelden']").await;
    assert_eq!(alice.ask(chosen).await, "de");
}

/// What is found first of what is typed into the picker of emoji.
async fn finds_emoji(page: &Browser, typed: &str, first: &str) {
    page.click("Emoji").await;
    page.find("//dialog[@aria-label='Emoji']//li").await;
    page.types_here(typed).await;
    let found = "done(document.querySelector('.emoji__sign')?.ariaLabel ?? '')";
    page.waits_until(found, first).await;
    page.presses(&["Escape"]).await;
    page.lacks("//dialog").await;
}

#[tokio::test]
async fn emoji_are_found_by_their_names_in_the_language_of_the_page_and_by_their_english_ones() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.goes_to("#/e").await;
    finds_emoji(&alice, "Thumbs up", "thumbs up").await;
    chooses(&alice, "Menu", "Deutsch").await;
    alice.presses(&["Escape"]).await;
    for typed in ["Daumen hoch", "einverstanden", "thumbs up"] {
        finds_emoji(&alice, typed, "Daumen hoch").await;
    }
    finds_emoji(&alice, "ÜBERMÜDET", "Gesicht mit Augenringen").await;
    let language = "return document.querySelector('.emoji__grid').lang";
    alice.click("Emoji").await;
    alice.find("//dialog//button[@aria-label='grinsendes Gesicht']").await;
    assert_eq!(alice.ask(language).await, "de");
}

#[tokio::test]
async fn a_browser_that_wants_german_is_answered_in_german_before_the_program_is_there_and_after() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::German).await;
    alice.holds_the_program().await;
    alice.reload().await;
    alice.find("//button[.='Anmelden']").await;
    assert_eq!(alice.ask(LANGUAGE).await, "de");
    alice.fill("Passwort des Servers", "password").await;
    alice.lets_the_program_go().await;
    alice.fill("Name", "a#b").await;
    alice.fill("Passwort", "alicespassword").await;
    alice.click("Anmelden").await;
    alice.shows("Ein Name darf das nicht enthalten: „#“.").await;
    alice.is_sized(320, 568).await;
    assert_eq!(misfits(&alice).await, "");
    assert_eq!(alice.accessibility_faults().await, Vec::<String>::new());
    alice.screenshot("german-sign-in").await;
    alice.fill("Name", "alice").await;
    alice.click("Anmelden").await;
    alice.fill("Passwort wiederholen", "alicespassword").await;
    alice.click("Konto anlegen").await;
    alice.find("//nav[@aria-label='Gespräche']").await;
    // What the person sets holds, whatever the browser wants.
    chooses(&alice, "Menü", "English").await;
    alice.find("//nav[@aria-label='Conversations']").await;
    alice.reload().await;
    alice.lets_the_program_go().await;
    alice.find("//nav[@aria-label='Conversations']").await;
    assert_eq!(alice.ask(LANGUAGE).await, "en");
    alice.click("Menu").await;
    let system = "//fieldset[legend='Language']//label[.='System']";
    alice.find(system).await.click().await.unwrap();
    alice.find("//nav[@aria-label='Gespräche']").await;
}
