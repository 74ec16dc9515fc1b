//! Everything around the messages.

use leptos::prelude::*;
use netchat_client::session::{Connection, Event, GroupOutcome, PutOff, Question, Told};
use netchat_shared::classic::Roster;
use netchat_shared::extended::{Delay, GroupAction, GroupInfo, HistoryFrom, JoinPolicy};
use netchat_shared::list::List;
use netchat_shared::name::NameError;
use netchat_shared::time::Instant;
use netchat_web::store::{
    Field, Form, GroupDetails, GroupIntent, Intent, SearchIntent, Store, Wrong,
};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use crate::page::*;

#[test]
async fn a_new_name_is_asked_to_repeat_its_password() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.change_sign_in(|form| form.is_new = true)).await;
    page.fill("Repeat password", "secretly").await;
    page.click("Create account").await;
    let intents = page.intents();
    assert!(matches!(&intents[..], [Intent::SignIn(form)] if form.repeat_password == "secretly"));
}

#[test]
async fn the_server_password_is_asked_only_until_it_is_right() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.change_sign_in(|form| form.is_unlocked = true)).await;
    assert!(page.find(".field[hidden] #server-password").is_some());
    assert!(page.find(".field:not([hidden]) #name").is_some());
}

#[test]
async fn the_form_is_taken_over_with_what_was_typed_and_comes_back_empty() {
    let page = Page::open(|_| {}).await;
    page.fill("Name", "alice").await;
    let name = page.field("Name");
    page.change(|store| store.fold(now(), Event::SignedIn("alice".parse().unwrap()))).await;
    assert!(page.find("#sign-in-page").is_none());
    assert_eq!(name.value(), "", "nothing of it stays");
    page.change(|store| store.fold(now(), Event::EndedElsewhere)).await;
    assert!(page.find("#sign-in-page").is_some());
    assert_eq!(document().active_element().unwrap().id(), "name");
}

#[test]
async fn conversations_and_people_have_their_accessible_names() {
    let page = Page::open(with_bob).await;
    assert!(page.find("nav[aria-label='Conversations']").is_some());
    assert!(page.find("nav a[href='#/e']").is_some());
    assert_eq!(page.texts("ul[aria-labelledby='online-title'] a"), ["bob"]);
    assert_eq!(page.texts("#online-title"), ["Online"]);
    assert!(page.find("[role=log][aria-label='Messages']").is_some());
    assert!(page.find("[role=status][aria-label='Connection']").is_some());
    for name in ["Send", "New group", "Join group", "Sign out"] {
        page.button(name);
    }
    let everyone = page.find("nav a[href='#/e']").unwrap();
    assert_eq!(everyone.get_attribute("href").as_deref(), Some("#/e"));
}

#[test]
async fn the_connection_is_shown_with_a_way_to_hurry() {
    let page = Page::open(with_bob).await;
    let status = || page.texts("[aria-label=Connection]").remove(0);
    assert_eq!(status(), "Connecting…");
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    assert_eq!(status(), "Connected");
    let far = Instant::from_origin(std::time::Duration::from_secs(86_400));
    page.change(|store| store.fold(now(), Event::Connection(Connection::Retrying(far)))).await;
    assert!(status().starts_with("No connection. Trying again in "), "{}", status());
    assert!(page.find(".banner").is_none(), "nobody is disturbed at once");
    page.sees(".banner").await;
    page.click("Now").await;
    assert_eq!(page.intents(), [Intent::ConnectNow]);
}

#[test]
async fn nobody_counts_as_online_while_there_is_no_connection() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    assert_eq!(page.texts(".talk__about"), ["Online"]);
    assert!(page.find(".talk__head .dot--on").is_some());
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connecting))).await;
    assert_eq!(page.texts(".talk__about"), [""]);
    assert!(page.find(".talk__head .dot--on").is_none());
}

#[test]
async fn whoever_is_put_off_sees_why_and_until_when() {
    let page = Page::open(|_| {}).await;
    page.change(|store| store.fold(now(), Event::Connection(Connection::Connected))).await;
    let again_at = now().monotonic + std::time::Duration::from_millis(7_900);
    let put_off = Event::PutOff(PutOff { why: Delay::Attempts, again_at });
    page.change(|store| store.fold(now(), put_off)).await;
    let status = page.texts("[aria-label=Connection]").remove(0);
    // The seconds are tested where they are written; here they may pass.
    let until = status.strip_prefix("Too many wrong passwords from here: trying again in ");
    assert!(until.is_some_and(|until| until.ends_with(" s.")), "{status}");
}

#[test]
async fn what_becomes_of_a_group_is_said() {
    let page = Page::open(with_bob).await;
    let outcome = |outcome| {
        let event = Event::Group("CS: Group".parse().unwrap(), outcome);
        page.change(move |store| store.fold(now(), event))
    };
    outcome(GroupOutcome::NotFound(vec!["nobody".to_owned()])).await;
    let roster = Roster::parse("[(('hidden', 0), 'alice'), (('hidden', 0), 'bob')]").unwrap();
    outcome(GroupOutcome::Created(roster)).await;
    let lines = page.texts("[aria-label='Notices'] span");
    assert_eq!(lines, ["Could not be invited to CS: Group: nobody"]);
    assert_eq!(page.texts(".talk__title h1"), ["CS: Group"]);
    page.click("Details").await;
    page.click("Leave group").await;
    let opened = Intent::Group(GroupIntent::Open("CS: Group".parse().unwrap()));
    assert_eq!(page.intents(), [opened, Intent::QuitGroup(group())]);
    outcome(GroupOutcome::Quit).await;
    assert!(page.find("nav a[href='#/g/CS%3A%20Group']").is_none());
}

#[test]
async fn an_invitation_is_accepted_declined_or_its_sender_blocked() {
    let page = Page::open(with_bob).await;
    let name = || "CS: Group".parse().unwrap();
    assert!(page.find(".decisions").unwrap().hidden());
    page.change(|store| store.fold(now(), Event::Invited(name(), "bob".parse().unwrap()))).await;
    assert!(!page.find(".decisions").unwrap().hidden());
    assert_eq!(page.texts(".decisions p"), ["bob invites you to CS: Group"]);
    page.click("Accept CS: Group").await;
    page.click("Decline CS: Group").await;
    page.click("Block bob").await;
    let decline = GroupIntent::Act(name(), GroupAction::Decline);
    let block = GroupIntent::Block("bob".parse().unwrap());
    let expected = [GroupIntent::Accept(name()), decline, block].map(Intent::Group);
    assert_eq!(page.intents(), expected);
    page.change(|store| store.fold(now(), Event::InvitationEnded(name()))).await;
    assert!(page.find(".decisions").unwrap().hidden());
    // Who asks to join a group of one's own.
    page.change(|store| store.fold(now(), Event::Asks(name(), "eve".parse().unwrap()))).await;
    page.click("Let eve in").await;
    let admit = GroupIntent::Act(name(), GroupAction::Admit("eve".parse().unwrap()));
    assert_eq!(page.intents(), [Intent::Group(admit)]);
}

#[test]
async fn a_group_is_looked_after_in_its_details() {
    let page = Page::open(with_bob).await;
    let name = || "CS: Group".parse().unwrap();
    let outcome = |outcome| {
        let event = Event::Group("CS: Group".parse().unwrap(), outcome);
        page.change(move |store| store.fold(now(), event))
    };
    outcome(GroupOutcome::Joined).await;
    page.click("Details").await;
    assert_eq!(page.intents(), [Intent::Group(GroupIntent::Open(name()))]);
    let (info, members, error) = (None, Default::default(), None);
    let details = GroupDetails { group: name(), info, members, error };
    page.change(|store| store.show_details(Some(details))).await;
    let members = ["alice", "bob"].map(|name| name.parse().unwrap()).to_vec();
    page.change(|store| store.fold(now(), Event::Members(name(), members, false))).await;
    let has_remove = || page.find("button[aria-label='Remove bob']").is_some();
    assert!(!has_remove(), "it is not known whose group it is");
    let info = |maker: &str| GroupInfo {
        policy: JoinPolicy::Invitation,
        maker: maker.parse().unwrap(),
        invited: List::new(vec!["eve".parse().unwrap()]).unwrap(),
        asking: List::default(),
    };
    outcome(GroupOutcome::Is(info("bob"))).await;
    assert!(!has_remove(), "bob decides");
    outcome(GroupOutcome::Is(info("alice"))).await;
    assert!(page.find("button[aria-label='Remove alice']").is_none(), "one leaves oneself");
    page.click("Remove bob").await;
    page.click("Take the invitation of eve back").await;
    let remove = GroupAction::Remove("bob".parse().unwrap());
    let take_back = GroupAction::TurnAway("eve".parse().unwrap());
    let expected = [remove, take_back].map(|act| Intent::Group(GroupIntent::Act(name(), act)));
    assert_eq!(page.intents(), expected);
    // A policy that is refused is not shown as if it held.
    let policy: HtmlSelectElement = page.find("aside select").unwrap().unchecked_into();
    policy.set_value("anyone");
    policy.dispatch_event(&bubbling("change")).unwrap();
    settle().await;
    assert_eq!((policy.value().as_str(), page.intents().len()), ("anyone", 1));
    outcome(GroupOutcome::Refused(Told::Server("too late".to_owned()))).await;
    assert_eq!(policy.value(), "invitation");
    page.fill_in("aside[aria-label=Details]", "Rename", "Lab").await;
    page.click("Rename now").await;
    assert_eq!(page.intents(), [Intent::Group(GroupIntent::Rename(name(), "Lab".to_owned()))]);
    page.change(|store| store.fold(now(), Event::Renamed(name(), "Lab".parse().unwrap()))).await;
    assert_eq!(page.texts(".talk__title h1"), ["Lab"]);
    assert_eq!(page.texts("aside[aria-label=Details] h2"), ["Lab"]);
    let event = Event::Group("Lab".parse().unwrap(), GroupOutcome::WasRemoved);
    page.change(|store| store.fold(now(), event)).await;
    assert!(page.find("aside[aria-label=Details]").is_none());
    assert!(page.find("nav a[href='#/g/Lab']").is_none());
}

#[test]
async fn what_was_chosen_and_can_not_be_set_is_not_shown_as_if_it_held() {
    let page = Page::open(with_bob).await;
    page.click("Details").await;
    let chosen = |place: &str| {
        let inputs = page.element.query_selector_all(&format!("{place} input")).unwrap();
        let inputs = (0..inputs.length()).map(|at| inputs.item(at).unwrap().unchecked_into());
        inputs.map(|input: HtmlInputElement| input.checked()).collect::<Vec<_>>()
    };
    let hears = "aside fieldset";
    assert_eq!(chosen(hears), [true, false, false]);
    page.refusal.set(Some("There is no room for more".to_owned()));
    page.find("aside fieldset label:last-child input").unwrap().click();
    settle().await;
    assert_eq!(chosen(hears), [true, false, false]);
    let hides_typing = ".menu--person > label:last-of-type";
    page.find(&format!("{hides_typing} input")).unwrap().click();
    settle().await;
    assert_eq!(chosen(hides_typing), [false]);
}

#[test]
async fn a_thousand_members_are_drawn_a_few_in_each_frame() {
    let page = Page::open(with_bob).await;
    let name = || "CS: Group".parse().unwrap();
    page.change(|store| store.fold(now(), Event::Group(name(), GroupOutcome::Joined))).await;
    page.click("Details").await;
    let members = (0..1_000).map(|n| format!("member_{n}").parse().unwrap()).collect();
    let details =
        GroupDetails { group: name(), info: None, members: Default::default(), error: None };
    let drawn = || page.texts("ul[aria-label=Members] > li").len();
    page.change(|store| {
        store.show_details(Some(details));
        store.fold(now(), Event::Members(name(), members, false));
    })
    .await;
    assert!(drawn() <= 100, "{}", drawn());
    let mut frames = 0;
    while drawn() < 1_000 {
        frame().await;
        frames += 1;
    }
    assert!(frames >= 10, "{frames}");
}

#[test]
async fn who_is_online_is_always_the_present_list() {
    let page = Page::open(with_bob).await;
    let listed = || page.texts("ul[aria-labelledby='online-title'] a");
    assert_eq!(listed(), ["bob"]);
    page.change(|store| store.fold(now(), online(&["alice", "carol"]))).await;
    assert_eq!(listed(), ["carol"], "oneself is not listed");
    page.change(|store| store.fold(now(), online(&[]))).await;
    assert!(page.texts(".side__hint")[0].contains("Nobody else is online"));
}

#[test]
async fn a_session_that_has_ended_leads_back_to_the_form_and_says_so() {
    let page = Page::open(with_bob).await;
    let question = Question::ServerPassword { wrong: false };
    page.change(|store| store.fold(now(), Event::Asked(question))).await;
    assert!(page.find("#name").is_some());
    assert!(page.texts("[role=alert]").iter().any(|line| line.contains("session has ended")));
}

#[test]
async fn s12_a_session_that_was_ended_elsewhere_leads_back_to_the_form_and_says_so() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), Event::EndedElsewhere)).await;
    assert!(page.find("#name").is_some());
    let question = Question::Password { name: "alice".parse().unwrap(), wrong: false };
    page.change(|store| store.fold(now(), Event::Asked(question))).await;
    let said = page.texts("[role=alert]");
    assert!(said.iter().any(|line| line.contains("signed out from another session")), "{said:?}");
}

#[test]
async fn the_form_hands_on_what_was_typed() {
    let page = Page::open(|_| {}).await;
    page.fill("Server password", "password").await;
    page.fill("Name", "alice").await;
    page.fill("Password", "secret").await;
    page.click("Sign in").await;
    let form = Form {
        server_password: "password".to_owned(),
        name: "alice".to_owned(),
        password: "secret".to_owned(),
        word: String::new(),
        repeat_password: String::new(),
    };
    assert_eq!(page.intents(), [Intent::SignIn(form)]);
}

#[test]
async fn what_went_wrong_stands_beside_its_field_and_what_was_typed_stays() {
    let page = Page::open(|_| {}).await;
    page.fill("Name", "a#b").await;
    let error = (Field::Name, Wrong::NoName(NameError::Character('#')));
    page.change(|store| store.change_sign_in(|form| form.error = Some(error))).await;
    let name = page.field("Name");
    assert_eq!(name.value(), "a#b");
    assert_eq!(name.get_attribute("aria-invalid").as_deref(), Some("true"));
    let described_by = name.get_attribute("aria-describedby").unwrap();
    assert_eq!(page.texts(&format!("#{described_by}")), ["A name can't contain “#”."]);
    assert_eq!(page.field("Password").get_attribute("aria-invalid"), None);
}

#[test]
async fn a_group_is_made_in_a_dialog_and_what_was_typed_stays_when_it_is_refused() {
    let page = Page::open(with_bob).await;
    page.click("New group").await;
    assert!(page.is_open("New group"));
    page.fill_in_dialog("New group", "Group name", "CS: Group").await;
    page.fill_in_dialog("New group", "Members", "bob, carol").await;
    page.refusal.set(Some("a name can't contain “#”".to_owned()));
    page.click("Create group").await;
    assert!(page.is_open("New group"));
    let error = page.texts("dialog[aria-label='New group'] [role=alert]");
    assert_eq!(error, ["a name can't contain “#”"]);
    page.intents();
    page.refusal.set(None);
    page.change(Store::ask).await;
    page.click("Create group").await;
    let intent = Intent::CreateGroup("CS: Group".to_owned(), "bob, carol".to_owned());
    assert_eq!(page.intents(), [intent]);
    assert!(page.is_open("New group"), "the server has not answered");
    let refused = GroupOutcome::Refused(Told::Server("the name is taken".to_owned()));
    let group = || "CS: Group".parse().unwrap();
    page.change(|store| store.fold(now(), Event::Group(group(), refused))).await;
    let error = page.texts("dialog[aria-label='New group'] [role=alert]");
    assert_eq!(error, ["the name is taken"]);
    page.change(Store::ask).await;
    page.click("Create group").await;
    page.change(|store| store.fold(now(), Event::Group(group(), GroupOutcome::Joined))).await;
    assert!(page.find("dialog[aria-label='New group']").is_none());
}

#[test]
async fn what_is_looked_for_is_shown_as_it_is_found_and_can_be_stopped() {
    let page = Page::open(|store| {
        with_bob(store);
        store.fold(now(), Event::Arrived(stored(9, &bob(), "an apple a day")));
    })
    .await;
    page.click("Search messages here").await;
    page.change(|store| {
        store.search(SearchIntent::LookFor("apple".to_owned(), Some(bob())));
        let _ = store.page_to_search();
        let page = vec![stored(9, &bob(), "an <b>apple</b> a day")];
        store.fold(now(), Event::History(bob(), HistoryFrom::Before(None), page, true));
    })
    .await;
    assert_eq!(page.texts(".hit__text"), ["an <b>apple</b> a day"]);
    assert_eq!(page.texts(".hit mark"), ["apple"]);
    assert!(page.texts(".search [role=status]")[0].contains("back to: "));
    page.click("Stop").await;
    page.find(".hit").unwrap().click();
    page.click("Close search").await;
    let stop = Intent::Search(SearchIntent::Stop);
    assert_eq!(page.intents(), [stop.clone(), stop]);
    assert!(page.find(".search").is_none());
}
