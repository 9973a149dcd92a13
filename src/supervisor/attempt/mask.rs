//! Secrets taken out of a stream of bytes, however it is cut into pieces.

use super::spec::AttemptError;
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands in the place of a secret.
pub const MASK: &str = "[masked]";

/// The fewest bytes a secret may have.
pub const MIN_SECRET: usize = 6;

/// Masks one stream. Holds back only the longest end of it that may be the beginning of a secret.
#[derive(Debug, Clone)]
pub struct Masker {
    forms: Arc<[Vec<u8>]>,
    held: Vec<u8>,
    /// For each held byte, whether a secret that was already found covers it.
    covered: Vec<bool>,
    /// Whether the last byte given out was covered: its mask has been written.
    masking: bool,
}

impl Masker {
    /// A masker for these secrets (by name), each also as base64 and URL-encoded. Refuses short ones.
    pub fn new(secrets: &BTreeMap<String, String>) -> Result<Masker, AttemptError> {
        let mut forms = BTreeSet::new();
        for (name, secret) in secrets {
            if secret.len() < MIN_SECRET {
                return Err(AttemptError::ShortSecret { name: name.clone() });
            }
            forms.insert(secret.as_bytes().to_vec());
            forms.extend(base64_forms(secret.as_bytes()));
            forms.extend(url_forms(secret.as_bytes()));
        }
        Ok(Masker {
            forms: forms.into_iter().collect(),
            held: Vec::new(),
            covered: Vec::new(),
            masking: false,
        })
    }

    /// The bytes that can be given out after `bytes` came in.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.forms.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend_from_slice(bytes);
        self.covered.resize(self.held.len(), false);
        for form in self.forms.iter() {
            // Overlapping occurrences count too: a found one moves the search by one byte only.
            let mut from = 0;
            while let Some(at) = memmem::find(&self.held[from..], form) {
                self.covered[from + at..from + at + form.len()].fill(true);
                from += at + 1;
            }
        }
        self.give(self.held.len() - self.beginning())
    }

    /// The rest of the stream.
    pub fn finish(&mut self) -> Vec<u8> {
        let out = self.give(self.held.len());
        self.masking = false;
        out
    }

    /// A whole text, masked; the stream is not touched.
    pub fn whole(&self, text: &str) -> String {
        let mut fresh = Masker { held: Vec::new(), covered: Vec::new(), masking: false, ..self.clone() };
        let mut out = fresh.feed(text.as_bytes());
        out.extend(fresh.finish());
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Length of the longest end of what is held that is the beginning of a form, and not all of it.
    fn beginning(&self) -> usize {
        let ends = |form: &Vec<u8>| {
            let most = (form.len() - 1).min(self.held.len());
            (1..=most).rev().find(|n| self.held.ends_with(&form[..*n])).unwrap_or(0)
        };
        self.forms.iter().map(ends).max().unwrap_or(0)
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count);
        for (byte, covered) in self.held.drain(..count).zip(self.covered.drain(..count)) {
            match (covered, self.masking) {
                (true, false) => out.extend_from_slice(MASK.as_bytes()),
                (true, true) => {}
                (false, _) => out.push(byte),
            }
            self.masking = covered;
        }
        out
    }
}

/// The characters of a secret's base64 that do not depend on what stands around it, for each way it may be aligned, in
/// both alphabets; and the whole of it with its padding.
fn base64_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for alphabet in [b"+/", b"-_"] {
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret);
            let text = base64(&bytes, alphabet);
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            forms.push(text[first..last].to_vec());
            if before == 0 {
                forms.push(text);
            }
        }
    }
    forms
}

fn base64(bytes: &[u8], last_two: &[u8; 2]) -> Vec<u8> {
    let letter = |n: u8| match n {
        0..26 => b'A' + n,
        26..52 => b'a' + n - 26,
        52..62 => b'0' + n - 52,
        _ => last_two[usize::from(n) - 62],
    };
    let mut out = Vec::new();
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i) & 63) as u8;
            out.push(if i <= chunk.len() { letter(six) } else { b'=' });
        }
    }
    out
}

fn url_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let encode = |upper: bool, plus: bool| {
        let mut out = Vec::new();
        for &b in secret {
            match b {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(b),
                b' ' if plus => out.push(b'+'),
                _ if upper => out.extend(format!("%{b:02X}").bytes()),
                _ => out.extend(format!("%{b:02x}").bytes()),
            }
        }
        out
    };
    vec![encode(true, false), encode(true, true), encode(false, false), encode(false, true)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masker(secrets: &[&str]) -> Masker {
        let named = secrets.iter().enumerate().map(|(i, s)| (format!("S{i}"), (*s).to_owned())).collect();
        Masker::new(&named).unwrap()
    }

    fn through(masker: &Masker, pieces: &[&[u8]]) -> String {
        let mut m = masker.clone();
        let mut out: Vec<u8> = pieces.iter().flat_map(|p| m.feed(p)).collect();
        out.extend(m.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn base64_is_what_everyone_writes() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes(), b"+/"), coded.as_bytes());
        }
        assert_eq!(base64(&[0xfb, 0xff], b"-_"), b"-_8=");
    }

    #[test]
    fn a_secret_is_masked_plain_in_base64_at_any_alignment_and_in_urls() {
        let m = masker(&["p4ss w/rd+"]);
        assert_eq!(m.whole("x p4ss w/rd+ y"), "x [masked] y");
        for url in ["p4ss%20w%2Frd%2B", "p4ss+w%2Frd%2B", "p4ss%20w%2frd%2b"] {
            assert_eq!(m.whole(&format!("?k={url}&b")), "?k=[masked]&b");
        }
        for user in ["", "a", "an", "ana", "ana:"] {
            let coded = String::from_utf8(base64(format!("{user}p4ss w/rd+").as_bytes(), b"+/")).unwrap();
            let out = m.whole(&coded);
            assert!(out.contains(MASK), "{coded} gave {out}");
            // What shares a character with a neighbour cannot be told from it: a few characters at the edges stay.
            assert!(out.replace(MASK, "").len() + 11 <= coded.len(), "{coded} gave {out}");
        }
    }

    #[test]
    fn overlapping_secrets_leave_no_piece_of_either() {
        let m = masker(&["abcdefgh", "efghijkl", "abcdef"]);
        assert_eq!(m.whole("<abcdefghijkl>"), "<[masked]>");
        assert_eq!(through(&m, &[b"<abcdef", b"gh", b"ijkl>"]), "<[masked]>");
        assert_eq!(through(&m, &[b"<abcdef", b"X>"]), "<[masked]X>");
    }

    #[test]
    fn only_a_possible_beginning_is_held_back() {
        let mut m = masker(&["secret-1"]);
        assert_eq!(m.feed(b"plain sec"), b"plain ");
        assert_eq!(m.feed(b"ond"), b"second");
        assert_eq!(m.feed(b" s"), b" ");
        assert_eq!(m.finish(), b"s");
    }

    #[test]
    fn a_short_secret_is_refused_by_name() {
        let e = Masker::new(&[("PIN".to_owned(), "12345".to_owned())].into()).unwrap_err().to_string();
        assert!(e.contains("PIN") && e.contains("fewer than 6"), "{e}");
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_result_is_the_same_and_holds_no_secret(
            text in "[ab]{0,60}", secrets in prop::collection::vec("[ab]{6,9}", 1..4), cuts in prop::collection::vec(0usize..60, 0..8)
        ) {
            let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let m = masker(&names);
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let out = through(&m, &pieces);
            prop_assert_eq!(&out, &m.whole(&text));
            for secret in &secrets {
                prop_assert!(!out.contains(secret.as_str()), "{} in {}", secret, out);
            }
            if secrets.iter().all(|s| !text.contains(s.as_str())) {
                prop_assert_eq!(out, text);
            }
        }
    }
}
