//! Bytes into lines.

/// Bytes of a line that are kept.
pub(super) const LONGEST: usize = 16 << 10;

/// Cuts a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    carry: Vec<u8>,
    /// What comes up to the next line's beginning is not wanted.
    over: bool,
}

impl Splitter {
    /// What comes is the rest of a line: it is passed over.
    pub(super) fn pass_over(&mut self) {
        self.over = true;
    }

    /// Takes in what came.
    pub(super) fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.part(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.line(each);
        }
        self.part(bytes);
    }

    /// Nothing follows: what has no end is a line, too.
    pub(super) fn end(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !self.carry.is_empty() {
            self.line(each);
        }
        self.over = false;
    }

    fn part(&mut self, bytes: &[u8]) {
        if !self.over {
            let room = LONGEST.saturating_sub(self.carry.len());
            self.carry.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn line(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !std::mem::take(&mut self.over) {
            each(self.carry.strip_suffix(b"\r").unwrap_or(&self.carry));
        }
        self.carry.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut s, mut out) = (Splitter::default(), Vec::new());
        let mut each = |l: &[u8]| out.push(String::from_utf8_lossy(l).into_owned());
        parts.iter().for_each(|p| s.feed(p, &mut each));
        s.end(&mut each);
        out
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        let text = b"one\r\n\ntwo words\nrest";
        let whole = lines(&[text]);
        assert_eq!(whole, ["one", "", "two words", "rest"]);
        for cut in 0..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), whole, "{cut}");
        }
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_one_is_whole() {
        let long = vec![b'x'; 3 * LONGEST];
        let found = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!((found[0].len(), found[1].as_str(), found.len()), (LONGEST, "next", 2));
    }

    #[test]
    fn the_rest_of_a_line_is_passed_over() {
        let (mut s, mut out) = (Splitter::default(), Vec::new());
        s.pass_over();
        s.feed(b"alf a line\nwhole\n", &mut |l| out.push(l.to_vec()));
        assert_eq!(out, [b"whole"]);
    }
}
