//! Texts into the clipboard of the person's terminal (OSC 52), and addresses that it opens (OSC 8). Nothing that comes from
//! outside can end a sequence early or begin another one.

use crate::model::text::clean;
use ratatui::style::Color;

/// Bytes of a text that can be copied: terminals take no more.
pub const MOST: usize = 74_994;
/// Bytes of an address that terminals take.
const LONGEST: usize = 2_083;

/// What puts a text into the clipboard; its controls are taken out first.
///
/// # Errors
/// The number of its bytes when there are more than [`MOST`].
pub fn copy(text: &str) -> Result<Vec<u8>, usize> {
    let text = clean(text);
    if text.len() > MOST {
        return Err(text.len());
    }
    let mut out = b"\x1b]52;c;".to_vec();
    out.extend(base64(text.as_bytes()));
    out.extend(b"\x1b\\");
    Ok(out)
}

/// An address as it may stand in a sequence: of the web, printable ASCII only. `None` when it is none of that.
pub fn address(url: &str) -> Option<String> {
    let head = url.get(..8).or(url.get(..7)).unwrap_or_default().to_ascii_lowercase();
    if !head.starts_with("https://") && !head.starts_with("http://") {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for b in url.bytes() {
        match b {
            0x21..=0x7e => out.push(b as char),
            0x80.. => out.push_str(&format!("%{b:02X}")),
            _ => return None,
        }
    }
    (out.len() <= LONGEST).then_some(out)
}

/// What says in a cell where it leads to. Nothing of ours colours underlines, so that the difference between two frames
/// tells a link that is another one.
pub fn mark(url: &str) -> Color {
    let hash = url.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    Color::Rgb((hash >> 16) as u8, (hash >> 8) as u8, hash as u8)
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let n = three.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let letter = LETTERS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() { letter } else { b'=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_goes_into_the_clipboard_letter_for_letter() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("größe", "Z3LDtsOfZQ=="),
        ] {
            let wanted = format!("\x1b]52;c;{coded}\x1b\\");
            assert_eq!(String::from_utf8(copy(text).unwrap()).unwrap(), wanted, "{text}");
        }
        assert_eq!(copy("rm \x1b]52;c;Zm9v\x07x\r"), copy("rm x"), "no sequence within");
        assert_eq!(copy("two\nlines"), Ok(b"\x1b]52;c;dHdvCmxpbmVz\x1b\\".to_vec()));
    }

    #[test]
    fn a_text_that_is_too_long_is_not_cut() {
        assert!(copy(&"x".repeat(MOST)).is_ok());
        assert_eq!(copy(&"x".repeat(MOST + 1)), Err(MOST + 1));
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert_eq!(
            address("https://grafana.example/d/cst?x=1").as_deref(),
            Some("https://grafana.example/d/cst?x=1")
        );
        assert_eq!(address("HTTP://a/ü").as_deref(), Some("HTTP://a/%C3%BC"));
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "wiki/cst",
            "https://a/\x1b\\x",
            "https://a/\x07",
            "https://a b",
            "",
            "http:/",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        assert_eq!(address(&format!("https://a/{}", "x".repeat(LONGEST))), None);
    }

    proptest! {
        #[test]
        fn nothing_from_outside_ends_a_sequence(text in any::<String>()) {
            if let Some(url) = address(&format!("https://{text}")) {
                prop_assert!(url.bytes().all(|b| (0x21..=0x7e).contains(&b)));
            }
            if let Ok(bytes) = copy(&text) {
                let inner = &bytes[7..bytes.len() - 2];
                prop_assert!(inner.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)));
            }
        }
    }
}
