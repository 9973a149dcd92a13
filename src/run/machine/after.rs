//! After the last step: verified or not, and whether it stays so.

use super::{Doing, Effect, Machine};
use crate::model::time::{Deadline, Now};
use crate::run::record::{Answer, Guard, Kind, Verdict};

impl Machine {
    /// All steps are behind us.
    pub(super) fn end(&mut self, now: &Now, out: &mut Vec<Effect>) -> bool {
        if self.state.unverified.is_some() {
            return false;
        }
        if !self.state.is_verified() {
            let held = self.state.steps.iter().any(|s| s.verify.is_some());
            let why = if held { "not every verification held" } else { "the procedure verifies nothing" };
            self.record(now, Kind::NotVerified { step: None, why: why.to_owned() }, out);
            return true;
        }
        let Some(guard) = &self.plan.procedure.guard else {
            return self.finish(now, Verdict::Verified, String::new(), out);
        };
        let Some(until) = &self.state.guarding else {
            let until = Deadline::after(now, guard.lasts);
            self.record(now, Kind::Guarding { until }, out);
            return true;
        };
        if until.is_due(now) {
            let why = self.stayed();
            return self.finish(now, Verdict::Verified, why, out);
        }
        if self.doing == Doing::Nothing {
            self.doing = Doing::Guarding;
            out.push(Effect::Guard);
        }
        false
    }

    /// What is known at the end of the watch.
    fn stayed(&self) -> String {
        let mut why = match &self.state.stays {
            Some((Answer::Holds, ..)) => "it stayed as it was verified".to_owned(),
            Some((_, detail, _)) => format!("whether it stayed so could not be seen at the end: {detail}"),
            None => "nobody looked whether it stayed so".to_owned(),
        };
        if self.state.unwatched {
            why.push_str("; its supervisor was lost while it was watched: for a time nobody looked");
        }
        why
    }

    /// The target was looked at. On record when the answer is another one.
    pub(super) fn guarded(&mut self, now: &Now, answer: Answer, detail: String, out: &mut Vec<Effect>) {
        if self.state.guarding.is_none() {
            return;
        }
        if answer == Answer::Fails {
            self.doing = Doing::Nothing;
            out.push(Effect::Unwatch);
            return self.record(now, Kind::Drifted { detail }, out);
        }
        if self.state.stays.as_ref().is_none_or(|(before, ..)| *before != answer) {
            self.record(now, Kind::GuardJudged { step: 0, guard: Guard::Stays, answer, detail }, out);
        }
    }
}
