//! The browser's clocks.

use std::time::Duration;

use netchat_shared::time::{Instant, Now, UnixTime};

/// The present, on both clocks. The monotonic one begins when the page was loaded.
#[must_use]
pub(crate) fn now() -> Now {
    let since_load = web_sys::window().and_then(|window| window.performance());
    let since_load_ms = since_load.map_or(0.0, |performance| performance.now());
    Now {
        monotonic: Instant::from_origin(Duration::from_secs_f64(since_load_ms.max(0.0) / 1_000.0)),
        calendar: UnixTime { millis: js_sys::Date::now() as u64 },
    }
}

fn date(time: UnixTime) -> js_sys::Date {
    js_sys::Date::new(&(time.millis as f64).into())
}

/// How far local time is ahead of UTC at present.
pub(crate) fn offset_minutes() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}

/// The time of day as people here write it.
pub(crate) fn time_of_day(time: UnixTime) -> String {
    let options = js_sys::Object::new();
    for (name, value) in [("hour", "2-digit"), ("minute", "2-digit")] {
        // Setting a field of a new object can't fail.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date(time).to_locale_time_string_with_options("default", &options).into()
}

/// The full date and time as people here write it.
pub(crate) fn full_date(time: UnixTime) -> String {
    date(time).to_locale_string("default", &js_sys::Object::new()).into()
}

/// The day as people here write it; today and yesterday by name.
pub(crate) fn day(time: UnixTime) -> String {
    let name = |time| String::from(date(time).to_date_string());
    let (day, today) = (name(time), now().calendar);
    let yesterday = UnixTime { millis: today.millis.saturating_sub(24 * 3_600 * 1_000) };
    if day == name(today) {
        "Today".to_owned()
    } else if day == name(yesterday) {
        "Yesterday".to_owned()
    } else {
        date(time).to_locale_date_string("default", &js_sys::Object::new()).into()
    }
}

/// The time in a form for machines (ISO 8601).
pub(crate) fn machine_readable(time: UnixTime) -> String {
    date(time).to_iso_string().into()
}
