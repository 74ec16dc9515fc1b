//! Makes the words of the page from `locales/*.json`: a constant for each text, a structure for each text
//! that something is put into. A language that lacks a text, or has one more, does not build. And tells the
//! linker what it has to leave in a module that is to be cut into parts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

/// Every other language says what this one does.
const FIRST: &str = "en";

/// The forms that languages have for numbers (Unicode's plural categories). The last is in each of them.
const FORMS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The words of this place stand in the page alone, for when the program does not start.
const PAGE_ONLY: &str = "boot";

/// This value decides which form a text has.
const COUNT: &str = "count";

/// By place and name in it, as in `sign_in.title`.
type Texts = BTreeMap<String, String>;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=index.html");
    println!("cargo::rerun-if-changed=manifest.webmanifest");
    if env::var_os("CARGO_FEATURE_PARTS").is_some() {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    let languages = read_languages(Path::new("locales"));
    let mut faults = Vec::new();
    let words = Words::new(&languages, &mut faults);
    check_page(&languages, &mut faults);
    for fault in &faults {
        println!("cargo::error={fault}");
    }
    if faults.is_empty() {
        let folder = env::var_os("OUT_DIR").expect("cargo says where to write");
        fs::write(Path::new(&folder).join("words.rs"), words.to_rust(&languages))
            .expect("the words can be written");
    }
}

/// The texts of each language, by its code; the first language first.
fn read_languages(folder: &Path) -> Vec<(String, Texts)> {
    let mut languages = Vec::new();
    for entry in fs::read_dir(folder).expect("there are languages") {
        let path = entry.expect("the folder can be read").path();
        let text = fs::read_to_string(&path).expect("a language can be read");
        let places: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check_repetitions(&text, &path);
        let texts = places.into_iter().flat_map(|(place, texts)| {
            texts.into_iter().map(move |(name, text)| (format!("{place}.{name}"), text))
        });
        let code = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        languages.push((code, texts.collect()));
    }
    languages.sort_by_key(|(code, _)| (code != FIRST, code.clone()));
    languages
}

/// What stands there twice would be lost without a word: each text has a line of its own.
fn check_repetitions(text: &str, path: &Path) {
    let lines = text.lines().filter(|line| line.starts_with("    \"")).count();
    let parsed: Value = serde_json::from_str(text).expect("it was read before");
    let places = parsed.as_object().into_iter().flat_map(|places| places.values());
    let texts: usize = places.filter_map(Value::as_object).map(serde_json::Map::len).sum();
    assert_eq!(lines, texts, "{}: a name stands there twice, or two in a line", path.display());
}

/// One text, in all its forms.
struct Word {
    /// What is put into it, in the order in which it is.
    values: Vec<String>,
    /// The forms that any language has; one without a name if there is only one.
    forms: Vec<&'static str>,
}

struct Words(BTreeMap<String, Word>);

impl Words {
    fn new(languages: &[(String, Texts)], faults: &mut Vec<String>) -> Self {
        let mut words = BTreeMap::new();
        let names: BTreeSet<&str> = languages
            .iter()
            .flat_map(|(_, texts)| texts.keys())
            .map(|key| split_form(key).0)
            .collect();
        for name in names {
            let mut word = Word { values: Vec::new(), forms: Vec::new() };
            let mut values = BTreeSet::new();
            for (at, (code, texts)) in languages.iter().enumerate() {
                let forms: Vec<_> = texts.keys().filter(|key| split_form(key).0 == name).collect();
                let found: BTreeSet<String> =
                    forms.iter().flat_map(|key| placeholders(&texts[*key])).collect();
                if forms.is_empty() {
                    faults.push(format!("locales/{code}.json lacks {name}"));
                    continue;
                }
                if at == 0 {
                    values = found;
                }
                // Each form by itself: only the number may be meant without being said.
                let said = |text: &str| -> BTreeSet<String> {
                    let mut said: BTreeSet<_> = placeholders(text).into_iter().collect();
                    said.extend(values.contains(COUNT).then(|| COUNT.to_owned()));
                    said
                };
                if !forms.iter().all(|key| said(&texts[*key]) == values) {
                    faults
                        .push(format!("locales/{code}.json: {name} has other values than {FIRST}"));
                }
                word.forms.extend(forms.iter().map(|key| split_form(key).1));
                check_forms(code, name, &forms, faults);
            }
            word.values = values.into_iter().collect();
            word.forms.sort_by_key(|form| FORMS.iter().position(|known| known == form));
            word.forms.dedup();
            let has_count = word.values.iter().any(|value| value == COUNT);
            if has_count != (word.forms.len() > 1) {
                faults.push(format!("{name} has a {COUNT} and one form, or forms and no {COUNT}"));
            }
            words.insert(name.to_owned(), word);
        }
        Self(words)
    }

    /// Rust for `src/words.rs`.
    fn to_rust(&self, languages: &[(String, Texts)]) -> String {
        let mut table: Vec<Vec<String>> = vec![Vec::new(); languages.len()];
        let mut places = BTreeMap::<&str, String>::new();
        for (key, word) in &self.0 {
            let first = table[0].len();
            let (place, name) = key.split_once('.').expect("a place and a name");
            if place == PAGE_ONLY {
                continue;
            }
            places.entry(place).or_default().push_str(&word.to_rust(key, name, first));
            for ((_, texts), column) in languages.iter().zip(&mut table) {
                column.extend(word.forms.iter().map(|form| word.text(texts, key, form)));
            }
        }
        let mut rust = locale(languages);
        for (place, words) in places {
            let _ = writeln!(rust, "pub(crate) mod {place} {{ use super::*; {words} }}");
        }
        // All texts of a language in one, and how long each is: less than an address and a length for each.
        let (count, length) = (languages.len(), table[0].len());
        let texts: Vec<String> = table.iter().map(|texts| texts.concat()).collect();
        let lengths: Vec<Vec<usize>> =
            table.iter().map(|texts| texts.iter().map(String::len).collect()).collect();
        let _ = writeln!(rust, "static TEXTS: [&str; {count}] = {texts:?};");
        let _ = writeln!(rust, "static LENGTHS: [[u16; {length}]; {count}] = {lengths:?};");
        rust
    }
}

impl Word {
    fn to_rust(&self, key: &str, name: &str, first: usize) -> String {
        if self.values.is_empty() {
            let constant = name.to_uppercase();
            return format!("/// `{key}`\npub(crate) const {constant}: Word = Word({first});\n");
        }
        let is_count = |value: &&String| *value == COUNT && self.forms.len() > 1;
        let fields: String = self
            .values
            .iter()
            .map(|value| {
                let kind = if is_count(&value) { "usize" } else { "&'a dyn Display" };
                format!("pub(crate) {value}: {kind},")
            })
            .collect();
        let all: String = self
            .values
            .iter()
            .map(|value| match is_count(&value) {
                true => "&count,".to_owned(),
                false => format!("self.{value},"),
            })
            .collect();
        let life = if self.values.iter().all(|value| is_count(&value)) { "" } else { "<'a>" };
        let any = if life.is_empty() { "" } else { "<'_>" };
        let (count, word) = match self.forms.len() {
            0 | 1 => (String::new(), first.to_string()),
            _ => (
                "let count = number(locale, self.count);".to_owned(),
                format!("{first} + form(locale, self.count, &{:?})", self.forms),
            ),
        };
        let kind = camel_case(name);
        format!(
            "/// `{key}`\npub(crate) struct {kind}{life} {{ {fields} }}\n\
             impl {kind}{any} {{ pub(crate) fn say(&self, locale: Locale) -> String {{ \
             {count} fill(Word({word}).say(locale), &[{all}]) }} }}\n"
        )
    }

    /// The text of a form, with the numbers of its values in place of their names. Who has no such form
    /// says what is said of all other numbers.
    fn text(&self, texts: &Texts, key: &str, form: &str) -> String {
        let of = |form: &str| match form {
            "" => texts.get(key),
            form => texts.get(&format!("{key}_{form}")),
        };
        let mut text = of(form).or_else(|| of("other")).cloned().unwrap_or_default();
        for (at, value) in (1_u8..).zip(&self.values) {
            text = text.replace(&format!("{{{value}}}"), &char::from(at).to_string());
        }
        text
    }
}

/// The languages, as a type.
fn locale(languages: &[(String, Texts)]) -> String {
    let variants: Vec<_> = languages.iter().map(|(code, _)| camel_case(code)).collect();
    let all: String = variants.iter().map(|variant| format!("Self::{variant},")).collect();
    let codes: String = languages
        .iter()
        .zip(&variants)
        .map(|((code, _), variant)| format!("Self::{variant} => {code:?},"))
        .collect();
    let documented: String = languages
        .iter()
        .zip(&variants)
        .map(|((code, _), variant)| format!("/// `{code}`\n{variant},"))
        .collect();
    format!(
        "/// A language of the page.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]\n\
         pub enum Locale {{ #[default] {documented} }}\n\
         impl Locale {{ /// All languages.\npub const ALL: [Self; {count}] = [{all}];\n\
         /// Its name where it is kept, and on the page.\n#[must_use]\n\
         pub fn code(self) -> &'static str {{ match self {{ {codes} }} }} }}\n",
        count = languages.len(),
    )
}

/// A name without the form at its end, and the form.
fn split_form(name: &str) -> (&str, &'static str) {
    let form = FORMS
        .into_iter()
        .find_map(|form| Some((name.strip_suffix(form)?.strip_suffix('_')?, form)));
    form.unwrap_or((name, ""))
}

fn check_forms(code: &str, name: &str, forms: &[&String], faults: &mut Vec<String>) {
    let is_single = forms.len() == 1 && split_form(forms[0]).1.is_empty();
    let has_other = forms.iter().any(|key| split_form(key).1 == "other");
    let has_bare = forms.iter().any(|key| split_form(key).1.is_empty());
    if !is_single && (!has_other || has_bare) {
        faults.push(format!("locales/{code}.json: {name} needs {name}_other and no {name}"));
    }
}

/// The names between braces.
fn placeholders(text: &str) -> Vec<String> {
    let behind = text.split('{').skip(1);
    behind.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    };
    name.split('_').map(word).collect()
}

/// Where a text stands in the page before the program does, the page names it, and says it in every other
/// language too: `data-say="sign_in.name" data-de="Name">Name<`.
fn check_page(languages: &[(String, Texts)], faults: &mut Vec<String>) {
    const NAMED: &str = "data-say=\"";
    let page = fs::read_to_string("index.html").expect("the page can be read");
    for (name, rest) in page.split(NAMED).skip(1).filter_map(|part| part.split_once('"')) {
        let others = languages.iter().skip(1).map(|(code, texts)| {
            format!(" data-{code}=\"{}\"", texts.get(name).map_or("", String::as_str))
        });
        let first = languages[0].1.get(name).map_or("", String::as_str);
        let expected = format!("{}>{first}<", others.collect::<String>());
        if !rest.starts_with(&expected) {
            faults.push(format!("index.html: {NAMED}{name}\" is to be followed by {expected}"));
        }
    }
    let manifest = fs::read_to_string("manifest.webmanifest").expect("the manifest can be read");
    for (code, texts) in languages {
        let said = |name: &str| texts.get(name).map_or("", String::as_str);
        let described = if code == FIRST { "description" } else { code };
        let mut needs = |file: &str, text: &str, expected: String| {
            if !text.contains(&expected) {
                faults.push(format!("{file} lacks {expected}"));
            }
        };
        // Each language can be chosen there, by its own name; and who runs no scripts reads all of them.
        let (name, no_script) = (said("language.name"), said("boot.no_script"));
        let choice = format!("<option value=\"{code}\" lang=\"{code}\">{name}</option>");
        needs("index.html", &page, choice);
        needs("index.html", &page, format!("<p lang=\"{code}\">{no_script}</p>"));
        let about = format!("\"{described}\": \"{}\"", said("boot.about"));
        needs("manifest.webmanifest", &manifest, about);
    }
}
