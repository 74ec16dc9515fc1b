//! What the page costs whoever has it open, in headless Chromium on this machine.
//!
//! Times of a browser on a busy machine say little by themselves: the wanted figure stands beside each.

use std::collections::BTreeMap;
use std::time::Instant;

use netchat_client::session::{Event, Progress};
use netchat_tests::browser::{Browser, Device};
use netchat_tests::client::Client;
use netchat_tests::process::System;
use tokio::runtime::Builder;

/// Messages in the conversation in front while it is measured.
const MESSAGES: usize = 10_000;
/// Messages that arrive at once.
const BURST: usize = 1_000;
/// Messages whose cost is measured one by one.
const ARRIVALS: usize = 2_000;
/// So many messages are under way at once.
const WINDOW: usize = 64;

pub(crate) fn bench() {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(measure());
}

async fn measure() {
    let system = System::start(&["--message-quota", "off"]).await;
    let mut bob = Client::sign_in(system.udp, "bob").await;
    let page = Browser::open(system.http, Device::Desktop).await;
    row("sign-in usable, cold", usable(&page).await, "250 ms");
    page.sign_in("alice", "alicespassword").await;
    page.is_kept().await;
    page.reload().await;
    row("page usable, warm", usable(&page).await, "80 ms");

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
    row("memory of scripts, in MB", page.metrics().await["JSHeapUsedSize"] / 1e6, "-");
}

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
