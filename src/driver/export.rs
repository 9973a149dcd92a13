//! What happened, written to a file.

use super::Driver;
use crate::session::view::Form;

impl Driver {
    pub(super) fn export(&mut self, _form: Form) {}
}
