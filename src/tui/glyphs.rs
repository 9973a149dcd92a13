//! Which characters the terminal can show, and what stands in for the others.

/// A set of characters. Screens are written in Unicode; the other sets replace what a terminal lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// All of them.
    Unicode,
    /// What the Linux console's fonts hold: no check mark, no eighth blocks.
    Console,
    /// 7-bit only, also where box characters would be two cells wide.
    Ascii,
}

impl Glyphs {
    /// The set for this environment: `TERM` and the locale. The terminal is never asked.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| var(name).filter(|v| !v.is_empty()))
            .unwrap_or_default()
            .to_lowercase();
        let wide = ["zh", "ja", "ko"].iter().any(|l| locale.starts_with(l));
        if wide || !(locale.contains("utf-8") || locale.contains("utf8")) {
            Glyphs::Ascii
        } else if var("TERM").is_some_and(|t| t == "linux") {
            Glyphs::Console
        } else {
            Glyphs::Unicode
        }
    }

    /// What stands for `c`; `None` when `c` itself does.
    pub fn instead(self, c: char) -> Option<&'static str> {
        match self {
            Glyphs::Unicode => None,
            Glyphs::Console => Some(match c {
                '✓' => "ok",
                '▁' | '▂' | '▃' => "░",
                '▄' | '▅' | '▆' => "▒",
                '▇' => "█",
                _ => return None,
            }),
            Glyphs::Ascii => Some(match c {
                '✓' => "ok",
                '✗' | '×' => "x",
                '▸' => ">",
                '»' => ">>",
                '•' | '·' => ".",
                '→' => "->",
                '←' => "<",
                '↑' => "^",
                '↓' => "v",
                '…' => "~",
                '█' | '▇' => "#",
                '▓' | '▅' | '▆' => "=",
                '▒' | '▃' | '▄' => "-",
                '░' | '▁' | '▂' => ".",
                '─' | '┄' => "-",
                '═' => "=",
                '│' => "|",
                '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => "+",
                _ => return None,
            }),
        }
    }

    /// Whether this set can show `c` as it is.
    pub fn shows(self, c: char) -> bool {
        match self {
            Glyphs::Ascii => c.is_ascii(),
            _ => self.instead(c).is_none(),
        }
    }
}

/// A column of a chart by its height in eighths, empty to full.
pub const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character above 7 bits that the screens use.
    const USED: &str = "✓»·▸▁▂▃▄▅▆▇█▓▒░┄─═│┌┐└┘├┤┬┴┼…→←↑↓×•✗";

    #[test]
    fn replacements_are_shown_by_their_own_set() {
        for set in [Glyphs::Console, Glyphs::Ascii] {
            for c in USED.chars() {
                if let Some(other) = set.instead(c) {
                    assert!(other.chars().all(|o| set.shows(o)), "{set:?}: {c} becomes {other}");
                    assert!(other.len() <= 2 || other.chars().count() == 1);
                }
            }
        }
        assert!(USED.chars().all(|c| Glyphs::Ascii.instead(c).is_some()), "ascii replaces all of them");
        assert!(USED.chars().all(|c| Glyphs::Unicode.instead(c).is_none()));
    }

    #[test]
    fn a_column_never_shrinks_as_it_rises() {
        for (set, ladder) in
            [(Glyphs::Console, [" ", "░", "▒", "█"].as_slice()), (Glyphs::Ascii, &[" ", ".", "-", "=", "#"])]
        {
            let rank = |c: char| {
                let text = set.instead(c).map_or(c.to_string(), str::to_string);
                ladder.iter().position(|l| *l == text).expect("on the ladder")
            };
            assert!(EIGHTHS.windows(2).all(|w| rank(w[0]) <= rank(w[1])), "{set:?}");
        }
    }

    #[test]
    fn the_set_comes_from_the_terminal_and_the_locale() {
        let set = |vars: &'static [(&str, &str)]| {
            Glyphs::detect(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
        };
        assert_eq!(set(&[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")]), Glyphs::Unicode);
        assert_eq!(set(&[("TERM", "linux"), ("LANG", "C.utf8")]), Glyphs::Console);
        assert_eq!(set(&[("TERM", "xterm"), ("LANG", "C")]), Glyphs::Ascii);
        assert_eq!(set(&[("TERM", "xterm"), ("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Glyphs::Ascii);
        assert_eq!(set(&[("TERM", "xterm"), ("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), Glyphs::Unicode);
        assert_eq!(set(&[("TERM", "xterm"), ("LANG", "ja_JP.UTF-8")]), Glyphs::Ascii);
        assert_eq!(set(&[("TERM", "xterm")]), Glyphs::Ascii);
    }
}
