//! What is made to go wrong in the embedded service, and that it is on record. Without one, nothing can be.

use super::Driver;
use crate::model::text::clean_line;
use crate::session::decision::Kind;
use crate::session::view::TroubleView;
use crate::sim::trouble::Control;
use crate::supervisor::person::person;

impl Driver {
    /// Begins or ends a trouble of the demo.
    pub(super) fn trouble(&mut self, trouble: &str, on: bool) {
        if let Some(service) = &self.setup.demo {
            service.set(trouble, on);
            self.tell_troubles();
        }
    }

    /// Puts on record what began or ended since the last time.
    pub(super) fn tell_troubles(&self) {
        let changes = self.setup.demo.as_ref().map(Control::changes).unwrap_or_default();
        if changes.is_empty() {
            return;
        }
        let told = changes.into_iter().map(|c| Kind::Troubled {
            title: clean_line(c.trouble.title()),
            on: c.on,
            who: c.by_person.then(person),
        });
        self.append(told.collect());
    }

    /// All that can go wrong in the demo, as it is now.
    pub(super) fn troubles(&self) -> Vec<TroubleView> {
        let standing = self.setup.demo.as_ref().map(Control::standing).unwrap_or_default();
        let ms = |d: std::time::Duration| d.as_millis() as u64;
        let shown = standing.into_iter().map(|s| TroubleView {
            id: s.trouble.id().into(),
            key: s.trouble.key(),
            title: s.trouble.title().into(),
            expects: s.trouble.expects().into(),
            on_ms: s.on.map(ms),
            cured: false,
            left_ms: s.on.and_then(|on| Some(ms(s.trouble.lasts()?.saturating_sub(on)))),
        });
        shown.collect()
    }
}
