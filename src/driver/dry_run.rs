//! A procedure tried without changing anything.

use super::Driver;

impl Driver {
    pub(super) fn dry_run(&mut self, _procedure: String) {}
}
