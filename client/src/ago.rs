//! How long ago something was, in few words: the same in every client.

use netchat_shared::time::UnixTime;

/// "just now", or so many minutes, hours or days, rounded down. What is still to come is now.
#[must_use]
pub fn ago(now: UnixTime, then: UnixTime) -> String {
    let minutes = now.millis.saturating_sub(then.millis) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_hours_and_days_are_told() {
        let after = |minutes: u64| {
            let (then, now) = (1_000_000, 1_000_000 + minutes * 60_000);
            ago(UnixTime { millis: now }, UnixTime { millis: then })
        };
        let told = [0, 1, 59, 60, 1_439, 1_440].map(after);
        assert_eq!(told, ["just now", "1 min ago", "59 min ago", "1 h ago", "23 h ago", "1 d ago"]);
        assert_eq!(ago(UnixTime { millis: 1 }, UnixTime { millis: 900_000 }), "just now");
    }
}
