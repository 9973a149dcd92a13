//! The checklists: ticks, what an item does itself, what is done without.

use super::Driver;

impl Driver {
    pub(super) fn tick_item(&mut self, _checklist: String, _item: usize, _done: bool, _note: String) {}

    pub(super) fn do_item(&mut self, _checklist: String, _item: usize) {}

    pub(super) fn without_item(&mut self, _checklist: String, _item: usize, _reason: String) {}
}
