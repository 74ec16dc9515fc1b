//! The browser's clocks, and times as people write them.

use std::time::Duration;

use netchat_shared::time::{Instant, Now, UnixTime};

use crate::intl::{self, Written};
use crate::words::{Locale, time};

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

/// The time of day as people write it there.
pub(crate) fn time_of_day(locale: Locale, time: UnixTime) -> String {
    intl::time(locale, Written::Time, time)
}

/// The full date and time as people write it there.
pub(crate) fn full_date(locale: Locale, time: UnixTime) -> String {
    intl::time(locale, Written::Full, time)
}

/// A time in the list: of today the time, of this week the day, else the date.
pub(crate) fn short(locale: Locale, time: UnixTime) -> String {
    const WEEK_MS: u64 = 6 * 24 * 3_600 * 1_000;
    let today = now().calendar;
    let written = if day_of(time) == day_of(today) {
        Written::Time
    } else if today.millis.saturating_sub(time.millis) < WEEK_MS {
        Written::Weekday
    } else {
        Written::Short
    };
    intl::time(locale, written, time)
}

/// The date of a time, as people write it there; today and yesterday by name.
pub(crate) fn date_of(locale: Locale, time: UnixTime) -> String {
    day(locale, day_of(time))
}

/// A day as people write it there; today and yesterday by name.
pub(crate) fn day(locale: Locale, day: i64) -> String {
    let today = now().calendar;
    let yesterday = day_of(UnixTime { millis: start_of(day_of(today)).millis.saturating_sub(1) });
    if day == day_of(today) {
        time::TODAY.say(locale).to_owned()
    } else if day == yesterday {
        time::YESTERDAY.say(locale).to_owned()
    } else if day / 10_000 == day_of(today) / 10_000 {
        intl::time(locale, Written::Day, start_of(day))
    } else {
        intl::time(locale, Written::DayOfYear, start_of(day))
    }
}

/// How long ago something was: in minutes, hours or days, rounded down. What is still to come is now.
pub(crate) fn ago(locale: Locale, now: UnixTime, then: UnixTime) -> String {
    let minutes = now.millis.saturating_sub(then.millis) / 60_000;
    match minutes {
        0 => time::JUST_NOW.say(locale).to_owned(),
        1..60 => intl::ago(locale, minutes, "minute"),
        60..1_440 => intl::ago(locale, minutes / 60, "hour"),
        _ => intl::ago(locale, minutes / 1_440, "day"),
    }
}

/// The time in a form for machines (ISO 8601).
pub(crate) fn machine_readable(time: UnixTime) -> String {
    date(time).to_iso_string().into()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn minutes_hours_and_days_are_told_in_each_language() {
        let told = |locale| {
            [0, 1, 59, 60, 1_439, 1_440, 2_880].map(|minutes: u64| {
                let now = UnixTime { millis: 1_000_000 + minutes * 60_000 };
                ago(locale, now, UnixTime { millis: 1_000_000 }).replace('.', "")
            })
        };
        let english = ["just now", "1 min ago", "59 min ago", "1 hr ago", "23 hr ago"];
        assert_eq!(told(Locale::En)[..5], english);
        assert_eq!(told(Locale::En)[5..], ["1 day ago", "2 days ago"]);
        let german = ["gerade eben", "vor 1 Min", "vor 59 Min", "vor 1 Std", "vor 23 Std"];
        assert_eq!(told(Locale::De)[..5], german);
        assert_eq!(told(Locale::De)[5..], ["vor 1 Tag", "vor 2 Tagen"]);
    }

    #[test]
    fn days_are_written_in_the_language_of_the_page() {
        let then = start_of(20_200_309);
        assert_eq!(date_of(Locale::De, then), "9. März 2020");
        assert!(date_of(Locale::En, then).contains("March"));
        let today = now().calendar;
        assert_eq!(date_of(Locale::En, today), "Today");
        assert_eq!(date_of(Locale::De, today), "Heute");
    }
}
