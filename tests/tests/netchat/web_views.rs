//! Every view and dialog of the page: nothing keeps anybody from using it, in both themes, on a desktop and
//! on a phone. What it looks like is left in `target/screenshots`, for `cargo xtask pictures`.

use netchat_tests::browser::{Browser, Device};
use netchat_tests::classic_server::ClassicServer;
use netchat_tests::process::{Parts, System};
use netchat_tests::terminal::Terminal;

/// A page, and what was found wrong with it.
struct Views {
    page: Browser,
    faults: Vec<String>,
}

/// How a view is looked at: a name, the window, and the theme.
const LOOKS: [(&str, (u32, u32), &str); 3] = [
    ("desktop", (1_180, 760), "light"),
    ("dark", (1_180, 760), "dark"),
    ("phone", (390, 780), "light"),
];

impl Views {
    fn of(page: Browser) -> Self {
        Self { page, faults: Vec::new() }
    }

    /// Looks at the view that is shown now.
    async fn look(&mut self, view: &str) {
        for (look, (width, height), theme) in LOOKS {
            self.page.is_sized(width, height).await;
            self.page.run(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
            self.page.waits_for_frames(2).await;
            let found = self.page.accessibility_faults().await;
            self.faults.extend(found.into_iter().map(|fault| format!("{view}, {look}: {fault}")));
            self.page.picture(&format!("view-{view}-{look}")).await;
        }
        let (_, (width, height), _) = LOOKS[0];
        self.page.is_sized(width, height).await;
    }

    /// Looks at a sheet that an item of a menu opens, and closes it.
    async fn look_at_sheet(&mut self, menu: &str, item: &str) {
        self.page.choose(menu, item).await;
        self.page.find("//dialog[@open]").await;
        self.look(&item.to_lowercase().replace(' ', "-")).await;
        self.page.presses(&["Escape"]).await;
        self.page.lacks("//dialog[@open]").await;
    }

    fn are_usable(self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }
}

/// Alice, with people who have written to her.
async fn views_of_a_team(system: &System) -> (Views, Vec<Terminal>) {
    let mut people = Vec::new();
    for name in ["bob", "carol", "erin"] {
        people.push(Terminal::signed_in(&system.udp.to_string(), name, &[]).await);
    }
    let page = Browser::open(system.http, Device::Desktop).await;
    let mut views = Views::of(page);
    views.page.find("//h1").await;
    views.look("sign-in").await;
    views.page.fill("Server password", "password").await;
    views.page.fill("Name", "alice").await;
    views.page.fill("Password", "alicespassword").await;
    views.page.click("Sign in").await;
    views.page.shows("alice is a new name here").await;
    views.look("new-account").await;
    views.page.fill("Repeat password", "alicespassword").await;
    views.page.click("Create account").await;
    views.page.find("//h1[.='Welcome, alice']").await;
    views.look("welcome").await;
    (views, people)
}

/// The group in which all of them are, with what is usual in one.
async fn talk(views: &Views, people: &mut [Terminal]) {
    let page = &views.page;
    page.choose("New", "New group").await;
    page.fill("Group name", "networks").await;
    page.fill("Members", "bob, carol, erin").await;
    page.click("Create group").await;
    page.find("//h1[.='networks']").await;
    page.click("Dismiss").await;
    for person in people.iter_mut() {
        person.types("/accept networks").await;
        person.waits_for("You are now in: networks").await;
    }
    let [bob, carol, erin] = people else { unreachable!() };
    for line in ["Morning, all. Who has seen the lab's new switch?", "It has *48* ports."] {
        bob.types(line).await;
        page.sees(&line[..4]).await;
    }
    carol.types("I have. Its manual: https://example.org/switch, and mind `spanning-tree`").await;
    page.sees("Its manual").await;
    page.write("Nice. Shall we try it on Friday?").await;
    page.sees("Received by 3 of 3").await;
    erin.types("/react 👍").await;
    page.find("//*[@role='log']//button[contains(., '👍')]").await;
    erin.types("/reply Friday is fine, after ten").await;
    page.sees("Friday is fine").await;
    bob.types("/chat alice").await;
    bob.types("Do you have the cable?").await;
    page.shows("Do you have the cable?").await;
    carol.types("/broadcast").await;
    carol.types("Coffee is ready").await;
    page.shows("Coffee is ready").await;
}

#[tokio::test]
async fn nothing_keeps_anybody_from_using_any_view_of_the_page() {
    let system = System::start(&[]).await;
    let (mut views, mut people) = views_of_a_team(&system).await;
    talk(&views, &mut people).await;
    views.look("group").await;
    views.page.run("document.querySelector('.log').focus()").await;
    views.page.presses(&["ArrowUp"]).await;
    views.look("actions").await;
    views.page.click("Details").await;
    views.page.find("//aside[@aria-label='Details']//*[.='erin']").await;
    views.look("details").await;
    views.page.click("Close details").await;
    for (menu, item) in [
        ("New", "Message somebody"),
        ("New", "New group"),
        ("New", "Join group"),
        ("New", "Message several"),
        ("Menu", "Account"),
        ("Menu", "Keys and commands"),
    ] {
        views.look_at_sheet(menu, item).await;
    }
    // On a phone they stand over the list.
    views.page.goes_to("#/").await;
    for (menu, item) in [("Menu", "Sign out"), ("New", "New group")] {
        views.page.click(menu).await;
        views.look(&format!("menu-{}", menu.to_lowercase())).await;
        let item = views.page.find(&format!("//button[normalize-space(.)='{item}']")).await;
        assert!(item.is_displayed().await.unwrap(), "{menu} was seen");
        views.page.presses(&["Escape"]).await;
    }
    views.page.goes_to("#/g/networks").await;
    views.page.sees("Friday is fine").await;
    views.page.presses(&["Control", "k"]).await;
    views.page.find("//dialog[@aria-label='Find']//li").await;
    views.look("find").await;
    views.page.presses(&["Escape"]).await;
    views.page.lacks("//dialog[@open]").await;
    views.page.presses(&["Control", "f"]).await;
    views.page.types_here("friday").await;
    views.page.find("//ol[@aria-label='Found messages']//mark").await;
    views.look("search").await;
    views.page.click("Close search").await;
    views.page.click("Emoji").await;
    views.page.find("//dialog[@aria-label='Emoji']//li").await;
    views.look("emoji").await;
    views.page.presses(&["Escape"]).await;
    views.page.goes_to("#/u/bob").await;
    views.page.sees("Do you have the cable?").await;
    views.look("person").await;
    views.are_usable();
}

#[tokio::test]
async fn nothing_keeps_anybody_from_using_the_page_when_something_is_wrong() {
    let mut parts = Parts::start().await;
    let mut views = Views::of(Browser::open(parts.http, Device::Desktop).await);
    views.page.sign_in("alice", "alicespassword").await;
    views.page.goes_to("#/e").await;
    views.look("nothing-said").await;
    parts.kill_server().await;
    views.page.write("Is anybody there?").await;
    views.page.sees("Waiting").await;
    views.page.find("//*[contains(@class, 'banner') and contains(., 'No connection')]").await;
    views.look("no-connection").await;
    std::fs::remove_file(parts.folder.path().join("netchat.db-key")).unwrap();
    parts.start_server().await;
    views.page.find("//*[@role='alertdialog']").await;
    views.look("another-key").await;
    views.are_usable();

    let classic = ClassicServer::start().await;
    parts.kill_gateway().await;
    parts.start_gateway_to(classic.address).await;
    let mut views = Views::of(Browser::open(parts.http, Device::Desktop).await);
    views.page.fill("Server password", "password").await;
    views.page.fill("Name", "alice").await;
    views.page.fill("Password", "alicespassword").await;
    views.page.click("Sign in").await;
    views.page.find("//*[@role='alertdialog']").await;
    views.look("no-encryption").await;
    views.are_usable();
}
