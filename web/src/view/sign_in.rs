//! Signing in and creating an account, on one page.
//!
//! The form stands in `index.html`, so that one can type before the program is there. It is taken over
//! as it is: drawn anew, it would lose the caret, the focus, and what an input method is composing.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    Element, Event, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlSelectElement, Node,
};

use super::Ui;
use super::connection::connection_words;
use crate::store::{Field, Form, Intent, Setting, Store, Thing};
use crate::words::{Locale, Word, connection, language, sign_in as words};

/// Its fields, by the names that they have in `index.html`.
const FIELDS: [(Field, &str, Word); 5] = [
    (Field::ServerPassword, "server-password", words::SERVER_PASSWORD),
    (Field::Name, "name", words::NAME),
    (Field::Word, "one-time-word", words::ONE_TIME_WORD),
    (Field::Password, "password", words::PASSWORD),
    (Field::RepeatPassword, "repeat-password", words::REPEAT_PASSWORD),
];

/// Brings the form to life: it is in the page while nobody is signed in and nothing is to be decided.
pub(super) fn adopt(ui: Ui) {
    let Some(page) = document().get_element_by_id("sign-in-page") else { return };
    let Some(place) = page.parent_node() else { return };
    let Some(form) = within(&page, "#sign-in") else { return };
    let fields = FIELDS.iter().filter_map(|(field, id, _)| TextField::find(&page, *field, id));
    let fields: Vec<TextField> = fields.collect();
    follow_language(ui, &page);
    offer_languages(ui, &page);
    follow_errors(ui, &fields);
    follow_state(ui, &page, &fields);
    let inputs = fields.iter().map(|field| field.input.clone()).collect();
    follow_presence(ui, place, page, inputs);
    hear_submit(ui, &form, fields);
}

/// A labelled field, with what went wrong beside it.
#[derive(Clone)]
struct TextField {
    field: Field,
    input: HtmlInputElement,
    /// Of both, and the label.
    whole: HtmlElement,
    error: Element,
}

impl TextField {
    fn find(page: &Element, field: Field, id: &str) -> Option<Self> {
        let input = within(page, &format!("#{id}"))?;
        let whole = input.parent_element()?.unchecked_into();
        let error = within(page, &format!("#{id}-error"))?;
        Some(Self { field, input: input.unchecked_into(), whole, error })
    }
}

fn within(page: &Element, selector: &str) -> Option<Element> {
    page.query_selector(selector).ok().flatten()
}

/// Its labels are in the language of the page.
fn follow_language(ui: Ui, page: &Element) {
    let page = page.clone();
    Effect::new(move || {
        let locale = ui.locale();
        for (_, id, word) in FIELDS {
            if let Some(label) = within(&page, &format!("[for={id}]")) {
                label.set_text_content(Some(word.say(locale)));
            }
        }
        if let Some(status) = within(&page, ".connection") {
            // An attribute of this name can always be set.
            let _ = status.set_attribute("aria-label", connection::TITLE.say(locale));
        }
    });
}

/// The language can be chosen before one signs in; what was chosen before the program was there holds.
fn offer_languages(ui: Ui, page: &Element) {
    let (Some(choice), Some(title), Some(system)) = (
        within(page, "#language").map(JsCast::unchecked_into::<HtmlSelectElement>),
        within(page, ".sign-in__language span"),
        within(page, "#language option"),
    ) else {
        return;
    };
    let set = {
        let choice = choice.clone();
        move || ui.perform(Intent::Set(Setting::Language(Locale::from_code(&choice.value()))))
    };
    if ui.live.read(code_of_language) != choice.value() {
        set();
    }
    let on_change = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        // What did this while the program was on its way does it no more.
        event.stop_propagation();
        set();
    });
    // It can't be refused, and listens for as long as the page is there.
    let _ = choice.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
    on_change.forget();
    let chosen = ui.part(Thing::Settings, code_of_language);
    Effect::new(move || {
        choice.set_value(chosen.get());
        title.set_text_content(Some(language::TITLE.say(ui.locale())));
        system.set_text_content(Some(language::SYSTEM.say(ui.locale())));
    });
}

/// As it stands in the choice: nothing, if it is to be that of the system.
fn code_of_language(store: &Store) -> &'static str {
    store.settings.device.language.map_or("", Locale::code)
}

/// What went wrong stands beside its field, which gets the focus.
fn follow_errors(ui: Ui, fields: &[TextField]) {
    let error = ui.part(Thing::SignIn, |store| store.sign_in.error.clone());
    let fields = fields.to_vec();
    Effect::new(move || {
        let (error, locale) = (error.get(), ui.locale());
        for TextField { field, input, error: line, .. } in &fields {
            let wrong = error.as_ref().filter(|(about, _)| about == field);
            let text = wrong.map(|(_, wrong)| wrong.say(locale));
            line.set_text_content(text.as_deref());
            if text.is_some() {
                // An attribute of this name can always be set.
                let _ = input.set_attribute("aria-invalid", "true");
                let _ = input.focus();
            } else {
                let _ = input.remove_attribute("aria-invalid");
            }
        }
    });
}

/// Which fields there are, what the button says, and the state of the connection.
fn follow_state(ui: Ui, page: &Element, fields: &[TextField]) {
    let is_unlocked = ui.part(Thing::SignIn, |store| store.sign_in.is_unlocked);
    let is_new = ui.part(Thing::SignIn, |store| store.sign_in.is_new);
    let needs_word = ui.part(Thing::SignIn, |store| store.sign_in.needs_word);
    let is_busy = ui.part(Thing::SignIn, |store| store.sign_in.is_busy);
    let button =
        within(page, "button[type=submit]").map(JsCast::unchecked_into::<HtmlButtonElement>);
    let fields = fields.to_vec();
    Effect::new(move || {
        let (is_unlocked, is_new, is_busy) = (is_unlocked.get(), is_new.get(), is_busy.get());
        let needs_word = needs_word.get();
        for TextField { field, whole, .. } in &fields {
            whole.set_hidden(match field {
                Field::ServerPassword => is_unlocked,
                Field::Word => !needs_word,
                Field::RepeatPassword => !is_new,
                Field::Name | Field::Password => false,
            });
        }
        if let Some(button) = &button {
            button.set_disabled(is_busy);
            let label = match (needs_word, is_new) {
                (true, _) => words::RENEW,
                (false, true) => words::CREATE,
                (false, false) => words::SUBMIT,
            };
            button.set_text_content(Some(label.say(ui.locale())));
        }
    });
    follow_word(ui, page);
    let (status, words) = (within(page, ".connection"), connection_words(ui));
    Effect::new(move || {
        if let Some(status) = &status {
            status.set_text_content(Some(&words.get()));
        }
    });
}

/// Whoever does not know their password may have a one-time word.
fn follow_word(ui: Ui, page: &Element) {
    let may_use_word = ui.part(Thing::SignIn, |store| store.sign_in.may_use_word());
    let Some(button) = within(page, "#use-word").map(JsCast::unchecked_into::<HtmlElement>) else {
        return;
    };
    let use_word = Closure::<dyn Fn()>::new(move || {
        ui.perform(Intent::UseWord);
    });
    button.set_onclick(Some(use_word.as_ref().unchecked_ref()));
    // For as long as the page is there.
    use_word.forget();
    Effect::new(move || {
        button.set_hidden(!may_use_word.get());
        button.set_text_content(Some(words::USE_WORD.say(ui.locale())));
    });
}

/// It leaves the page with what was typed when somebody is signed in, and comes back empty.
fn follow_presence(ui: Ui, place: Node, page: Element, inputs: Vec<HtmlInputElement>) {
    let is_signed_in = ui.part(Thing::Person, |store| store.me.is_some());
    let is_wanted = ui.part(Thing::Person, |store| store.me.is_none() && store.decision.is_none());
    Effect::new(move || {
        if is_signed_in.get() {
            inputs.iter().for_each(|input| input.set_value(""));
        }
        let is_there = page.parent_node().is_some();
        if !is_wanted.get() {
            page.remove();
        } else if !is_there {
            // Where it was, before everything else: nothing refuses.
            let _ = place.insert_before(&page, place.first_child().as_ref());
            let name = inputs.iter().find(|input| input.id() == "name");
            name.into_iter().for_each(|name| {
                let _ = name.focus();
            });
        }
        // From now on it is there or not.
        let root = document().document_element();
        root.iter().for_each(|root| {
            let _ = root.class_list().remove_1("is-resuming");
        });
    });
}

/// Reads the fields when the form is submitted; now, if it was before the program was there.
fn hear_submit(ui: Ui, form: &Element, fields: Vec<TextField>) {
    let submit = move || {
        let text = |of: Field| {
            let found = fields.iter().find(|field| field.field == of);
            found.map(|field| field.input.value()).unwrap_or_default()
        };
        ui.perform(Intent::SignIn(Form {
            server_password: text(Field::ServerPassword),
            name: text(Field::Name),
            word: text(Field::Word),
            password: text(Field::Password),
            repeat_password: text(Field::RepeatPassword),
        }));
    };
    if form.has_attribute("data-submitted") {
        submit();
    }
    let on_submit = Closure::<dyn FnMut(SubmitEvent)>::new(move |event: SubmitEvent| {
        event.prevent_default();
        submit();
    });
    // It can't be refused, and listens for as long as the page is there.
    let _ = form.add_event_listener_with_callback("submit", on_submit.as_ref().unchecked_ref());
    on_submit.forget();
}
