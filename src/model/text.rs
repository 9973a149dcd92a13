//! Text from outside, made safe to show and to store.

use unicode_width::UnicodeWidthChar;

/// Makes text from outside (labels, output, names, notes) safe for a terminal, a report or a message.
///
/// Escape sequences are taken out whole by a terminal's own state machine; what controls remain, bidirectional
/// overrides and invisible format characters are shown as `\u{…}`; a tab becomes a space; newlines stay.
pub fn clean(text: &str) -> String {
    clean_bytes(text.as_bytes())
}

/// [`clean`] for bytes that may not be UTF-8; invalid sequences become `�`.
pub fn clean_bytes(bytes: &[u8]) -> String {
    let mut out = Printable(String::with_capacity(bytes.len()));
    let mut parser = vte::Parser::new();
    parser.advance(&mut out, bytes);
    out.0
}

/// [`clean`] on one line: newlines become spaces.
pub fn clean_line(text: &str) -> String {
    clean(text).replace(['\n', '\r'], " ")
}

/// Whether a character is invisible or reorders text around it.
fn deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

struct Printable(String);

impl vte::Perform for Printable {
    fn print(&mut self, c: char) {
        if deceptive(c) || (c.is_control()) || c.width().is_none() {
            self.0.extend(c.escape_unicode());
        } else {
            self.0.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.0.push('\n'),
            b'\t' => self.0.push(' '),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_vanish_whole_and_leave_no_tail() {
        assert_eq!(clean("a\x1b[31mred\x1b[0m\x1b]0;title\x07b\rc\x08\n\td"), "aredbc\n d");
    }

    #[test]
    fn reordering_and_invisible_characters_are_shown() {
        assert_eq!(clean("rm \u{202E}x\u{200B}"), "rm \\u{202e}x\\u{200b}");
    }

    #[test]
    fn text_in_any_script_stays() {
        assert_eq!(clean("größe ▸ 日本 ✓"), "größe ▸ 日本 ✓");
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        assert_eq!(clean_bytes(b"a\xffb"), "a\u{fffd}b");
    }
}
