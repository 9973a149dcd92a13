//! Whether the link is too slow for charts that move: judged by how long it took to acknowledge what they cost.

use super::pacing::FrameId;
use crate::model::time::Millis;

/// A frame of more bytes says something about the link; a smaller one only about its distance.
const HEAVY: usize = 600;
/// An acknowledgement that takes longer shows a slow link, one within `FAST` a good one.
const SLOW: Millis = 400;
const FAST: Millis = 200;

/// What is known of the link.
#[derive(Debug, Default)]
pub struct Link {
    /// The last heavy frame that was not acknowledged: when it was written, and whether nobody had asked for it.
    heavy: Option<(FrameId, Millis, bool)>,
    slow: bool,
}

impl Link {
    /// A frame was written; `unasked` when it is no answer to a key or a new size, so that one like it will come again.
    pub fn wrote(&mut self, frame: FrameId, bytes: usize, unasked: bool, now: Millis) {
        if bytes > HEAVY {
            self.heavy = Some((frame, now, unasked));
        }
    }

    /// The terminal acknowledged everything up to a frame.
    pub fn acked(&mut self, frame: FrameId, now: Millis) {
        if let Some((heavy, at, unasked)) = self.heavy
            && heavy <= frame
        {
            self.heavy = None;
            match now.saturating_sub(at) {
                took if took > SLOW && unasked => self.slow = true,
                took if took < FAST => self.slow = false,
                _ => {}
            }
        }
    }

    /// Whether charts that move cost more than the link carries well.
    pub fn is_slow(&self) -> bool {
        self.slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_heavy_frame_that_comes_by_itself_makes_it_slow_and_a_quick_one_good_again() {
        let mut link = Link::default();
        let mut frame = 0;
        let mut told = |bytes, unasked, took| {
            frame += 1;
            link.wrote(frame, bytes, unasked, 0);
            link.acked(frame - 1, 10_000);
            link.acked(frame, took);
            link.is_slow()
        };
        assert!(!told(600, true, 1_500), "few bytes tell of distance only");
        assert!(!told(4_000, false, 1_500), "what a key asked for is worth its time");
        assert!(!told(2_000, true, 400));
        assert!(told(2_000, true, 401));
        assert!(told(100, true, 1) && told(2_000, true, 300), "not without a reason");
        assert!(!told(2_000, false, 199));
    }
}
