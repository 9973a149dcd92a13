//! Times as people give them, and as they are told.

use crate::model::unit;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// How a time is written.
pub const HINT: &str =
    "2026-11-21T03:00:00Z, \"2026-11-21 03:00\" (this machine's time), 2026-11-21, -7d or now";

/// Wall milliseconds of a time.
///
/// # Errors
/// What is not understood.
pub fn parse(text: &str, now: i64, zone: &TimeZone) -> Result<i64, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        let ms = unit::duration(ago)?;
        return Ok(now - ms.round() as i64);
    }
    let bad = || format!("`{}` is not a time", crate::model::text::clean_line(text));
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let civil =
        text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|d| d.to_datetime(Default::default())));
    let at = civil.map_err(|_| bad())?.to_zoned(zone.clone()).map_err(|_| bad())?;
    Ok(at.timestamp().as_millisecond())
}

fn zoned(at: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone())
}

/// A moment with its date.
pub fn full(at: i64, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment of a line.
pub fn short(at: i64, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%m-%d %H:%M:%S").to_string()
}

/// A moment under a chart.
pub fn tick(at: i64, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%m-%d %H:%M").to_string()
}

/// A moment for programs.
pub fn rfc3339(at: i64) -> String {
    Timestamp::from_millisecond(at).unwrap_or_default().to_string()
}

/// Name of the zone that times are told in.
pub fn zone_name(at: i64, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_many_ways() {
        let now = 1_795_230_000_000;
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let is = |text: &str| parse(text, now, &zone);
        assert_eq!(is("now"), Ok(now));
        assert_eq!(is("-7d"), Ok(now - 7 * 86_400_000));
        assert_eq!(is("-1h30m"), Ok(now - 5_400_000));
        assert_eq!(is("2026-11-21T03:00:00Z"), Ok(1_795_230_000_000));
        assert_eq!(is("2026-11-21T03:00:00+01:00"), Ok(1_795_226_400_000));
        assert_eq!(is("2026-11-21 03:00"), Ok(1_795_222_800_000));
        assert_eq!(is("2026-11-21 03:00:30"), Ok(1_795_222_830_000));
        assert_eq!(is("2026-11-21"), Ok(1_795_212_000_000));
        for bad in ["", "yesterday", "-7", "-", "2026-13-01", "7d"] {
            assert!(is(bad).is_err(), "{bad}");
        }
    }
}
