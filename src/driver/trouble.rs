//! What is made to go wrong in the embedded service.

use super::Driver;

impl Driver {
    pub(super) fn trouble(&mut self, _trouble: String, _on: bool) {}
}
