//! The web client in headless Chromium, driven through chromedriver.
//!
//! Elements are found by their accessible names, as people with screen readers find them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use url::{ParseError, Url};

use crate::process::PATIENCE;

/// A closed network, a container, and root are all expected.
const CHROMIUM_FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
];

/// What the page is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    Desktop,
    /// A phone that prefers dark pages.
    DarkPhone,
    /// The desktop of somebody who has set letters twice as big.
    LargeText,
    /// The desktop of somebody who speaks German.
    German,
}

/// Where pictures of the page are left.
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots");

/// A browser window with a profile of its own.
pub struct Browser {
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens the page that a gateway serves.
    pub async fn open(gateway: SocketAddr, device: Device) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed (cargo xtask test does it)");
        let port = driver_port(&mut driver).await;
        let profile = tempfile::tempdir().unwrap();
        let mut flags: Vec<String> = CHROMIUM_FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({});
        match device {
            Device::Desktop => flags.push("--window-size=1100,860".to_owned()),
            Device::DarkPhone => {
                flags.push("--force-dark-mode".to_owned());
                let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2.0 });
                options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
            }
            Device::LargeText => {
                options["prefs"] = json!({ "webkit.webprefs.default_font_size": 32 });
            }
            Device::German => {
                options["prefs"] = json!({ "intl.accept_languages": "de-AT,de" });
            }
        }
        options["args"] = json!(flags);
        let capabilities = json!({ "goog:chromeOptions": options });
        let Some(capabilities) = capabilities.as_object().cloned() else { unreachable!() };
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        page.goto(&format!("http://{gateway}")).await.unwrap();
        Self { page, driver, _profile: profile }
    }

    /// Types into the field of that name, in place of what it holds.
    pub async fn fill(&self, field: &str, text: &str) {
        let element = self.find(&by_field(field)).await;
        element.clear().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    /// Clicks the button of that name.
    pub async fn click(&self, button: &str) {
        self.find(&by_button(button)).await.click().await.unwrap();
    }

    /// Opens a menu and clicks what is in it.
    pub async fn choose(&self, menu: &str, item: &str) {
        self.click(menu).await;
        self.click(item).await;
    }

    /// Writes a message in the conversation in front and sends it with Enter.
    pub async fn write(&self, text: &str) {
        let message = self.find(&by_field("Message")).await;
        message.send_keys(text).await.unwrap();
        message.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    }

    /// Puts a long text into the message box, as pasting does, and sends it with Enter.
    pub async fn paste(&self, text: &str) {
        let message = self.find(&by_field("Message")).await;
        let script = "arguments[0].value = arguments[1]; \
                      arguments[0].dispatchEvent(new InputEvent('input', { bubbles: true }));";
        let element = serde_json::to_value(&message).unwrap();
        self.page.execute(script, vec![element, json!(text)]).await.unwrap();
        message.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.page.refresh().await.unwrap();
    }

    /// Signs in; creates the account if the name is new.
    pub async fn sign_in(&self, name: &str, password: &str) {
        self.fill("Server password", "password").await;
        self.fill("Name", name).await;
        self.fill("Password", password).await;
        self.click("Sign in").await;
        let next = format!("{} | {}", by_field("Repeat password"), by_navigation());
        if self.find(&next).await.tag_name().await.unwrap() == "input" {
            self.fill("Repeat password", password).await;
            self.click("Create account").await;
        }
        self.find(&by_navigation()).await;
    }

    /// Waits until the log holds this text.
    pub async fn sees(&self, text: &str) {
        let log = "//*[@role='log' and @aria-label='Messages']";
        self.find(&format!("{log}//*[text()[contains(., {})]]", quoted(text))).await;
    }

    /// Waits until the page holds this text, anywhere.
    pub async fn shows(&self, text: &str) {
        self.find(&format!("//body//*[text()[contains(., {})]]", quoted(text))).await;
    }

    /// Waits until the list of who is online holds this name.
    pub async fn sees_online(&self, name: &str) {
        let name = quoted(name);
        self.find(&format!("//ul[@aria-labelledby='online-title']//a[normalize-space(.)={name}]"))
            .await;
    }

    /// Opens a conversation by its name in the list, or with someone who is online.
    pub async fn open_conversation(&self, name: &str) {
        let name = quoted(name);
        self.find(&format!("//nav//a[normalize-space(.)={name}]")).await.click().await.unwrap();
    }

    /// What the log says, row by row.
    pub async fn log_text(&self) -> String {
        self.find("//*[@role='log']").await.text().await.unwrap()
    }

    /// A picture of what the test sees, for a person to look at: `target/screenshots`.
    pub async fn screenshot(&self, name: &str) {
        std::fs::create_dir_all(SCREENSHOTS).unwrap();
        let picture = self.page.screenshot().await.unwrap();
        std::fs::write(format!("{SCREENSHOTS}/{name}.png"), picture).unwrap();
    }

    /// A small picture of it, for a page of documentation.
    pub async fn picture(&self, name: &str) {
        let parameters = json!({ "format": "webp", "quality": 80 });
        let said = self.tells_browser("Page.captureScreenshot", parameters).await;
        let picture = STANDARD.decode(said["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(SCREENSHOTS).unwrap();
        std::fs::write(format!("{SCREENSHOTS}/{name}.webp"), picture).unwrap();
    }

    /// Waits for an element.
    pub async fn find(&self, xpath: &str) -> Element {
        let wait = self.page.wait().at_most(PATIENCE).every(Duration::from_millis(50));
        match wait.for_element(Locator::XPath(xpath)).await {
            Ok(element) => element,
            Err(error) => {
                self.screenshot("failed").await;
                let body =
                    self.page.find(Locator::Css("body")).await.unwrap().text().await.unwrap();
                panic!("{xpath}: {error}; the page says:\n{body}");
            }
        }
    }
}

/// A row of the log, and how far below the top of the log it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub row: String,
    pub top_px: f64,
}

/// What a reader does and sees.
impl Browser {
    /// Runs a script in the page; what it returns, as text.
    pub async fn ask(&self, script: &str) -> String {
        let said = self.page.execute(script, vec![]).await.unwrap();
        match &said {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                said.to_string()
            }
        }
    }

    pub async fn run(&self, script: &str) {
        self.page.execute(script, vec![]).await.unwrap();
    }

    /// Waits until a script, which hands its answer to `done`, says this.
    pub async fn waits_until(&self, script: &str, expected: &str) {
        let script = format!("const done = arguments[0]; {script}");
        let said = async {
            while self.page.execute_async(&script, vec![]).await.unwrap() != json!(expected) {}
        };
        timeout(PATIENCE, said)
            .await
            .unwrap_or_else(|_| panic!("{script} does not say {expected}"));
    }

    /// Waits for so many frames to be painted.
    pub async fn waits_for_frames(&self, count: u32) {
        let script = "const done = arguments[1]; let left = arguments[0]; \
                      const step = () => left-- > 0 ? requestAnimationFrame(step) : done(); step()";
        self.page.execute_async(script, vec![json!(count)]).await.unwrap();
    }

    /// Scrolls the log, as a wheel does.
    pub async fn scroll_by(&self, by_px: i32) {
        self.run(&format!("document.querySelector('.log').scrollTop += {by_px}")).await;
        self.waits_for_frames(3).await;
    }

    /// The first message in view.
    pub async fn place(&self) -> Place {
        let script = "const log = document.querySelector('.log').getBoundingClientRect().top; \
            for (const row of document.querySelectorAll('.message')) { \
              const box = row.getBoundingClientRect(); \
              if (box.bottom > log + 1) return [row.dataset.row, box.top - log]; }";
        let found = self.page.execute(script, vec![]).await.unwrap();
        Place {
            row: found[0].as_str().expect("there is a message").to_owned(),
            top_px: found[1].as_f64().unwrap(),
        }
    }

    /// A message is where it was; browsers round.
    pub async fn has_not_moved(&self, place: &Place) {
        const MOVED_PX_MAX: f64 = 1.0;
        let script = "const log = document.querySelector('.log').getBoundingClientRect().top; \
            const row = document.querySelector(`[data-row='${arguments[0]}']`); \
            return row && row.getBoundingClientRect().top - log";
        let top = self.page.execute(script, vec![json!(place.row)]).await.unwrap();
        let top = top.as_f64().expect("the row is still there");
        let moved = (top - place.top_px).abs();
        assert!(moved <= MOVED_PX_MAX, "row {} moved by {moved} px", place.row);
    }

    pub async fn is_at_end(&self) -> bool {
        let script = "const log = document.querySelector('.log'); \
                      return log.scrollHeight - log.scrollTop - log.clientHeight <= 2";
        self.ask(script).await == "true"
    }

    /// Waits until the log is at its end.
    pub async fn settles_at_end(&self) {
        let settled = async { while !self.is_at_end().await {} };
        timeout(PATIENCE, settled).await.expect("the log goes to its end");
    }

    pub async fn count(&self, selector: &str) -> usize {
        self.page.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    /// Waits until there is no such element.
    pub async fn lacks(&self, xpath: &str) {
        let gone =
            async { while !self.page.find_all(Locator::XPath(xpath)).await.unwrap().is_empty() {} };
        timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{xpath} is still there"));
    }

    /// Goes to an address of a conversation, as by a link.
    pub async fn goes_to(&self, hash: &str) {
        self.run(&format!("location.hash = '{hash}'")).await;
    }

    pub async fn back(&self) {
        self.page.back().await.unwrap();
    }

    /// Types into the message box, and does not send.
    pub async fn types(&self, text: &str) {
        self.find(&by_field("Message")).await.send_keys(text).await.unwrap();
    }

    pub async fn typed(&self) -> String {
        let message = self.find(&by_field("Message")).await;
        message.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Types wherever the focus is.
    pub async fn types_here(&self, text: &str) {
        self.page.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Presses keys together, wherever the focus is; all but the last are held.
    pub async fn presses(&self, keys: &[&str]) {
        let key = |name: &&str| match *name {
            "Control" => char::from(Key::Control),
            "Alt" => char::from(Key::Alt),
            "Enter" => char::from(Key::Enter),
            "Escape" => char::from(Key::Escape),
            "ArrowUp" => char::from(Key::Up),
            "ArrowDown" => char::from(Key::Down),
            "Tab" => char::from(Key::Tab),
            other => other.chars().next().unwrap(),
        };
        let keys: String = keys.iter().map(key).collect();
        self.types_here(&keys).await;
    }

    pub async fn tab(&self) -> WindowHandle {
        self.page.window().await.unwrap()
    }

    /// Opens the page in another tab of the same browser, and goes there.
    pub async fn opens_another_tab(&self) -> WindowHandle {
        let address = self.page.current_url().await.unwrap();
        let tab = self.page.new_window(true).await.unwrap().handle;
        self.page.switch_to_window(tab.clone()).await.unwrap();
        self.page.goto(address.as_str()).await.unwrap();
        tab
    }

    pub async fn goes_to_tab(&self, tab: &WindowHandle) {
        self.page.switch_to_window(tab.clone()).await.unwrap();
    }

    pub async fn closes_other_tabs(&self, kept: &WindowHandle) {
        for tab in self.page.windows().await.unwrap() {
            if tab != *kept {
                self.goes_to_tab(&tab).await;
                self.page.close_window().await.unwrap();
            }
        }
        self.goes_to_tab(kept).await;
    }

    /// From the next load on, the program of the page waits until it is let go.
    pub async fn holds_the_program(&self) {
        let source = "const start = WebAssembly.instantiateStreaming; \
            const mayStart = new Promise((go) => globalThis.letGo = go); \
            WebAssembly.instantiateStreaming = async (...all) => { await mayStart; return start(...all); }; \
            globalThis.wasFormSeen = false; \
            const look = () => { \
              globalThis.wasFormSeen ||= document.querySelector('#sign-in-page')?.checkVisibility() ?? false; \
              requestAnimationFrame(look); }; \
            look();";
        let parameters = json!({ "source": source });
        self.tells_browser("Page.addScriptToEvaluateOnNewDocument", parameters).await;
    }

    pub async fn lets_the_program_go(&self) {
        self.run("letGo()").await;
    }

    /// From the next load on, of what comes later than the page, whatever has a name like this is not fetched,
    /// until `losesParts` is false.
    pub async fn loses_parts(&self, like: &str) {
        let source = format!(
            "globalThis.losesParts = true; const get = fetch; \
             globalThis.fetch = (what, ...all) => losesParts && /{like}/.test(what) \
               ? Promise.reject(new TypeError('lost')) : get(what, ...all);"
        );
        let parameters = json!({ "source": source });
        self.tells_browser("Page.addScriptToEvaluateOnNewDocument", parameters).await;
    }

    /// The window is so big, in pixels of the page.
    pub async fn is_sized(&self, width: u32, height: u32) {
        let parameters =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tells_browser("Emulation.setDeviceMetricsOverride", parameters).await;
        self.waits_for_frames(4).await;
    }

    /// The person is somewhere else, from the next load on.
    pub async fn is_in(&self, time_zone: &str) {
        let parameters = json!({ "timezoneId": time_zone });
        self.tells_browser("Emulation.setTimezoneOverride", parameters).await;
    }

    /// The system replaces all colours by a few of its own.
    pub async fn has_forced_colours(&self) {
        let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        self.tells_browser("Emulation.setEmulatedMedia", features).await;
    }

    /// From the next load on, the clock can be put on by `later(ms)`, and what is done at intervals is
    /// done often.
    pub async fn has_a_clock_to_put_on(&self) {
        let source = "let by = 0; globalThis.later = (ms) => by += ms; \
            const now = Date.now.bind(Date); Date.now = () => now() + by; \
            const every = setInterval; \
            globalThis.setInterval = (act, ms, ...rest) => every(act, Math.min(ms, 100), ...rest);";
        let parameters = json!({ "source": source });
        self.tells_browser("Page.addScriptToEvaluateOnNewDocument", parameters).await;
    }

    /// An input method composes this where the focus is, and is not done with it.
    pub async fn composes(&self, text: &str) {
        let end = text.encode_utf16().count();
        let parameters = json!({ "text": text, "selectionStart": end, "selectionEnd": end });
        self.tells_browser("Input.imeSetComposition", parameters).await;
    }

    /// The input method is done: this stands in place of what was composed.
    pub async fn commits(&self, text: &str) {
        self.tells_browser("Input.insertText", json!({ "text": text })).await;
    }

    /// Waits until the page's files are kept, and it is served from there.
    pub async fn is_kept(&self) {
        let script = "navigator.serviceWorker.ready\
                      .then(() => done(navigator.serviceWorker.controller ? 'kept' : 'not yet'))";
        self.waits_until(script, "kept").await;
    }

    /// The person has allowed notices of the system.
    pub async fn allows_notifications(&self) {
        let permissions = json!({ "permissions": ["notifications"] });
        self.tells_browser("Browser.grantPermissions", permissions).await;
    }

    /// The window is put away.
    pub async fn goes_behind(&self) {
        self.page.minimize_window().await.unwrap();
        self.waits_until("done(String(document.hidden))", "true").await;
    }

    pub async fn comes_back(&self) {
        self.page.set_window_size(1_100, 860).await.unwrap();
        self.waits_until("done(String(document.hidden))", "false").await;
    }

    /// What keeps people from using the page as it is now, as axe-core finds it; a line each.
    pub async fn accessibility_faults(&self) -> Vec<String> {
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(file).expect("cargo xtask test installs axe-core");
        let script = format!(
            "{axe}; const done = arguments[0]; \
             axe.run(document, {{ resultTypes: ['violations'] }}).then((found) => done(found.violations\
             .map((fault) => `${{fault.id}}: ${{fault.nodes.map((node) => node.html).join(' ')}}`)))"
        );
        let found = self.page.execute_async(&script, vec![]).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    /// What the browser has spent on the page so far, by its own names; times in seconds.
    pub async fn metrics(&self) -> BTreeMap<String, f64> {
        self.tells_browser("Performance.enable", json!({})).await;
        let said = self.tells_browser("Performance.getMetrics", json!({})).await;
        let all = said["metrics"].as_array().unwrap().iter();
        let metric = |metric: &Value| {
            (metric["name"].as_str().unwrap().to_owned(), metric["value"].as_f64().unwrap())
        };
        all.map(metric).collect()
    }

    /// From the next load on, [`Self::memory_mb`] says what the page holds.
    pub async fn watches_memory(&self) {
        let source = "const start = WebAssembly.instantiateStreaming; \
            WebAssembly.instantiateStreaming = async (...all) => { const it = await start(...all); \
              const known = [it.instance.exports, ...Object.values(all[1] ?? {})].flatMap(Object.values); \
              const memory = known.find((one) => one instanceof WebAssembly.Memory); \
              globalThis.memoryOfProgram ??= () => memory.buffer.byteLength; \
              return it; };";
        let parameters = json!({ "source": source });
        self.tells_browser("Page.addScriptToEvaluateOnNewDocument", parameters).await;
    }

    /// What scripts and the program hold, without what nobody uses any more.
    pub async fn memory_mb(&self) -> f64 {
        self.tells_browser("HeapProfiler.collectGarbage", json!({})).await;
        let program: f64 = self.ask("return String(memoryOfProgram())").await.parse().unwrap();
        (self.metrics().await["JSHeapUsedSize"] + program) / 1e6
    }

    async fn tells_browser(&self, command: &'static str, parameters: Value) -> Value {
        self.page.issue_cmd(DevTools { command, parameters }).await.unwrap()
    }
}

/// A command of the browser's own protocol.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

impl Drop for Browser {
    /// The browser is a child of its driver: both are ended.
    fn drop(&mut self) {
        if let Some(group) = self.driver.id() {
            let group = format!("-{group}");
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        }
    }
}

fn by_field(name: &str) -> String {
    let name = quoted(name);
    format!(
        "//*[(self::input or self::textarea) and (@aria-label={name} or @id=//label[.={name}]/@for) \
         and not(ancestor::*[@hidden])]"
    )
}

fn by_button(name: &str) -> String {
    let name = quoted(name);
    format!("//button[normalize-space(.)={name} or @aria-label={name}]")
}

fn by_navigation() -> String {
    "//nav[@aria-label='Conversations']".to_owned()
}

/// A text as an XPath string.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no way to write both quotes");
    format!("\"{text}\"")
}

async fn driver_port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("chromedriver says nothing");
        let line = line.unwrap().expect("chromedriver ended");
        if let Some(port) = line.split("started successfully on port ").nth(1) {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
}
