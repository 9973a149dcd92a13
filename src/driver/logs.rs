//! Logs that are looked at.

use super::Driver;

impl Driver {
    pub(super) fn look_at_logs(&mut self, _logs: Vec<String>) {}
}
