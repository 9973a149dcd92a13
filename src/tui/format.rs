//! Numbers, ages and times as they stand on the screen.

use crate::model::unit::Unit;
use jiff::{Timestamp, tz::TimeZone};

/// A value in base units, shown in `unit`: `3.42 %`, `2.18 s`, `1.42 GB`. Unmeasured is `?`.
pub fn value(value: Option<f64>, unit: Unit) -> String {
    let Some(v) = value.filter(|v| !v.is_nan()) else { return "?".into() };
    if v.is_infinite() {
        return if v > 0.0 { "+inf".into() } else { "-inf".into() };
    }
    match unit {
        Unit::Ratio | Unit::Percent => format!("{} %", digits(v * 100.0)),
        Unit::Ms | Unit::S => seconds(v),
        Unit::Bytes => scaled(v, &["B", "kB", "MB", "GB", "TB", "PB"], " "),
        Unit::Count if v.fract() == 0.0 && v.abs() < 1e5 => format!("{v:.0}"),
        Unit::Count | Unit::Score | Unit::Text => scaled(v, &["", "k", "M", "G", "T"], ""),
        Unit::PerS => format!("{}/s", scaled(v, &["", "k", "M", "G", "T"], "")),
        Unit::Bool => if v != 0.0 { "yes" } else { "no" }.into(),
    }
}

/// Three significant digits, no trailing zeros, never more than four decimals.
fn digits(v: f64) -> String {
    let a = v.abs();
    let decimals = match a {
        _ if a >= 99.95 => 0,
        _ if a >= 9.995 => 1,
        _ if a >= 0.0995 => 2,
        _ if a >= 0.00995 => 3,
        _ => 4,
    };
    let mut text = format!("{v:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    match text.as_str() {
        "-0" => "0".into(),
        "0" if a > 0.0 => if v > 0.0 { "<0.0001" } else { ">-0.0001" }.into(),
        _ => text,
    }
}

fn scaled(v: f64, units: &[&str], space: &str) -> String {
    let (mut v, mut at) = (v, 0);
    while v.abs() >= 999.5 && at + 1 < units.len() {
        v /= 1000.0;
        at += 1;
    }
    let unit = units[at];
    format!("{}{}{unit}", digits(v), if unit.is_empty() { "" } else { space })
}

fn seconds(s: f64) -> String {
    match s.abs() {
        a if a < 0.9995 => format!("{} ms", digits(s * 1000.0)),
        a if a < 99.95 => format!("{} s", digits(s)),
        _ if s < 0.0 => format!("-{}", held((-s * 1000.0) as u64)),
        _ => held((s * 1000.0) as u64),
    }
}

/// How long something has held: `48s`, `3m18s`, `4h27m`, `12d`.
pub fn held(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d", s / 86_400),
    }
}

/// The step in which an age of `ms` is shown, so that a growing age is not a ticking cell.
fn step(ms: u64) -> u64 {
    match ms / 1000 {
        0..60 => 5_000,
        60..600 => 10_000,
        600..3600 => 60_000,
        3600..86_400 => 600_000,
        _ => 86_400_000,
    }
}

/// An age, in steps: `0s`, `5s` … `1m30s`, `16m`, `1h10m`.
pub fn age(ms: u64) -> String {
    let text = held(ms / step(ms) * step(ms));
    if ms >= 600_000 { text.trim_end_matches("00s").to_string() } else { text }
}

/// Milliseconds until [`age`] reads differently.
pub fn until_older(ms: u64) -> u64 {
    let step = step(ms);
    step - ms % step
}

/// A clock that runs down, rounded up to whole seconds: `11:42`, `1:02:03`.
pub fn countdown(ms: u64) -> String {
    minutes(ms.div_ceil(1000))
}

/// A clock that runs up: `0:12`, `6:23`.
pub fn elapsed(ms: u64) -> String {
    minutes(ms / 1000)
}

fn minutes(s: u64) -> String {
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        _ => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
    }
}

/// A length in words: `30 s`, `2 min`, `1 h 30 min`, `1.5 s`.
pub fn length(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 if !ms.is_multiple_of(1000) => format!("{} s", digits(ms as f64 / 1000.0)),
        1000..60_000 => format!("{} s", ms / 1000),
        60_000..3_600_000 if ms % 60_000 >= 1000 => {
            format!("{} min {} s", ms / 60_000, ms / 1000 % 60)
        }
        60_000..3_600_000 => format!("{} min", ms / 60_000),
        3_600_000..172_800_000 if !(ms / 60_000).is_multiple_of(60) => {
            format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60)
        }
        3_600_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

/// A length without spaces, for axes and budgets: `5m`, `24h`, `30s`.
pub fn short(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms}ms"),
        _ if ms.is_multiple_of(86_400_000) => format!("{}d", ms / 86_400_000),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ => held(ms),
    }
}

/// Wall time of day, with seconds: `03:14:07`.
pub fn clock(wall: i64, zone: &TimeZone) -> String {
    of_day(wall, zone, "%H:%M:%S")
}

/// Wall time of day, to the minute: `03:14`.
pub fn clock_minutes(wall: i64, zone: &TimeZone) -> String {
    of_day(wall, zone, "%H:%M")
}

/// The zone's short name at that time: `CET`.
pub fn zone_name(wall: i64, zone: &TimeZone) -> String {
    of_day(wall, zone, "%Z")
}

fn of_day(wall: i64, zone: &TimeZone, how: &str) -> String {
    match Timestamp::from_millisecond(wall) {
        Ok(t) => t.to_zoned(zone.clone()).strftime(how).to_string(),
        Err(_) => "--:--".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_significant_digits_and_a_unit() {
        for (v, unit, text) in [
            (0.0342, Unit::Percent, "3.42 %"),
            (0.0005, Unit::Percent, "0.05 %"),
            (0.00051, Unit::Percent, "0.051 %"),
            (0.5, Unit::Percent, "50 %"),
            (1.0, Unit::Ratio, "100 %"),
            (0.9999, Unit::Percent, "100 %"),
            (0.0, Unit::Percent, "0 %"),
            (-0.0, Unit::Percent, "0 %"),
            (1e-9, Unit::Percent, "<0.0001 %"),
            (2.18, Unit::S, "2.18 s"),
            (0.203, Unit::Ms, "203 ms"),
            (0.9999, Unit::S, "1 s"),
            (125.0, Unit::S, "2m05s"),
            (1.42e9, Unit::Bytes, "1.42 GB"),
            (999.7e6, Unit::Bytes, "1 GB"),
            (0.0, Unit::Bytes, "0 B"),
            (3.0, Unit::Count, "3"),
            (1204.0, Unit::Count, "1204"),
            (2_500_000.0, Unit::Count, "2.5M"),
            (0.873, Unit::Score, "0.87"),
            (12.34, Unit::PerS, "12.3/s"),
            (1.0, Unit::Bool, "yes"),
            (f64::NAN, Unit::S, "?"),
            (f64::INFINITY, Unit::S, "+inf"),
        ] {
            assert_eq!(value(Some(v), unit), text, "{v}");
        }
        assert_eq!(value(None, Unit::S), "?");
    }

    #[test]
    fn held_and_countdown() {
        assert_eq!(
            [held(48_900), held(198_000), held(16_020_000), held(1_040_000_000)],
            ["48s", "3m18s", "4h27m", "12d"]
        );
        assert_eq!(
            [countdown(701_001), countdown(36_000), countdown(0), countdown(3_723_000)],
            ["11:42", "0:36", "0:00", "1:02:03"]
        );
        assert_eq!(elapsed(12_999), "0:12");
    }

    #[test]
    fn ages_move_in_steps_and_say_when_they_move_next() {
        for (ms, text, next) in [
            (0, "0s", 5_000),
            (4_999, "0s", 1),
            (5_000, "5s", 5_000),
            (48_000, "45s", 2_000),
            (84_000, "1m20s", 6_000),
            (639_000, "10m", 21_000),
        ] {
            assert_eq!((age(ms).as_str(), until_older(ms)), (text, next), "{ms}");
        }
        for ms in (0..90_000_000).step_by(7_777) {
            assert_eq!(age(ms), age(ms + until_older(ms) - 1), "nothing changes before it says so: {ms}");
        }
    }

    #[test]
    fn lengths_in_words() {
        assert_eq!(
            [length(250), length(1500), length(30_000), length(120_000), length(390_000), length(3_600_000)],
            ["250 ms", "1.5 s", "30 s", "2 min", "6 min 30 s", "1 h"]
        );
        assert_eq!(
            [short(300_000), short(86_400_000), short(21_600_000), short(24_000)],
            ["5m", "1d", "6h", "24s"]
        );
    }

    #[test]
    fn times_of_day_in_a_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let wall = 1_795_227_247_000;
        assert_eq!(clock(wall, &TimeZone::UTC), "02:14:07");
        assert_eq!(clock_minutes(wall, &zone), "03:14");
        assert_eq!(clock(i64::MAX, &zone), "--:--");
    }
}
