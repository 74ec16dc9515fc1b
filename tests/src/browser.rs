//! The web client in headless Chromium, driven through chromedriver.
//!
//! Elements are found by their accessible names, as people with screen readers find them.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

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
}

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
        self.find(&format!("//nav//a[@aria-label={name} or normalize-space(.)={name}]"))
            .await
            .click()
            .await
            .unwrap();
    }

    /// What the log says, row by row.
    pub async fn log_text(&self) -> String {
        self.find("//*[@role='log']").await.text().await.unwrap()
    }

    /// A picture of what the test sees, for a person to look at: `target/screenshots`.
    pub async fn screenshot(&self, name: &str) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots");
        std::fs::create_dir_all(folder).unwrap();
        let picture = self.page.screenshot().await.unwrap();
        std::fs::write(format!("{folder}/{name}.png"), picture).unwrap();
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
        "//*[(self::input or self::textarea) and (@aria-label={name} or @id=//label[.={name}]/@for)]"
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
