//! What a person must know of clocks and automation, in words.

use crate::run::Answer;
use crate::session::view::{Notice, ReactionView};
use crate::tui::format;
use crate::tui::theme::Slot;
use jiff::tz::TimeZone;

/// Whether it stands above the evidence.
pub fn is_grave(n: &Notice) -> bool {
    !matches!(
        n,
        Notice::Off { .. }
            | Notice::Held { .. }
            | Notice::Call { .. }
            | Notice::Taken { .. }
            | Notice::Watched(_)
            | Notice::FollowUps { .. }
    )
}

/// Mark, first words, the rest, colour.
pub fn words(n: &Notice, zone: &TimeZone) -> (&'static str, String, String, Slot) {
    let told = |to: &[String], none: &str| match to {
        [] => none.to_string(),
        to => format!("{} told", to.join(", ") + if to.len() == 1 { " is being" } else { " are being" }),
    };
    let (mark, word, text, slot) = match n {
        Notice::Silent { host, for_ms } => {
            let text = format!(
                "The watcher on {host} has been silent for {}; nothing will act by itself. I takes over, D decides.",
                format::age(*for_ms)
            );
            ("!!", "NOBODY DECIDES".to_string(), text, Slot::Critical)
        }
        Notice::NoWatch => {
            let text = "No watcher lives; nothing will act by itself. I starts one, D decides.".to_string();
            ("! ", "NOBODY DECIDES".to_string(), text, Slot::Warn)
        }
        Notice::Message { from, wall, text } => {
            let word = format!("{from} at {}", format::clock(*wall, zone));
            ("» ", word, text.clone(), Slot::Accent)
        }
        Notice::Overdue { title, late_ms, to } => {
            let told = told(to, "people are being told");
            let text = format!(
                "{title}: the clock ran out while nobody watched, so nothing was done; {told}. D decides now."
            );
            ("!!", format!("OVERDUE by {}", format::elapsed(*late_ms)), text, Slot::Critical)
        }
        Notice::Default { title, wall, what } => {
            let text = format!(
                "{title}: the default happened at {}: {what}. D still decides.",
                format::clock(*wall, zone)
            );
            ("!!", "NOBODY DECIDED".to_string(), text, Slot::Critical)
        }
        Notice::DefaultRefused { title, wall, why } => {
            let text = format!(
                "{title}: the default was refused at {}: {why}. Nothing was done. D decides now.",
                format::clock(*wall, zone)
            );
            ("!!", "NOBODY DECIDED".to_string(), text, Slot::Critical)
        }
        Notice::Stopped { title, why, to } => {
            let told = told(to, "people are told");
            (
                "^ ",
                "AUTOMATION STOPPED".to_string(),
                format!("{title}: {why}; {told}. B says it was seen."),
                Slot::Critical,
            )
        }
        Notice::Off { who, wall } => {
            let text = format!(
                "by {who} at {}. Triggers still warn; nothing acts by itself. X arms again, with a question.",
                format::clock(*wall, zone)
            );
            ("  ", "AUTOMATION OFF".to_string(), text, Slot::Head)
        }
        Notice::Call { title, reach, outside, due_ms } => {
            let reach = reach.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
            let hours = if *outside { ", outside their hours: nobody else is reached" } else { "" };
            let text = format!("{title}{reach}{hours}. Due for {}. C calls, K takes.", format::age(*due_ms));
            ("^ ", "CALL NOW".to_string(), text, Slot::Warn)
        }
        Notice::Taken { who, left_ms } => {
            let text = format!("by {who}; the ladder waits {}", format::countdown(*left_ms));
            ("= ", "TAKEN".to_string(), text, Slot::Accent)
        }
        Notice::Watched(w) => {
            let left = w.left_ms / 60_000 * 60_000 + if w.left_ms % 60_000 > 0 { 60_000 } else { 0 };
            let left = format!("{} left of {}", format::length(left), format::length(w.lasts_ms));
            let (mark, text, slot) = match w.answer {
                Answer::Holds => ("~ ", format!("{}: {left}", w.title), Slot::Accent),
                Answer::Fails => ("! ", format!("{} is BROKEN: {}", w.title, w.detail), Slot::Warn),
                Answer::Blind => {
                    ("? ", format!("{}: {left}, its time stands still: {}", w.title, w.detail), Slot::Unknown)
                }
            };
            (mark, "WATCHED".to_string(), text, slot)
        }
        Notice::FollowUps { open, first, due_ms } => {
            let more = if *open > 1 { format!(" ({open} to be done)") } else { String::new() };
            match *due_ms < 0 {
                true => {
                    let by = format::short((due_ms.unsigned_abs() / 60_000 * 60_000).max(60_000));
                    (
                        "! ",
                        format!("OVERDUE by {by}"),
                        format!("{first}{more}. 2 opens the lists."),
                        Slot::Warn,
                    )
                }
                false => {
                    let left = format::short((due_ms.unsigned_abs() / 60_000 * 60_000).max(60_000));
                    ("· ", "FOLLOW-UP".to_string(), format!("due in {left}: {first}{more}"), Slot::Text)
                }
            }
        }
        Notice::Held { title, why } => {
            ("= ", "HELD OFF".to_string(), format!("{title}: {why}"), Slot::Pending)
        }
    };
    (mark, word, text, slot)
}

/// How fast an automatic run was.
pub fn reaction(r: &ReactionView) -> (String, Slot) {
    let target = r.target.map(|t| format!(" of {}", format::length(t))).unwrap_or_default();
    let text = match r.to_effect {
        Some(ms) => format!(
            "{} reacted: first command {} after firing, effect after {}{target}",
            r.title,
            format::length(r.from_firing),
            format::length(ms)
        ),
        None => format!(
            "{} reacted: first command {} after firing, no effect yet{target}",
            r.title,
            format::length(r.from_firing)
        ),
    };
    (text, if r.is_late() { Slot::Warn } else { Slot::Text })
}
