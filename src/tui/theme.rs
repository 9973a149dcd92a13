//! Colours by meaning.

use ratatui::style::{Color, Modifier, Style};

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Slot {
    Bg,
    Text,
    Head,
    Dim,
    Rule,
    Bar,
    EnvDanger,
    EnvCaution,
    EnvCalm,
    Drill,
    Ok,
    Warn,
    Critical,
    CriticalBand,
    Unknown,
    Stale,
    Pending,
    Accent,
    Key,
    Chart,
    Threshold,
    Baseline,
}

/// A theme.
#[derive(Debug, Clone)]
pub struct Theme {
    color: bool,
    light: bool,
}

#[allow(missing_docs)]
impl Theme {
    pub fn dark() -> Theme {
        Theme { color: true, light: false }
    }
    pub fn light() -> Theme {
        Theme { color: true, light: true }
    }
    pub fn plain() -> Theme {
        Theme { color: false, light: false }
    }
    pub fn style(&self, slot: Slot) -> Style {
        let rgb = |d: u32, l: u32| {
            let c = if self.light { l } else { d };
            Color::Rgb((c >> 16) as u8, (c >> 8) as u8, c as u8)
        };
        let bold = matches!(
            slot,
            Slot::Head
                | Slot::Key
                | Slot::Critical
                | Slot::Pending
                | Slot::EnvDanger
                | Slot::EnvCaution
                | Slot::EnvCalm
                | Slot::CriticalBand
                | Slot::Drill
        );
        let reversed = matches!(
            slot,
            Slot::EnvDanger | Slot::EnvCaution | Slot::EnvCalm | Slot::CriticalBand | Slot::Drill
        );
        let mut s = Style::new();
        if bold {
            s = s.add_modifier(Modifier::BOLD);
        }
        if !self.color {
            return if reversed { s.add_modifier(Modifier::REVERSED) } else { s };
        }
        match slot {
            Slot::Bg | Slot::Text => s.fg(rgb(0xc8d0d9, 0x2b3138)),
            Slot::Head => s.fg(rgb(0xf0f3f6, 0x0c0f12)),
            Slot::Dim => s.fg(rgb(0x8f99a6, 0x575f68)),
            Slot::Rule => s.fg(rgb(0x3b4552, 0xc9c6bd)),
            Slot::Bar => s.fg(rgb(0xc8d0d9, 0x2b3138)).bg(rgb(0x232b35, 0xe6e3da)),
            Slot::EnvDanger => s.fg(rgb(0x11151b, 0xfbfaf7)).bg(rgb(0xe6ebf0, 0x1a1f25)),
            Slot::EnvCaution => s.fg(rgb(0x11151b, 0xfbfaf7)).bg(rgb(0xf2a35e, 0x8f4400)),
            Slot::EnvCalm => s.fg(rgb(0xf0f3f6, 0x0c0f12)).bg(rgb(0x2f4a44, 0xcfe3dc)),
            Slot::Drill => s.fg(Color::White).bg(rgb(0x5544a8, 0x5544a8)),
            Slot::Ok => s.fg(rgb(0x7fc08a, 0x2b6b38)),
            Slot::Warn => s.fg(rgb(0xe3b34f, 0x7d5600)),
            Slot::Critical => s.fg(rgb(0xff7a6e, 0xb3261e)),
            Slot::CriticalBand => s.fg(Color::Rgb(255, 255, 255)).bg(rgb(0xa3261d, 0xa3261d)),
            Slot::Unknown | Slot::Stale => s.fg(rgb(0xc3a0f0, 0x6a3fae)),
            Slot::Pending => s.fg(rgb(0xf2a35e, 0x8f4400)),
            Slot::Accent => s.fg(rgb(0x7cb7ff, 0x0b5cad)),
            Slot::Key => s.fg(rgb(0xffffff, 0)),
            Slot::Chart => s.fg(rgb(0x5f87a8, 0x6f93b0)),
            Slot::Threshold => s.fg(rgb(0xc2605a, 0xb3524b)),
            Slot::Baseline => s.fg(rgb(0x6fa8a0, 0x3f7d74)),
        }
    }
}
