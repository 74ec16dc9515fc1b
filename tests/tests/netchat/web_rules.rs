//! How the page behaves, in a real browser, by the numbers of the rules in docs/web.md.

use netchat_client::session::Event;
use netchat_tests::browser::{Browser, Device};
use netchat_tests::client::Client;
use netchat_tests::process::{Parts, System};

fn numbered(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|n| format!("message {n} {}", "word ".repeat(n % 40)))
}

#[tokio::test]
async fn rules_1_and_2_nothing_moves_under_who_reads_and_the_end_is_followed_until_they_scroll() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", numbered(0..400)).await;
    alice.open_conversation("bob").await;
    alice.sees("message 399 ").await;
    assert!(alice.is_at_end().await);
    // A burst at the end is followed.
    bob.says("alice", numbered(400..480)).await;
    alice.sees("message 479 ").await;
    alice.settles_at_end().await;
    assert!(alice.count(".message").await <= 150);

    // So it is while one writes several lines, and takes them back.
    alice.types(&"a thought of mine ".repeat(20)).await;
    assert!(alice.is_at_end().await);
    let clear = "const box = document.querySelector('textarea'); box.value = ''; \
        box.dispatchEvent(new InputEvent('input', { bubbles: true }))";
    alice.run(clear).await;
    alice.waits_for_frames(4).await;
    bob.says("alice", numbered(480..481)).await;
    alice.sees("message 480 ").await;
    alice.settles_at_end().await;

    // Whoever has scrolled stays where they are, and is told what is new.
    alice.scroll_by(-1_500).await;
    let place = alice.place().await;
    bob.says("alice", numbered(481..486)).await;
    alice.shows("5 new").await;
    alice.has_not_moved(&place).await;
    // Earlier lines come in above, a row above grows, the text and the box grow.
    for _ in 0..12 {
        alice.scroll_by(-2_000).await;
        let place = alice.place().await;
        alice.waits_for_frames(8).await;
        alice.has_not_moved(&place).await;
    }
    alice.scroll_by(3_000).await;
    let place = alice.place().await;
    alice.run("document.querySelector('.message').style.paddingBottom = '300px'").await;
    alice.waits_for_frames(4).await;
    alice.has_not_moved(&place).await;
    alice.run("document.documentElement.style.fontSize = '20px'").await;
    alice.waits_for_frames(4).await;
    alice.has_not_moved(&place).await;

    // One's own message leads back to the end.
    alice.write("and mine").await;
    alice.sees("and mine").await;
    alice.settles_at_end().await;
    alice.screenshot("long-conversation").await;
}

#[tokio::test]
async fn rules_3_and_4_a_conversation_has_an_address_and_what_is_read_is_read_everywhere() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let phone = Browser::open(system.http, Device::DarkPhone).await;
    phone.sign_in("alice", "alicespassword").await;
    bob.says("alice", numbered(0..3)).await;
    for page in [&alice, &phone] {
        page.find("//nav//*[@class='badge' and starts-with(., '3')]").await;
        page.find("//*[contains(@class, 'side__me')]").await;
    }
    phone.goes_to("#/u/bob").await;
    phone.sees("message 2 ").await;
    // Read there, it is read here.
    alice.lacks("//nav//*[@class='badge']").await;
    phone.goes_to("#/e").await;
    phone.shows("Everyone on this server reads this").await;
    phone.back().await;
    phone.sees("message 2 ").await;
    let focused = "return document.activeElement.getAttribute('aria-label')";
    alice.open_conversation("bob").await;
    alice.sees("message 2 ").await;
    assert_eq!(alice.ask(focused).await, "Message", "one can write at once");
}

const ADDRESS: &str = "done(location.hash)";

#[tokio::test]
async fn rule_3_the_address_is_that_of_the_conversation_in_front_whatever_brought_it_there() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let bob = Browser::open(system.http, Device::Desktop).await;
    bob.sign_in("bob", "bobspassword").await;
    alice.choose("New", "New group").await;
    alice.fill("Group name", "Garden").await;
    alice.fill("Members", "bob").await;
    alice.click("Create group").await;
    alice.waits_until(ADDRESS, "#/g/Garden").await;
    bob.click("Accept Garden").await;
    bob.waits_until(ADDRESS, "#/g/Garden").await;
    alice.click("Details").await;
    alice.fill("Rename", "Park").await;
    alice.click("Rename now").await;
    for page in [&alice, &bob] {
        page.waits_until(ADDRESS, "#/g/Park").await;
    }
    alice.click("Leave group").await;
    alice.waits_until(ADDRESS, "#/").await;
    // What is no more is not gone back to.
    bob.open_conversation("Everyone").await;
    bob.back().await;
    bob.waits_until(ADDRESS, "#/g/Park").await;
    bob.back().await;
    bob.find("//h1[.='Welcome, bob']").await;
}

#[tokio::test]
async fn rule_3_who_signs_in_after_anothers_session_begins_at_their_own_start() {
    let system = System::start(&[]).await;
    let page = Browser::open(system.http, Device::Desktop).await;
    page.sign_in("alice", "alicespassword").await;
    let other = Browser::open(system.http, Device::Desktop).await;
    other.sign_in("alice", "alicespassword").await;
    page.goes_to("#/u/bob").await;
    page.find("//h1[.='bob']").await;
    page.click("Details").await;
    other.choose("Menu", "Account").await;
    other.find("//dialog[@aria-label='Account']//li[2]").await;
    other.click("End all others").await;
    page.find("//h1[.='NetChat']").await;
    page.waits_until(ADDRESS, "#/").await;
    page.fill("Name", "carol").await;
    page.fill("Password", "carolspassword").await;
    page.click("Sign in").await;
    page.fill("Repeat password", "carolspassword").await;
    page.click("Create account").await;
    page.find("//h1[.='Welcome, carol']").await;
    page.lacks("//aside").await;
    // A link that somebody opens before they sign in leads there.
    page.choose("Menu", "Sign out").await;
    page.find("//h1[.='NetChat']").await;
    page.goes_to("#/u/dave").await;
    page.sign_in("carol", "carolspassword").await;
    page.find("//h1[.='dave']").await;
}

#[tokio::test]
async fn rule_3_back_leads_to_nothing_of_another_person_and_to_no_group_that_was_left() {
    let system = System::start(&[]).await;
    let page = Browser::open(system.http, Device::Desktop).await;
    page.sign_in("alice", "alicespassword").await;
    page.choose("New", "New group").await;
    page.fill("Group name", "Garden").await;
    page.click("Create group").await;
    page.waits_until(ADDRESS, "#/g/Garden").await;
    page.goes_to("#/u/bob").await;
    page.find("//h1[.='bob']").await;
    page.open_conversation("Garden").await;
    page.click("Details").await;
    page.click("Leave group").await;
    page.find("//h1[.='Welcome, alice']").await;
    let group = "//nav//a[normalize-space(.)='Garden']";
    page.lacks(group).await;
    page.back().await;
    page.find("//h1[.='bob']").await;
    // That one stands before it, and was left.
    page.back().await;
    page.find("//h1[.='Welcome, alice']").await;
    page.waits_until(ADDRESS, "#/").await;
    page.lacks(group).await;
    // Nor does a link lead there, also one that is there before it is known what is alice's.
    page.goes_to("#/u/bob").await;
    page.find("//h1[.='bob']").await;
    page.goes_to("#/g/Garden").await;
    page.find("//h1[.='Welcome, alice']").await;
    page.run("history.replaceState(null, '', '#/g/Garden')").await;
    page.reload().await;
    page.find("//h1[.='Welcome, alice']").await;
    page.waits_until(ADDRESS, "#/").await;
    page.lacks(group).await;

    // Whoever signs in next goes back to their own start, as often as they like.
    page.goes_to("#/u/dave").await;
    page.find("//h1[.='dave']").await;
    page.open_conversation("Everyone").await;
    page.choose("Menu", "Sign out").await;
    page.sign_in("carol", "carolspassword").await;
    page.find("//h1[.='Welcome, carol']").await;
    for _ in 0..2 {
        page.back().await;
        page.waits_until(ADDRESS, "#/").await;
        page.find("//h1[.='Welcome, carol']").await;
        page.lacks("//nav//a[normalize-space(.)='dave' or normalize-space(.)='bob']").await;
    }
}

#[tokio::test]
async fn rule_5_nothing_typed_is_lost_whatever_ends() {
    let mut system = Parts::start().await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.goes_to("#/u/bob").await;
    system.kill_gateway().await;
    for text in ["one", "two"] {
        alice.write(text).await;
        alice.sees(text).await;
    }
    alice.types("unfinished").await;
    // The page is closed, with what waits in it, and opened in another tab, without a connection.
    let other = alice.opens_another_tab().await;
    alice.closes_other_tabs(&other).await;
    alice.goes_to("#/u/bob").await;
    alice.sees("one").await;
    alice.sees("Waiting").await;
    assert_eq!(alice.typed().await, "unfinished");
    alice.screenshot("offline").await;
    system.start_gateway().await;
    for expected in ["one", "two"] {
        let arrived = bob.until(|event| match event {
            Event::Arrived(arrival) => Some(format!("{:?}", arrival.content)),
            _ => None,
        });
        assert!(arrived.await.contains(expected));
    }
    alice.lacks("//*[@role='log']//*[.='Waiting']").await;
}

#[tokio::test]
async fn rule_5_who_was_signed_out_elsewhere_finds_what_they_wrote() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let other = Browser::open(system.http, Device::Desktop).await;
    other.sign_in("alice", "alicespassword").await;
    alice.open_conversation("Everyone").await;
    alice.types("unfinished").await;
    other.choose("Menu", "Account").await;
    other.find("//dialog[@aria-label='Account']//li[2]").await;
    other.click("End all others").await;
    alice.find("//h1[.='NetChat']").await;
    // The server is open to this page; who it is has to be shown anew.
    alice.fill("Name", "alice").await;
    alice.fill("Password", "alicespassword").await;
    alice.click("Sign in").await;
    // They are where they were.
    alice.find("//h1[.='Everyone']").await;
    assert_eq!(alice.typed().await, "unfinished");
}

#[tokio::test]
async fn rule_5_what_is_typed_before_the_program_is_there_signs_in() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.holds_the_program().await;
    alice.reload().await;
    alice.fill("Name", "alce").await;
    alice.run("document.activeElement.setSelectionRange(2, 2)").await;
    alice.composes("に").await;
    alice.lets_the_program_go().await;
    alice.find("//*[@aria-label='Connection' and .='Connected']").await;
    alice.commits("i").await;
    let typed =
        "const it = document.activeElement; return `${it.id} ${it.value} ${it.selectionStart}`";
    assert_eq!(alice.ask(typed).await, "name alice 3");

    alice.reload().await;
    alice.fill("Server password", "password").await;
    alice.fill("Name", "alice").await;
    alice.fill("Password", "alicespassword").await;
    alice.presses(&["Enter"]).await;
    alice.lets_the_program_go().await;
    alice.shows("alice is a new name here").await;
    alice.fill("Repeat password", "alicespassword").await;
    alice.click("Create account").await;
    alice.find("//nav[@aria-label='Conversations']").await;

    // Signed in, nobody sees the form.
    assert_eq!(alice.ask("return wasFormSeen").await, "true");
    alice.reload().await;
    alice.waits_for_frames(5).await;
    alice.lets_the_program_go().await;
    alice.find("//nav[@aria-label='Conversations']").await;
    assert_eq!(alice.ask("return wasFormSeen").await, "false");
}

#[tokio::test]
async fn the_place_of_a_tab_is_kept_now_and_then_and_nothing_comes_twice_after_a_reload() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.goes_to("#/u/bob").await;
    alice.find("//h1[.='bob']").await;
    let count_writes = "globalThis.writes = 0; const put = Storage.prototype.setItem; \
        Storage.prototype.setItem = function (...all) { globalThis.writes++; put.apply(this, all); }; \
        globalThis.begun = performance.now()";
    alice.run(count_writes).await;
    for round in 0..20 {
        bob.says("alice", numbered(round * 20..round * 20 + 20)).await;
    }
    // The pointer lies over the messages: what comes is followed all the same.
    alice.sees("message 399 ").await;
    let once_a_pause = "return String(writes <= 2 + (performance.now() - begun) / 300)";
    assert_eq!(alice.ask(once_a_pause).await, "true", "{}", alice.ask("return writes").await);
    // A page that goes keeps how far it was.
    let place = "return sessionStorage['netchat.session'].split('#')[4]";
    let before = alice.ask(place).await;
    bob.says("alice", ["one more".to_owned()]).await;
    alice.sees("one more").await;
    alice.reload().await;
    alice.sees("one more").await;
    let after = alice.ask(place).await;
    assert!(after.parse::<u64>().unwrap() > before.parse().unwrap(), "{before} {after}");
    let twice = "const ids = [...document.querySelectorAll('.message__text')].map(it => it.textContent); \
        return String(ids.length - new Set(ids).size)";
    assert_eq!(alice.ask(twice).await, "0");
}

#[tokio::test]
async fn w7_who_signs_out_in_one_tab_is_signed_out_in_all_of_them() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let first = alice.tab().await;
    alice.opens_another_tab().await;
    alice.find("//nav[@aria-label='Conversations']").await;
    alice.choose("Menu", "Sign out").await;
    alice.find("//h1[.='NetChat']").await;
    alice.goes_to_tab(&first).await;
    alice.find("//h1[.='NetChat']").await;
    alice.shows("please sign in again").await;
}

#[tokio::test]
async fn rule_7_everything_goes_by_keyboard() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", ["Hello".to_owned()]).await;
    alice.shows("Hello").await;
    alice.presses(&["Control", "k"]).await;
    alice.find("//dialog[@aria-label='Find']//li").await;
    alice.types_here("bo").await;
    alice.presses(&["Enter"]).await;
    alice.sees("Hello").await;
    alice.write("teh answer").await;
    alice.sees("teh answer").await;
    alice.find("//*[@role='log']//*[.='Received' or starts-with(., 'Sent')]").await;
    // Up in an empty box corrects one's last message.
    alice.presses(&["ArrowUp"]).await;
    alice.shows("Correction of").await;
    alice.types(" to that").await;
    alice.presses(&["Enter"]).await;
    alice.sees("teh answer to that").await;
    alice.sees("edited").await;
    // From the messages to what can be done about one.
    alice.run("document.querySelector('.log').focus()").await;
    alice.presses(&["ArrowUp"]).await;
    alice.presses(&["ArrowUp"]).await;
    alice.find("//*[@role='group' and @aria-label='Actions']").await;
    alice.click("React with 👍").await;
    alice.find("//button[@aria-label='👍 1 by alice']").await;
    alice.presses(&["?"]).await;
    alice.find("//dialog[@aria-label='Keys and commands']").await;
    alice.screenshot("help").await;
}

#[tokio::test]
async fn the_page_opens_without_a_connection_and_goes_on_when_it_is_back() {
    let mut system = Parts::start().await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.is_kept().await;
    system.kill_gateway().await;
    alice.reload().await;
    alice.find("//nav[@aria-label='Conversations']").await;
    alice.shows("No connection.").await;
    system.start_gateway().await;
    alice.find("//*[@aria-label='Connection' and .='Connected']").await;
}

#[tokio::test]
async fn what_arrives_behind_another_tab_is_told_by_the_system_unless_it_is_muted() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.allows_notifications().await;
    alice.sign_in("alice", "alicespassword").await;
    alice.is_kept().await;
    alice.click("Menu").await;
    alice.find("//label[.='Notifications']").await.click().await.unwrap();
    alice.goes_behind().await;
    bob.says("alice", ["Are you there?".to_owned()]).await;
    let notice = "navigator.serviceWorker.getRegistration().then(r => r.getNotifications())\
                  .then(all => done(all.map(n => `${n.title}: ${n.body}`).join()))";
    alice.waits_until(notice, "bob: Are you there?").await;
    alice.comes_back().await;
    alice.goes_to("#/u/bob").await;
    alice.sees("Are you there?").await;
    alice.waits_until(notice, "").await;
}

/// Sets of which messages of the conversation in front the person is told.
async fn is_told_of(page: &Browser, choice: &str) {
    page.click("Details").await;
    let choice = format!("//aside[@aria-label='Details']//label[.='{choice}']");
    page.find(&choice).await.click().await.unwrap();
}

#[tokio::test]
async fn what_a_person_mutes_is_muted_in_all_their_sessions_and_when_the_browser_has_forgotten_all()
{
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let other = Browser::open(system.http, Device::Desktop).await;
    other.sign_in("alice", "alicespassword").await;
    bob.says("alice", ["hello".to_owned()]).await;
    let muted = "//nav//*[contains(@class, 'entry--muted')]";
    alice.open_conversation("bob").await;
    is_told_of(&alice, "Nothing").await;
    alice.find(muted).await;
    other.find(muted).await;
    alice.choose("Menu", "Sign out").await;
    alice.find("//h1[.='NetChat']").await;
    alice.run("localStorage.clear()").await;
    alice.reload().await;
    alice.sign_in("alice", "alicespassword").await;
    alice.find(muted).await;
    // The other way round, too.
    other.open_conversation("bob").await;
    is_told_of(&other, "All messages").await;
    alice.lacks(muted).await;
}

/// Every view and dialog, in both themes.
#[tokio::test]
async fn what_was_said_is_found_and_gone_to_however_long_ago_it_was() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    let lines = numbered(0..400).enumerate();
    let word = |at: usize| if at == 5 || at == 350 { "A Zebra crosses. " } else { "" };
    bob.says("alice", lines.map(|(at, line)| format!("{}{line}", word(at)))).await;
    alice.open_conversation("bob").await;
    alice.sees("message 399 ").await;
    alice.presses(&["Control", "f"]).await;
    alice.types_here("zebra crosses").await;
    alice.shows("2 found in all 400 messages.").await;
    let marks =
        "return [...document.querySelectorAll('.hit mark')].map(it => it.textContent).join()";
    assert_eq!(alice.ask(marks).await, "Zebra,crosses,Zebra,crosses");
    alice.screenshot("view-search").await;
    assert_eq!(alice.accessibility_faults().await, Vec::<String>::new());
    // By keyboard: down to the earlier one, and there.
    alice.presses(&["ArrowDown"]).await;
    alice.presses(&["ArrowDown"]).await;
    alice.presses(&["Enter"]).await;
    alice.sees("A Zebra crosses. message 5 ").await;
    let place = "const log = document.querySelector('.log').getBoundingClientRect(); \
        const row = document.querySelector('.message--found')?.getBoundingClientRect(); \
        done(String(!!row && row.top >= log.top && row.bottom <= log.bottom))";
    alice.waits_until(place, "true").await;
    // Here it lay over the conversation, so it is gone; what was found is there again when it is wanted.
    alice.lacks("//aside[@aria-label='Search']").await;
    alice.presses(&["Control", "f"]).await;
    alice.shows("2 found in all 400 messages.").await;
    alice.presses(&["Escape"]).await;
    alice.lacks("//aside[@aria-label='Search']").await;
    // Everywhere; what arrives meanwhile is found as well.
    alice.presses(&["Control", "f"]).await;
    alice.types_here("zebra").await;
    alice.run("document.querySelectorAll('.search input[type=radio]')[1].click()").await;
    alice.shows("2 found in all").await;
    bob.says("alice", ["one more zebra".to_owned()]).await;
    alice.shows("3 found in all").await;
}
