//! The web client's entry point.

use leptos::prelude::*;
use netchat_web::io::Client;
use netchat_web::view::App;

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(|| {
        let ui = Client::start();
        view! { <App ui /> }
    });
}
