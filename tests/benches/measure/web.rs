//! What the page costs whoever has it open, in headless Chromium on this machine.
//!
//! Times of a browser on a busy machine say little by themselves: the wanted figure stands beside each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use netchat_client::session::{Event, Progress};
use netchat_tests::browser::{Browser, Device};
use netchat_tests::client::Client;
use netchat_tests::process::System;
use tokio::runtime::Builder;

/// How often somebody signs in with a password.
const SIGN_INS: usize = 9;
/// Messages in the conversation in front while it is measured.
const MESSAGES: usize = 10_000;
/// Messages that arrive at once.
const BURST: usize = 1_000;
/// Messages whose cost is measured one by one.
const ARRIVALS: usize = 2_000;
/// Arrivals in a second, for so long.
const STEADY_RATE: usize = 500;
const STEADY_SECONDS: usize = 20;
/// The events of a day and a night, in parts.
const LONG_PART: usize = 20_000;
const LONG_PARTS: usize = 5;
/// What it has cost the account to receive all of them is paid back by then: it holds up what is asked next.
const REST: Duration = Duration::from_secs(120);
/// How long a search through all of them is looked at.
const SEARCH_TIME: Duration = Duration::from_secs(120);
/// So many messages are under way at once.
const WINDOW: usize = 64;

pub(crate) fn bench() {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(measure());
}

async fn measure() {
    let system = System::start(&["--message-quota", "off"]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let page = Browser::open(system.http, Device::Desktop).await;
    page.watches_memory().await;
    row("sign-in usable, cold", usable(&page).await, "250 ms");
    page.sign_in("alice", "alicespassword").await;
    page.is_kept().await;
    page.reload().await;
    row("page usable, warm", usable(&page).await, "80 ms");
    signing_in(&system).await;

    page.page.goto("about:blank").await.unwrap();
    say(&mut bob, 0..MESSAGES).await;
    page.page.goto(&format!("http://{}/#/u/bob", system.http)).await.unwrap();
    let started = Instant::now();
    let last = MESSAGES - 1;
    page.sees(&format!("message {last} ")).await;
    page.settles_at_end().await;
    let took = started.elapsed().as_millis();
    row(
        &format!("{MESSAGES} missed messages, to the last of them"),
        took as f64,
        "1,000 ms for 7,000",
    );
    row("elements of the page", page.count("*").await as f64, "3,500 nodes");

    let keys = key_presses(&page).await;
    row("key press to paint, median", keys.0, "8 ms");
    row("key press to paint, 95 of 100", keys.1, "24 ms");

    let before = page.metrics().await;
    say(&mut bob, MESSAGES..MESSAGES + ARRIVALS).await;
    page.sees(&format!("message {} ", MESSAGES + ARRIVALS - 1)).await;
    let after = page.metrics().await;
    let spent_us = (after["TaskDuration"] - before["TaskDuration"]) * 1e6 / ARRIVALS as f64;
    row("processor time an arrival in front, with its link", spent_us, "150 us, without");

    page.run(WATCH_FRAMES).await;
    let begin = MESSAGES + ARRIVALS;
    say(&mut bob, begin..begin + BURST).await;
    page.sees(&format!("message {} ", begin + BURST - 1)).await;
    let longest: f64 = page.ask("return String(window.longestFrame)").await.parse().unwrap();
    row(&format!("longest frame while {BURST} arrive"), longest, "60 ms");
    row("it follows them (1 is yes)", f64::from(u8::from(page.is_at_end().await)), "1");

    let started = Instant::now();
    let mut steps = 0;
    while page.ask(IS_FIRST_SHOWN).await != "true" {
        page.run("document.querySelector('.log').scrollTop = 0").await;
        page.waits_for_frames(2).await;
        steps += 1;
    }
    let took = started.elapsed().as_millis();
    row(&format!("to the first message by scrolling, {steps} screens"), took as f64, "-");
    let started = Instant::now();
    page.click("To the end").await;
    page.settles_at_end().await;
    row("back to the end", started.elapsed().as_millis() as f64, "50 ms");
    row("memory of scripts, in MB", page.memory_mb().await, "-");
    let next = begin + BURST;
    steady(&mut bob, &page, next).await;
    let next = next + STEADY_RATE * STEADY_SECONDS;
    long(&mut bob, &page, next).await;
    search(&page).await;
}

/// Signing in with a password, in browsers that have nothing of the page yet.
async fn signing_in(system: &System) {
    let (mut times, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..SIGN_INS {
        let page = Browser::open(system.http, Device::Desktop).await;
        page.find("//h1").await;
        page.run(WATCH_FRAMES).await;
        page.run(WATCH_SIGN_IN).await;
        page.sign_in("alice", "alicespassword").await;
        times.push(page.ask("return String(window.signedInAfter)").await.parse::<f64>().unwrap());
        frames.push(page.ask("return String(window.longestFrame)").await.parse::<f64>().unwrap());
    }
    times.sort_by(f64::total_cmp);
    frames.sort_by(f64::total_cmp);
    row("signing in with a password, median", times[SIGN_INS / 2], "400 ms");
    row("longest frame meanwhile, median", frames[SIGN_INS / 2], "100 ms");
}

/// Many arrivals in the conversation in front, one after the other, and what is left of them when another
/// is opened.
async fn steady(bob: &mut Client, page: &Browser, from: usize) {
    page.goes_to("#/e").await;
    let before = page.memory_mb().await;
    page.goes_to("#/u/bob").await;
    page.settles_at_end().await;
    page.run(WATCH_FRAMES).await;
    let started = Instant::now();
    let count = STEADY_RATE * STEADY_SECONDS;
    let mut said = 0;
    while said < count {
        let due = (started.elapsed().as_secs_f64() * STEADY_RATE as f64) as usize;
        let due = due.clamp(said + 1, count).min(said + WINDOW);
        say(bob, from + said..from + due).await;
        said = due;
        let next = Duration::from_secs_f64(said as f64 / STEADY_RATE as f64);
        tokio::time::sleep(next.saturating_sub(started.elapsed())).await;
    }
    page.sees(&format!("message {} ", from + count - 1)).await;
    let took = started.elapsed().as_secs_f64();
    row(&format!("{count} arrivals in front, a second"), count as f64 / took, "500");
    let longest: f64 = page.ask("return String(window.longestFrame)").await.parse().unwrap();
    row("longest frame meanwhile", longest, "100 ms");
    row(
        "memory more after leaving it, in MB",
        {
            page.goes_to("#/e").await;
            page.waits_for_frames(5).await;
            page.memory_mb().await - before
        },
        "10",
    );
}

/// As many events as in a day and a night: what the page holds grows no more once it is full.
async fn long(bob: &mut Client, page: &Browser, from: usize) {
    page.goes_to("#/u/bob").await;
    for part in 0..LONG_PARTS {
        let begin = from + part * LONG_PART;
        say(bob, begin..begin + LONG_PART).await;
        page.sees(&format!("message {} ", begin + LONG_PART - 1)).await;
        let events = (part + 1) * LONG_PART;
        row(&format!("after {events} events: memory, in MB"), page.memory_mb().await, "flat");
        row("and nodes", page.metrics().await["Nodes"], "flat");
    }
}

/// Looks through all of it for what is not there.
async fn search(page: &Browser) {
    tokio::time::sleep(REST).await;
    let before = page.memory_mb().await;
    page.run(WATCH_FRAMES).await;
    page.presses(&["Control", "f"]).await;
    let started = Instant::now();
    page.types_here("nowhere").await;
    let progress = "return document.querySelector('.search__progress').textContent";
    let is_done = async || page.ask(progress).await.starts_with("Nothing found in all");
    while started.elapsed() < SEARCH_TIME && !is_done().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    row("seconds of a search through all of it, so far", started.elapsed().as_secs_f64(), "-");
    println!("{}", page.ask(progress).await);
    let longest: f64 = page.ask("return String(window.longestFrame)").await.parse().unwrap();
    row("longest frame meanwhile", longest, "100 ms");
    row("memory more after it, in MB", page.memory_mb().await - before, "16");
}

/// Tells how long it took from the form to the page behind it.
const WATCH_SIGN_IN: &str = "document.addEventListener('submit', () => { \
    const began = performance.now(); new MutationObserver((_, it) => { \
    if (document.querySelector('nav')) { window.signedInAfter = performance.now() - began; it.disconnect() } \
    }).observe(document.body, { childList: true, subtree: true }) }, { capture: true, once: true })";

const IS_FIRST_SHOWN: &str = "return String([...document.querySelectorAll('.message__text')].some(e => e.textContent.startsWith('message 0 ')))";

/// Notes the longest time between two frames from now on.
const WATCH_FRAMES: &str = "window.longestFrame = 0; let last = performance.now(); \
    const look = (now) => { window.longestFrame = Math.max(window.longestFrame, now - last); last = now; \
    requestAnimationFrame(look) }; requestAnimationFrame((now) => { last = now; look(now) })";

fn row(what: &str, measured: f64, wanted: &str) {
    println!("{what:<60} {measured:>10.1}   (wanted: {wanted})");
}

/// When the page could be used, in milliseconds after it was asked for.
async fn usable(page: &Browser) -> f64 {
    page.find("//h1 | //nav").await;
    let script = "return String(performance.getEntriesByName('usable')[0].startTime)";
    page.ask(script).await.parse().unwrap()
}

/// The median and the 95th percentile of the time from a key to what is painted of it.
async fn key_presses(page: &Browser) -> (f64, f64) {
    let script = "const done = arguments[0]; (async () => { \
        const field = document.querySelector('textarea'); field.focus(); const times = []; \
        for (let n = 0; n < 200; n++) { \
          await new Promise((resolve) => setTimeout(resolve, 5 + n % 13)); \
          const start = performance.now(); document.execCommand('insertText', false, 'a'); \
          await new Promise((resolve) => requestAnimationFrame(() => { \
            const channel = new MessageChannel(); channel.port1.onmessage = resolve; channel.port2.postMessage(0); })); \
          times.push(performance.now() - start); } \
        times.sort((a, b) => a - b); done([times[100], times[190]]); })()";
    let times = page.page.execute_async(script, vec![]).await.unwrap();
    page.run(
        "const field = document.querySelector('textarea'); field.value = ''; \
              field.dispatchEvent(new InputEvent('input', { bubbles: true }))",
    )
    .await;
    (times[0].as_f64().unwrap(), times[1].as_f64().unwrap())
}

async fn say(bob: &mut Client, numbers: std::ops::Range<usize>) {
    let mut waiting = BTreeMap::new();
    let mut left = numbers;
    while !left.is_empty() || !waiting.is_empty() {
        while let Some(n) = (waiting.len() < WINDOW).then(|| left.next()).flatten() {
            let text = format!("message {n} {}", "word ".repeat(n % 12));
            waiting.insert(bob.send("alice", &text), ());
        }
        if let Event::Progress(id, Progress::Stored(..)) = bob.event().await {
            waiting.remove(&id);
        }
    }
}
