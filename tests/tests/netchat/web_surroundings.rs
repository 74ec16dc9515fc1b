//! The page where it is not expected: at every size, under a path, in few colours, past midnight, with a
//! gateway that comes and goes, and with what strangers call themselves and write.

use std::time::Duration;

use netchat_client::session::Event;
use netchat_shared::name::UserName;
use netchat_tests::browser::{Browser, Device};
use netchat_tests::client::Client;
use netchat_tests::path_proxy;
use netchat_tests::process::{Parts, System};
use netchat_tests::terminal::Terminal;
use rusqlite::Connection;

/// What of the page can't be got at: it is wider than the window, or it lies outside.
pub(super) async fn misfits(page: &Browser) -> String {
    page.ask(
        "const faults = []; const root = document.scrollingElement; \
         if (root.scrollWidth > innerWidth) faults.push(`page ${root.scrollWidth} px wide`); \
         if (root.scrollHeight > innerHeight) faults.push(`page ${root.scrollHeight} px high`); \
         for (const box of document.querySelectorAll('.log, .side__lists, .details')) { \
           if (box.scrollWidth <= box.clientWidth) continue; \
           const edge = box.getBoundingClientRect().left + box.clientWidth; \
           const wide = [...box.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > edge); \
           faults.push(`${box.className} scrolls sideways: ${wide.map((it) => it.tagName + '.' + it.className)}`); } \
         for (const it of document.querySelectorAll('.box__text, .box__send, .side__foot, \
             .talk__head button, .side__head button, .details__head button')) { \
           if (!it.checkVisibility()) continue; \
           const { left, right, top, bottom } = it.getBoundingClientRect(); \
           if (left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5) \
             faults.push(`${it.className} at ${[left, top, right, bottom].map(Math.round)}`); } \
         return faults.join('; ')",
    )
    .await
}

#[tokio::test]
async fn the_page_fits_every_window_from_320_to_2560_px_also_with_text_twice_as_big() {
    let system = System::start(&[]).await;
    for (device, text_px) in [(Device::Desktop, "16px"), (Device::LargeText, "32px")] {
        let alice = Browser::open(system.http, device).await;
        let size = "return getComputedStyle(document.documentElement).fontSize";
        assert_eq!(alice.ask(size).await, text_px);
        alice.sign_in("alice", "alicespassword").await;
        fits_every_window(&system, &alice, text_px).await;
    }
}

async fn fits_every_window(system: &System, alice: &Browser, text_px: &str) {
    const SIZES: [(u32, u32); 6] =
        [(320, 568), (390, 844), (768, 1_000), (1_000, 700), (1_440, 900), (2_560, 1_300)];
    let long = "a_name_as_long_as_names_may_be__";
    let mut writer = Client::sign_in(system.udp, long).await;
    let word = "Donaudampfschifffahrtsgesellschaft".repeat(8);
    writer.says("alice", ["short".to_owned(), word.clone(), format!("```\n{word}\n```")]).await;
    // More conversations than fit below each other (W13).
    for number in 0..24 {
        alice.goes_to(&format!("#/u/somebody_{number}")).await;
        alice.find(&format!("//h1[.='somebody_{number}']")).await;
    }
    for (width, height) in SIZES {
        alice.is_sized(width, height).await;
        for (view, hash) in [("list", "#/"), ("conversation", &format!("#/u/{long}")[..])] {
            alice.goes_to(hash).await;
            alice.waits_for_frames(4).await;
            let at = format!("{view}-{width}-{text_px}");
            alice.screenshot(&format!("size-{at}")).await;
            assert_eq!(misfits(alice).await, "", "{at}");
        }
        alice.click("Details").await;
        alice.waits_for_frames(4).await;
        assert_eq!(misfits(alice).await, "", "details, {width}, {text_px}");
        alice.click("Close details").await;
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_fetched_says_so_and_is_fetched_when_it_is_wanted_again() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.loses_parts("split_sheets|split_beside|chunk_").await;
    alice.reload().await;
    alice.sign_in("alice", "alicespassword").await;
    alice.goes_to("#/e").await;
    alice.click("Details").await;
    alice.find("//aside[@aria-label='Details']//*[contains(., \"can't be fetched\")]").await;
    alice.click("Close details").await;
    alice.presses(&["Control", "k"]).await;
    alice.find("//dialog[@open]//*[contains(., \"can't be fetched\")]").await;
    // What is typed is not meant for the conversation below it.
    alice.types_here("bob").await;
    alice.presses(&["Escape"]).await;
    alice.lacks("//dialog").await;
    assert_eq!(alice.typed().await, "");
    alice.run("losesParts = false; document.querySelector('textarea').focus()").await;
    alice.presses(&["Control", "k"]).await;
    alice.find("//dialog[@open]//input").await;
    alice.waits_until("done(document.activeElement.getAttribute('role'))", "combobox").await;
    alice.presses(&["Escape"]).await;
    // Who closes it is back where they were.
    alice.lacks("//dialog").await;
    alice.waits_until("done(document.activeElement.tagName)", "TEXTAREA").await;
    alice.click("Details").await;
    alice.find("//aside[@aria-label='Details']//input").await;
}

/// What a password is proved with comes when somebody is about to sign in.
#[tokio::test]
async fn signing_in_without_what_it_takes_says_so_and_goes_on_by_itself() {
    let system = System::start(&[]).await;
    Terminal::signed_in(&system.udp.to_string(), "alice", &[]).await.ends().await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.loses_parts("split_passwords").await;
    alice.reload().await;
    alice.fill("Server password", "password").await;
    alice.fill("Name", "alice").await;
    alice.fill("Password", "alicespassword").await;
    alice.click("Sign in").await;
    alice.shows("What it takes to sign in can't be fetched at present: trying again…").await;
    alice.run("losesParts = false").await;
    alice.find("//nav").await;
}

#[tokio::test]
async fn a_part_that_is_slow_has_its_frame_at_once_and_is_whole_when_it_comes() {
    const SLOW: Duration = Duration::from_secs(3);
    let system = System::start(&[]).await;
    // What both parts need.
    let (let_go, proxy) = path_proxy::start_slow(system.http, "/chunk_").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.page.goto(&format!("http://{proxy}{}", path_proxy::PATH)).await.unwrap();
    alice.sign_in("alice", "alicespassword").await;
    alice.goes_to("#/e").await;
    alice.types("half a thought").await;
    // The frames: what they are, how to close them, and that there is more to come.
    let frame = "[header/h2[.='Find'] and .//button[@aria-label='Close']]";
    let dialog = format!("//dialog[@open and @aria-label='Find']{frame}");
    let comes = "//*[@role='status' and normalize-space(.)='One moment…']";
    alice.presses(&["Control", "k"]).await;
    alice.find(&format!("{dialog}{comes}")).await;
    // Keys are meant for what is to come there, and for nothing else: neither written, nor sent, nor shortcuts.
    alice.types_here("bob?").await;
    alice.presses(&["Enter"]).await;
    tokio::time::sleep(SLOW).await;
    alice.find(&format!("{dialog}{comes}")).await;
    assert_eq!(alice.count("dialog").await, 1);
    assert_eq!(alice.count(".message").await, 0);
    assert_eq!(alice.typed().await, "half a thought");
    alice.presses(&["Escape"]).await;
    alice.lacks("//dialog").await;
    alice.presses(&["Control", "f"]).await;
    let panel = "//aside[@aria-label='Search']";
    alice.find(&format!("{panel}[.//button[@aria-label='Close search']]{comes}")).await;
    alice.types_here("bob?").await;
    alice.find(&format!("{panel}{comes}")).await;
    assert_eq!(alice.count("dialog").await, 0);
    assert_eq!(alice.typed().await, "half a thought");
    // Closed and opened again before it comes, it is there once.
    alice.presses(&["Escape"]).await;
    alice.lacks(panel).await;
    alice.run("document.querySelector('textarea').focus()").await;
    alice.presses(&["Control", "k"]).await;
    alice.find(&format!("{dialog}{comes}")).await;
    let_go.send_replace(true);
    alice.find(&format!("{dialog}//input")).await;
    alice.waits_until("done(document.activeElement.getAttribute('role'))", "combobox").await;
    alice.lacks(&format!("//body{comes}")).await;
    alice.types_here("Every").await;
    alice.find(&format!("{dialog}//li[contains(., 'Everyone')]")).await;
    assert_eq!(alice.count("dialog input").await, 1);
    alice.presses(&["Escape"]).await;
    alice.lacks("//dialog").await;
    alice.waits_until("done(document.activeElement.tagName)", "TEXTAREA").await;
    alice.presses(&["Control", "f"]).await;
    alice.find(&format!("{panel}//input")).await;
    alice.types_here("thought").await;
    assert_eq!(alice.typed().await, "half a thought");
    // One in place of another.
    alice.run("document.querySelector('.log').focus()").await;
    alice.presses(&["?"]).await;
    alice.find("//dialog[@open and @aria-label='Keys and commands']").await;
    alice.presses(&["Control", "k"]).await;
    alice.waits_until("done(document.activeElement.getAttribute('role'))", "combobox").await;
    assert_eq!(alice.count("dialog").await, 1);
}

#[tokio::test]
async fn w11_the_page_works_under_a_path() {
    let system = System::start(&[]).await;
    let proxy = path_proxy::start(system.http).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.page.goto(&format!("http://{proxy}{}", path_proxy::PATH)).await.unwrap();
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", ["hello".to_owned()]).await;
    alice.open_conversation("bob").await;
    alice.sees("hello").await;
    alice.is_kept().await;
    alice.reload().await;
    alice.sees("hello").await;
    let address = alice.page.current_url().await.unwrap();
    assert_eq!(address.path(), path_proxy::PATH);
}

#[tokio::test]
async fn w16_state_is_seen_without_colours() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.has_forced_colours().await;
    bob.says("alice", ["hello".to_owned()]).await;
    alice.open_conversation("bob").await;
    alice.sees("hello").await;
    alice.write("mine").await;
    alice.sees("mine").await;
    let style = |selector: &str, property: &str| {
        format!("return getComputedStyle(document.querySelector('{selector}')).{property}")
    };
    alice.screenshot("forced-colours").await;
    let border = alice.ask(&style(".message--own", "borderTopWidth")).await;
    assert_eq!(border, "1px", "one's own messages have a border");
    let selected = alice.ask(&style(".entry--front", "outlineStyle")).await;
    let other = alice.ask(&style(".entry:not(.entry--front)", "outlineStyle")).await;
    assert_eq!([&selected[..], &other], ["solid", "none"], "what is selected has a border");
    let online = alice.ask(&style(".dot--on", "backgroundColor")).await;
    let page = alice.ask(&style("body", "backgroundColor")).await;
    let edge = alice.ask(&style(".entry:not(.entry--front)", "borderLeftColor")).await;
    assert_eq!(edge, page, "what is not selected has none");
    assert_ne!(online, page, "who is online has a full dot");
}

#[tokio::test]
async fn w9_a_page_that_is_open_past_midnight_says_yesterday() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.has_a_clock_to_put_on().await;
    alice.reload().await;
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", ["hello".to_owned()]).await;
    alice.open_conversation("bob").await;
    alice.sees("hello").await;
    alice.shows("Today").await;
    alice.run("later(24 * 3600 * 1000)").await;
    alice.shows("Yesterday").await;
    alice.lacks("//*[@role='log']//*[.='Today']").await;
}

/// What was said when, as if it had been: in 2025, clocks in New York were put back on November 2nd at
/// 06:00 UTC. Then the rows of the log in New York, and on Kiritimati, 14 hours before UTC.
const TIMES: [(&str, [&str; 2], [&str; 2]); 5] = [
    ("2025-11-02T03:59Z", ["November 1, 2025", "11:59 PM"], ["November 2, 2025", "5:59 PM"]),
    ("2025-11-02T05:30Z", ["November 2, 2025", "1:30 AM"], ["", "7:30 PM"]),
    ("2025-11-02T06:30Z", ["", "1:30 AM"], ["", "8:30 PM"]),
    ("2025-11-03T04:59Z", ["", "11:59 PM"], ["November 3, 2025", "6:59 PM"]),
    ("2025-11-03T05:01Z", ["November 3, 2025", "12:01 AM"], ["", "7:01 PM"]),
];

#[tokio::test]
async fn w9_days_begin_at_midnight_where_the_person_is_also_when_clocks_are_put_back() {
    let system = System::start(&[]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", TIMES.map(|(at, ..)| at.to_owned())).await;
    let System { process, udp, http, folder } = system;
    process.terminate();
    process.end().await;
    let database = Connection::open(folder.path().join("netchat.db")).unwrap();
    let set = "UPDATE message SET time = ?1 WHERE seq = \
               (SELECT seq FROM message ORDER BY seq LIMIT 1 OFFSET ?2)";
    for (at, (time, ..)) in TIMES.iter().enumerate() {
        let millis = alice.ask(&format!("return Date.parse('{time}')")).await;
        let changed = database.execute(set, (millis.parse::<u64>().unwrap(), at)).unwrap();
        assert_eq!(changed, 1);
    }
    drop(database);
    let (udp, http) = (udp.to_string(), http.to_string());
    let _system = System::start_in(folder, &[&udp, &http], &[]).await;
    let rows = "return [...document.querySelectorAll('.log__rows > :not(.log__unread)')]\
        .map((row) => row.querySelector('time') ?? row).map((it) => it.textContent.replace(/\\s/g, ' ')).join()";
    for (zone, pick) in [("America/New_York", 0), ("Pacific/Kiritimati", 1)] {
        alice.is_in(zone).await;
        alice.reload().await;
        alice.open_conversation("bob").await;
        alice.sees(TIMES[4].0).await;
        let expected = TIMES.iter().flat_map(|(_, there, elsewhere)| [there, elsewhere][pick]);
        let expected: Vec<_> = expected.filter(|row| !row.is_empty()).copied().collect();
        assert_eq!(alice.ask(rows).await, expected.join(","), "{zone}");
        alice.screenshot(&format!("days-{pick}")).await;
    }
}

#[tokio::test]
async fn a_gateway_that_comes_back_finds_everybody_where_they_were() {
    let mut system = Parts::start().await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    bob.says("alice", (0..200).map(|n| format!("message {n}, {}", "word ".repeat(n % 30)))).await;
    alice.open_conversation("bob").await;
    alice.sees("message 199,").await;
    alice.types("half a th").await;
    alice.scroll_by(-1_500).await;
    let place = alice.place().await;
    system.kill_gateway().await;
    alice.shows("No connection.").await;
    alice.has_not_moved(&place).await;
    alice.types("ought").await;
    bob.says("alice", (200..203).map(|n| format!("message {n}, of meanwhile"))).await;
    system.start_gateway().await;
    alice.shows("3 new").await;
    alice.has_not_moved(&place).await;
    assert_eq!(alice.typed().await, "half a thought");
    alice.presses(&["Enter"]).await;
    alice.sees("half a thought").await;
    let arrived = bob.until(|event| match event {
        Event::Arrived(arrival) => Some(format!("{:?}", arrival.content)),
        _ => None,
    });
    assert!(arrived.await.contains("half a thought"));
}

/// What would do harm where a page takes it for something else than a text.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "<img src=x onerror=harmed()>",
        "<script>harmed()</script>",
        "<svg onload=harmed()>",
        "<iframe srcdoc='<script>parent.harmed()</script>'>",
        "<details open ontoggle=harmed()>",
        "\"><script>harmed()</script>",
        "'-harmed()-'",
        "javascript:harmed()",
        "https://example.org/\"onmouseover=\"harmed()",
        "https://example.org/<script>harmed()</script>",
        "http://javascript:harmed()@example.org",
        "data:text/html,<script>harmed()</script>",
        "`<b>`*<i>*_<u>_",
        "*_`*_`*_`",
        "> > > > > > > >",
        "```\n<script>harmed()</script>",
        "@<img> @alice<script>",
        "{{constructor.constructor('harmed()')()}}",
        "${harmed()}",
        "&lt;script&gt;harmed()&lt;/script&gt;",
        "\u{202e}txet desrever",
        "\u{2066}\u{2067}\u{2068} left open",
        "a\u{200b}\u{200c}\u{200d}\u{feff}b",
        "\u{0}\u{1}\u{7}\u{1b}[31mred",
        "line\u{2028}separator\u{2029}here",
        "السلام عليكم 123 abc",
        "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏿",
        "\u{fdfd}\u{fdfd}\u{fdfd}\u{fdfd}",
        "𒐫𒐫𒐫𒐫𒐫𒐫𒐫𒐫",
        "﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("Z{}", "\u{301}\u{310}\u{33e}".repeat(200)));
    texts.push("W".repeat(5_000));
    texts.push(format!("top{}bottom", "\n".repeat(500)));
    texts.push(format!("https://example.org/{}", "a".repeat(3_000)));
    texts.push("🔥".repeat(2_000));
    texts.push("> ".repeat(2_000));
    texts.push("*".repeat(5_000));
    texts.push("`".repeat(5_000));
    texts.push(" \u{a0}\u{3000}".repeat(100) + ".");
    texts.push("\t".repeat(200) + "tab");
    texts
}

/// Of these, those that are names at all.
fn hostile_names() -> Vec<String> {
    let names = [
        "<img src=x onerror=harmed()>",
        "<script>harmed()</script>",
        "<svg/onload=harmed()>",
        "\"onclick=harmed()",
        "javascript:harmed()",
        "../../etc/passwd",
        "%3Cscript%3E",
        "?a=b&c=d",
        "everyone",
        "constructor",
        "__proto__",
        "null",
        "ﷺﷺﷺﷺﷺﷺﷺﷺ",
        "مرحبا",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "u/alice",
    ];
    names.map(str::to_owned).into_iter().filter(|name| name.parse::<UserName>().is_ok()).collect()
}

#[tokio::test]
async fn hostile_names_and_texts_run_nothing_and_break_no_layout() {
    let system = System::start(&[]).await;
    let alice = Browser::open(system.http, Device::Desktop).await;
    alice.sign_in("alice", "alicespassword").await;
    alice.run("globalThis.harmed = () => globalThis.wasHarmed = true").await;
    let (names, texts) = (hostile_names(), hostile_texts());
    assert!(names.len() + texts.len() >= 50, "{} names", names.len());
    for name in &names {
        let mut stranger = Client::sign_in(system.udp, name).await;
        stranger.says("alice", [format!("I am {name}")]).await;
    }
    let mut bob = Client::sign_in(system.udp, "bob").await;
    for text in &texts {
        bob.says("alice", [text.clone()]).await;
    }
    let entries = "done(String(document.querySelectorAll('.side .entry').length))";
    alice.waits_until(entries, &(names.len() + 2).to_string()).await;
    let links =
        "return [...document.querySelectorAll('.side .entry__link')].map(it => it.hash).join(' ')";
    let links = alice.ask(links).await;
    for hash in links.split(' ') {
        alice.run(&format!("location.hash = {hash:?}")).await;
        alice.find("//*[@role='log']").await;
        for (width, height) in [(390, 844), (1_100, 860)] {
            alice.is_sized(width, height).await;
            assert_eq!(misfits(&alice).await, "", "{hash}, {width}");
        }
    }
    alice.goes_to("#/u/bob").await;
    alice.sees("tab").await;
    alice.screenshot("hostile").await;
    let harm = "const inserted = document.querySelectorAll('.chat :is(script, img, iframe, object, embed, \
            [onerror], [onload], [onclick], [onmouseover], [ontoggle], a[href^=\"javascript\"], a[href^=\"data\"])'); \
        return `${globalThis.wasHarmed ?? false} ${inserted.length}`";
    assert_eq!(alice.ask(harm).await, "false 0");
}
