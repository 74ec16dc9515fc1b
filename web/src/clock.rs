//! The browser's clocks, and times as people here write them.

use std::time::Duration;

use netchat_shared::time::{Instant, Now, UnixTime};
use wasm_bindgen::JsValue;

/// The present, on both clocks. The monotonic one begins when the page was loaded.
#[must_use]
pub(crate) fn now() -> Now {
    let since_load = web_sys::window().and_then(|window| window.performance());
    let since_load_ms = since_load.map_or(0.0, |performance| performance.now());
    Now {
        monotonic: Instant::from_origin(Duration::from_micros(
            (since_load_ms.max(0.0) * 1_000.0) as u64,
        )),
        calendar: UnixTime { millis: js_sys::Date::now() as u64 },
    }
}

fn date(time: UnixTime) -> js_sys::Date {
    js_sys::Date::new(&(time.millis as f64).into())
}

/// The day of a time where the person is, as a number: `yyyymmdd`.
pub(crate) fn day_of(time: UnixTime) -> i64 {
    let date = date(time);
    let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
    i64::from(year) * 10_000 + i64::from(month) * 100 + i64::from(day)
}

/// When a day begins where the person is, given as `yyyymmdd` or as `yyyy-mm-dd`.
pub(crate) fn start_of(day: i64) -> UnixTime {
    let (year, month, date) = (day / 10_000, day / 100 % 100, day % 100);
    let start = js_sys::Date::new_with_year_month_day(year as u32, month as i32 - 1, date as i32);
    UnixTime { millis: start.get_time().max(0.0) as u64 }
}

/// A format of the browser's, made once: making one is slow.
struct Format(js_sys::Intl::DateTimeFormat);

impl Format {
    fn new(options: &[(&str, &str)]) -> Self {
        let object = js_sys::Object::new();
        for (name, value) in options {
            // Setting a field of a new object can't fail.
            let _ = js_sys::Reflect::set(&object, &(*name).into(), &(*value).into());
        }
        Self(js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &object))
    }

    fn write(&self, time: UnixTime) -> String {
        let written = self.0.format().call1(&JsValue::UNDEFINED, &date(time));
        written.ok().and_then(|text| text.as_string()).unwrap_or_default()
    }
}

thread_local! {
    static TIME: Format = Format::new(&[("hour", "2-digit"), ("minute", "2-digit")]);
    static FULL: Format = Format::new(&[("dateStyle", "full"), ("timeStyle", "medium")]);
    static DAY: Format =
        Format::new(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]);
    static DAY_OF_YEAR: Format =
        Format::new(&[("day", "numeric"), ("month", "long"), ("year", "numeric")]);
    static WEEKDAY: Format = Format::new(&[("weekday", "short")]);
    static SHORT: Format = Format::new(&[("day", "numeric"), ("month", "short")]);
}

/// The time of day as people here write it.
pub(crate) fn time_of_day(time: UnixTime) -> String {
    TIME.with(|format| format.write(time))
}

/// The full date and time as people here write it.
pub(crate) fn full_date(time: UnixTime) -> String {
    FULL.with(|format| format.write(time))
}

/// A time in the list: of today the time, of this week the day, else the date.
pub(crate) fn short(time: UnixTime) -> String {
    const WEEK_MS: u64 = 6 * 24 * 3_600 * 1_000;
    let today = now().calendar;
    if day_of(time) == day_of(today) {
        time_of_day(time)
    } else if today.millis.saturating_sub(time.millis) < WEEK_MS {
        WEEKDAY.with(|format| format.write(time))
    } else {
        SHORT.with(|format| format.write(time))
    }
}

/// The date of a time, as people here write it; today and yesterday by name.
pub(crate) fn date_of(time: UnixTime) -> String {
    day(day_of(time))
}

/// A day as people here write it; today and yesterday by name.
pub(crate) fn day(day: i64) -> String {
    let today = now().calendar;
    let yesterday = day_of(UnixTime { millis: start_of(day_of(today)).millis.saturating_sub(1) });
    if day == day_of(today) {
        "Today".to_owned()
    } else if day == yesterday {
        "Yesterday".to_owned()
    } else if day / 10_000 == day_of(today) / 10_000 {
        DAY.with(|format| format.write(start_of(day)))
    } else {
        DAY_OF_YEAR.with(|format| format.write(start_of(day)))
    }
}

/// The time in a form for machines (ISO 8601).
pub(crate) fn machine_readable(time: UnixTime) -> String {
    date(time).to_iso_string().into()
}
