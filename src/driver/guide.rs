//! The guide: commands that only look, and people who are paged by hand.

use super::Driver;

impl Driver {
    pub(super) fn probe(&mut self, _guide: String, _step: usize) {}

    pub(super) fn page_role(&mut self, _role: String) {}
}
