//! When somebody is reached: `24/7`, `Mon-Fri 09:00-17:00 Europe/Berlin`, several of them with `,` between. Whether that is
//! now is a question with the time as its argument.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Hours in which somebody is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Hours {
    /// Always.
    Always,
    /// In these stretches of the week.
    Weekly(Vec<Stretch>),
}

/// A stretch of some days of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Days on which it begins, Monday first.
    days: [bool; 7],
    /// Minute of the day at which it begins.
    from: i64,
    /// Minute at which it ends; behind 24:00 it is one of the next day.
    to: i64,
    /// The zone of these hours.
    zone: TimeZone,
}

/// Whether somebody is reached at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Yes; until when, in wall milliseconds (none: always).
    Yes(Option<i64>),
    /// No; from when on.
    No(i64),
}

impl Hours {
    /// Reads hours as people write them.
    ///
    /// # Errors
    /// In words, what cannot be read.
    pub fn parse(text: &str) -> Result<Hours, String> {
        let text = text.trim();
        if text == "24/7" {
            return Ok(Hours::Always);
        }
        let mut out: Vec<([bool; 7], i64, i64, Option<TimeZone>)> = Vec::new();
        let mut days = [false; 7];
        for part in text.split(',') {
            let mut words = part.split_whitespace().peekable();
            let Some(first) = words.next() else { return Err("there is nothing between two commas".into()) };
            days_of(first, &mut days)?;
            let Some(hours) = words.next() else { continue };
            let (from, to) = span(hours)?;
            let zone = words.next().map(zone).transpose()?;
            if let Some(more) = words.next() {
                return Err(format!("`{more}` has no meaning there"));
            }
            out.push((std::mem::take(&mut days), from, to, zone));
        }
        if days != [false; 7] {
            return Err("it names days without hours".into());
        }
        // A zone that is written once, at the end, is meant for all of them.
        let last = out.last().and_then(|(.., zone)| zone.clone());
        let stretches = out.into_iter().map(|(days, from, to, zone)| {
            let zone = zone.or_else(|| last.clone()).ok_or("it names no time zone")?;
            Ok(Stretch { days, from, to, zone })
        });
        stretches.collect::<Result<_, &str>>().map(Hours::Weekly).map_err(str::to_owned)
    }

    /// Whether that is now (wall milliseconds), and when it changes.
    pub fn at(&self, now: i64) -> Reached {
        let Hours::Weekly(stretches) = self else { return Reached::Yes(None) };
        let mut all: Vec<(i64, i64)> = stretches.iter().flat_map(|s| s.around(now)).collect();
        all.sort_unstable();
        let mut open: Option<(i64, i64)> = None;
        for (from, to) in all {
            match open {
                Some((began, end)) if from <= end => open = Some((began, to.max(end))),
                Some((_, end)) if end > now => break,
                _ => open = Some((from, to)),
            }
        }
        match open {
            Some((from, to)) if from <= now && now < to => {
                // A week without a gap has none.
                Reached::Yes((to - now < 7 * 86_400_000).then_some(to))
            }
            Some((from, _)) if from > now => Reached::No(from),
            _ => Reached::No(now + 7 * 86_400_000),
        }
    }
}

impl Stretch {
    /// From yesterday to the same day next week: begin and end, wall milliseconds.
    fn around(&self, now: i64) -> Vec<(i64, i64)> {
        let at = Timestamp::from_millisecond(now).unwrap_or_default();
        let today = self.zone.to_datetime(at).date();
        let on = |day: &Date| self.days[day.weekday().to_monday_zero_offset() as usize];
        (-1..=8)
            .filter_map(|n| today.checked_add(Span::new().days(n)).ok())
            .filter(on)
            .filter_map(|day| Some((self.wall(day, self.from)?, self.wall(day, self.to)?)))
            .collect()
    }

    /// A minute of a day on the wall clock of the zone. One that a clock change leaves out is the one an hour later.
    fn wall(&self, day: Date, minute: i64) -> Option<i64> {
        let day = day.checked_add(Span::new().days(minute / DAY)).ok()?;
        let time = Time::new((minute % DAY / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
        Some(self.zone.to_zoned(day.to_datetime(time)).ok()?.timestamp().as_millisecond())
    }
}

fn days_of(word: &str, days: &mut [bool; 7]) -> Result<(), String> {
    let day = |name: &str| {
        let name = name.to_lowercase();
        let known = |d: &&str| name.len() >= 3 && d.starts_with(&name);
        DAYS.into_iter().position(|d| known(&d)).ok_or_else(|| format!("`{name}` is no day of the week"))
    };
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let (mut at, to) = (day(from)?, day(to)?);
    days[at] = true;
    while at != to {
        at = (at + 1) % 7;
        days[at] = true;
    }
    Ok(())
}

fn span(word: &str) -> Result<(i64, i64), String> {
    let wrong = || format!("`{word}` is no stretch of hours");
    let minute = |text: &str| -> Option<i64> {
        let (h, m) = text.split_once(':')?;
        let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
        let at =
            digits(h).then(|| h.parse::<i64>().ok())?? * 60 + digits(m).then(|| m.parse::<i64>().ok())??;
        (m < "60" && at <= DAY).then_some(at)
    };
    let (from, to) = word.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from == DAY || from == to {
        return Err(wrong());
    }
    Ok((from, if to <= from { to + DAY } else { to }))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "UTC" | "Z" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).map_err(|_| format!("`{name}` is no time zone that is known here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wall milliseconds of a time in Berlin, with its offset.
    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn hours(text: &str) -> Hours {
        Hours::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn always_is_always() {
        assert_eq!(hours("24/7").at(at("2026-11-21T02:14:07Z")), Reached::Yes(None));
        assert_eq!(hours("Mon-Sun 00:00-24:00 UTC").at(at("2026-11-21T02:14:07Z")), Reached::Yes(None));
    }

    #[test]
    fn business_hours_end_in_the_evening_and_begin_after_the_week_end() {
        let h = hours("Mon-Fri 09:00-17:00 Europe/Berlin");
        let friday = at("2026-11-20T17:00:00+01:00");
        assert_eq!(h.at(friday - 1), Reached::Yes(Some(friday)));
        assert_eq!(h.at(friday), Reached::No(at("2026-11-23T09:00:00+01:00")));
        assert_eq!(h.at(at("2026-11-22T23:59:59+01:00")), Reached::No(at("2026-11-23T09:00:00+01:00")));
        assert_eq!(
            h.at(at("2026-11-23T09:00:00+01:00")),
            Reached::Yes(Some(at("2026-11-23T17:00:00+01:00")))
        );
        assert_eq!(h.at(at("2026-11-23T08:59:59+01:00")), Reached::No(at("2026-11-23T09:00:00+01:00")));
    }

    #[test]
    fn nine_o_clock_stays_nine_o_clock_when_the_clocks_change() {
        let h = hours("Sun 09:00-17:00 Europe/Berlin, Mon-Sat 09:00-17:00 Europe/Berlin");
        // Clocks went forward on 2026-03-29, back on 2026-10-25.
        assert_eq!(h.at(at("2026-03-28T20:00:00+01:00")), Reached::No(at("2026-03-29T09:00:00+02:00")));
        assert_eq!(h.at(at("2026-10-24T20:00:00+02:00")), Reached::No(at("2026-10-25T09:00:00+01:00")));
        assert_eq!(h.at(at("2026-10-25T08:30:00+01:00")), Reached::No(at("2026-10-25T09:00:00+01:00")));
        // Half past two did not happen that night: an hour later counts.
        let h = hours("Mon-Sun 02:30-04:00 Europe/Berlin");
        assert_eq!(h.at(at("2026-03-29T01:00:00+01:00")), Reached::No(at("2026-03-29T03:30:00+02:00")));
    }

    #[test]
    fn a_night_ends_on_the_next_day() {
        let h = hours("Fri-Sat 22:00-06:00 Europe/Berlin");
        let end = at("2026-11-22T06:00:00+01:00");
        assert_eq!(h.at(at("2026-11-22T05:00:00+01:00")), Reached::Yes(Some(end)));
        assert_eq!(h.at(end), Reached::No(at("2026-11-27T22:00:00+01:00")));
        // Through the week's end and beyond it.
        assert_eq!(
            hours("Fri-Mon 08:00-18:00 UTC").at(at("2026-11-21T19:00:00Z")),
            Reached::No(at("2026-11-22T08:00:00Z"))
        );
    }

    #[test]
    fn several_stretches_join_and_share_a_zone() {
        let h = hours("Mon,Wed,Fri 09:00-12:00, Mon-Fri 12:00-17:00 Europe/Berlin");
        assert_eq!(
            h.at(at("2026-11-20T10:00:00+01:00")),
            Reached::Yes(Some(at("2026-11-20T17:00:00+01:00")))
        );
        assert_eq!(h.at(at("2026-11-19T10:00:00+01:00")), Reached::No(at("2026-11-19T12:00:00+01:00")));
        let two = hours("Mon 09:00-12:00 UTC, Mon 12:00-14:00 Europe/Berlin");
        assert_eq!(two.at(at("2026-11-23T11:30:00Z")), Reached::Yes(Some(at("2026-11-23T13:00:00Z"))));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, why) in [
            ("business hours only", "no day"),
            ("Mon-Fri", "without hours"),
            ("Mon-Fri 9-17 Europe/Berlin", "no stretch"),
            ("Mon-Fri 09:00-25:00 UTC", "no stretch"),
            ("Mon-Fri 09:61-10:00 UTC", "no stretch"),
            ("Mon-Fri 09:00-17:00", "no time zone"),
            ("Mon-Fri 09:00-17:00 Europe/Atlantis", "no time zone that is known"),
            ("Mon-Fri 09:00-17:00 UTC or so", "no meaning"),
            ("", "nothing between"),
            ("Mo 09:00-17:00 UTC", "no day"),
        ] {
            let e = Hours::parse(text).unwrap_err();
            assert!(e.contains(why), "{text}: {e}");
        }
    }

    #[test]
    fn each_minute_of_a_year_agrees_with_the_next_change() {
        let h = hours("Mon-Fri 08:30-18:00 Europe/Berlin, Sat 22:00-04:00 Europe/Berlin");
        let mut t = at("2026-01-01T00:00:00Z");
        let end = at("2027-01-01T00:00:00Z");
        let mut changes = 0;
        while t < end {
            let next = match h.at(t) {
                Reached::Yes(Some(until)) => {
                    assert!(
                        matches!(h.at(until - 1), Reached::Yes(_)) && matches!(h.at(until), Reached::No(_))
                    );
                    until
                }
                Reached::No(from) => {
                    assert!(
                        matches!(h.at(from - 1), Reached::No(_)) && matches!(h.at(from), Reached::Yes(_))
                    );
                    from
                }
                other => panic!("{other:?}"),
            };
            assert!(next > t, "time goes on");
            t = next;
            changes += 1;
        }
        // Two a day on five days and two on the sixth.
        assert!((620..=630).contains(&changes), "{changes}");
    }
}
