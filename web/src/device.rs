//! The browser itself: what it is called in the list of one's sessions, which languages its owner speaks, and how
//! it writes without capitals.

use netchat_shared::extended::DeviceName;

use crate::words::Locale;

/// Browsers, by words of their user agents; the first that is there. Those that pretend to be others come
/// before them.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];

const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
];

/// The browser that runs this, as far as it says what it is.
pub(crate) fn name() -> Option<DeviceName> {
    let agent = web_sys::window().and_then(|window| window.navigator().user_agent().ok());
    describe(&agent.unwrap_or_default()).parse().ok()
}

fn describe(agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    let browser = find(&BROWSERS).unwrap_or("A browser");
    match find(&SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

/// The languages that the person wants, as they have set them in the browser.
fn languages() -> Vec<String> {
    let wanted = web_sys::window().map(|window| window.navigator().languages());
    wanted.unwrap_or_default().iter().filter_map(|tag| tag.as_string()).collect()
}

/// The language of the page where nothing else is set.
pub(crate) fn locale() -> Locale {
    let wanted = languages();
    Locale::first_of(wanted.iter().map(String::as_str))
}

/// The language as it is spoken where the person is, if they have said so: dates differ.
pub(crate) fn tag(locale: Locale) -> String {
    let is_spoken = |tag: &String| Locale::first_of([tag.as_str()]) == locale;
    let found =
        languages().into_iter().find(|tag| is_spoken(tag) && tag.starts_with(locale.code()));
    found.unwrap_or_else(|| locale.code().to_owned())
}

/// A text without capitals, by the browser's tables: the module has none.
pub(crate) fn lowercase(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn common_browsers_are_known() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0.0.0 Safari/537.36";
        assert_eq!(describe(chrome), "Chrome on Linux");
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1";
        assert_eq!(describe(safari), "Safari on iPhone");
        assert_eq!(describe("something else"), "A browser");
    }
}
