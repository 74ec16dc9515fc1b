//! Dates, numbers and lists as the browser writes them in each language. Making a format is slow: each is
//! made once for each language, when it is wanted first.

use std::cell::OnceCell;

use js_sys::{Array, Function, Object, Reflect};
use netchat_shared::time::UnixTime;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::device;
use crate::words::Locale;

/// A format of the browser's, in each language.
struct Format {
    class: &'static str,
    options: &'static [(&'static str, &'static str)],
    made: [OnceCell<JsValue>; Locale::ALL.len()],
}

impl Format {
    const fn new(class: &'static str, options: &'static [(&'static str, &'static str)]) -> Self {
        Self { class, options, made: [const { OnceCell::new() }; Locale::ALL.len()] }
    }

    /// What a method of it says; nothing in a browser that has no such format.
    fn ask(&self, locale: Locale, method: &str, values: &Array) -> Option<String> {
        let format = self.made[locale as usize]
            .get_or_init(|| self.make(locale).unwrap_or(JsValue::UNDEFINED));
        let method = Reflect::get(format, &method.into()).ok()?.dyn_into::<Function>().ok()?;
        method.apply(format, values).ok()?.as_string()
    }

    fn make(&self, locale: Locale) -> Option<JsValue> {
        let options = Object::new();
        for (name, value) in self.options {
            // Setting a field of a new object can't fail.
            let _ = Reflect::set(&options, &(*name).into(), &(*value).into());
        }
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let class = Reflect::get(&intl, &self.class.into()).ok()?.dyn_into::<Function>().ok()?;
        let values = Array::of2(&device::tag(locale).into(), &options);
        Reflect::construct(&class, &values).ok()
    }
}

const DATE: &str = "DateTimeFormat";

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// The time of day.
    Time,
    /// Everything.
    Full,
    /// The day and its name.
    Day,
    /// The day with its year.
    DayOfYear,
    /// The name of the day alone.
    Weekday,
    /// The day, as short as can be.
    Short,
}

thread_local! {
    static TIMES: [Format; 6] = const {
        [
            Format::new(DATE, &[("hour", "numeric"), ("minute", "2-digit")]),
            Format::new(DATE, &[("dateStyle", "full"), ("timeStyle", "medium")]),
            Format::new(DATE, &[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
            Format::new(DATE, &[("day", "numeric"), ("month", "long"), ("year", "numeric")]),
            Format::new(DATE, &[("weekday", "short")]),
            Format::new(DATE, &[("day", "numeric"), ("month", "short")]),
        ]
    };
    static AGO: Format = const { Format::new("RelativeTimeFormat", &[("style", "short")]) };
    static LIST: Format = const { Format::new("ListFormat", &[("type", "unit"), ("style", "short")]) };
    static NUMBER: Format = const { Format::new("NumberFormat", &[]) };
    static PLURAL: Format = const { Format::new("PluralRules", &[]) };
}

/// A time as people write it there.
pub(crate) fn time(locale: Locale, written: Written, time: UnixTime) -> String {
    let values = Array::of1(&(time.millis as f64).into());
    TIMES.with(|times| times[written as usize].ask(locale, "format", &values)).unwrap_or_default()
}

/// So many minutes, hours or days ago.
pub(crate) fn ago(locale: Locale, count: u64, unit: &str) -> String {
    let values = Array::of2(&(-(count as f64)).into(), &unit.into());
    AGO.with(|format| format.ask(locale, "format", &values)).unwrap_or_default()
}

/// Names in a row.
pub(crate) fn list<'a>(locale: Locale, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Array = names.into_iter().map(JsValue::from_str).collect();
    let said = LIST.with(|format| format.ask(locale, "format", &Array::of1(&names)));
    said.unwrap_or_else(|| names.join(", ").into())
}

/// A large number, in groups of digits.
pub(crate) fn number(locale: Locale, number: usize) -> String {
    let values = Array::of1(&(number as f64).into());
    let said = NUMBER.with(|format| format.ask(locale, "format", &values));
    said.unwrap_or_else(|| number.to_string())
}

/// The form of a number in a language, by Unicode's name for it.
pub(crate) fn plural(locale: Locale, number: usize) -> String {
    let values = Array::of1(&(number as f64).into());
    PLURAL.with(|format| format.ask(locale, "select", &values)).unwrap_or_default()
}
