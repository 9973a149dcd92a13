//! What the confirmation says of leaving: whether the run goes on, and what its steps lose.

use crate::run::Plan;
use crate::session::view::Gravity;
use crate::supervisor::logout::{Stay, foresee, lost_at_logout};

/// What is to be known before a plan is confirmed: gravity and text. Asks the host, and so blocks for a moment.
pub fn notes(plan: &Plan) -> Vec<(Gravity, String)> {
    let mut out = vec![match foresee(&plan.who.user) {
        Stay::Dies(why) => (Gravity::Critical, format!("DIES AT LOGOUT: {why}")),
        Stay::Detached | Stay::Scope => {
            (Gravity::Ok, "Goes on if you log out. Close ripcord whenever you like".into())
        }
    }];
    out.extend(lost_at_logout(plan).into_iter().map(|lost| (Gravity::Warn, lost)));
    out
}
