//! Room before a step: what an attempt needs on disk is made before its intent is recorded. Where that fails nothing is
//! started, and the run waits for a person.

use super::attempt::AttemptError;
use super::follow::prepare;
use super::perform::Driver;
use crate::journal::LogError;
use crate::model::time::Now;
use crate::run::{Kind, Machine, State};
use std::io;

/// Bytes kept in the journal before a step, so that a full disk is met before it and not after.
const ROOM: u64 = 64 * 1024;

impl Driver {
    /// Makes what an attempt needs. Nothing of it is recorded yet.
    pub(super) fn make_room(&mut self, step: usize, attempt: u32) -> Result<(), LogError> {
        let io = |doing, source| LogError::Io { path: self.run.clone(), doing, source };
        if self.log.took_reserve() {
            let full = io::Error::new(io::ErrorKind::StorageFull, "the reserve had to be given back");
            return Err(io("go on writing for long", full));
        }
        prepare(&*self.disk, &self.run, &self.plan, &self.plan.steps[step - 1], attempt).map_err(
            |e| match e {
                AttemptError::Log(e) => e,
                e => io("prepare the attempt", io::Error::other(e.to_string())),
            },
        )?;
        self.log.preallocate(ROOM)
    }

    /// The run pauses before a step for which there is no room.
    ///
    /// # Errors
    /// When that cannot be written either.
    pub(super) fn wait_for_room(&mut self, now: &Now, step: usize, e: &LogError) -> Result<(), LogError> {
        // What is yet to be written, and what people ask, needs some room too.
        self.log.give_back_reserve(e);
        let name = &self.plan.steps[step - 1].step.name;
        let why = format!("step {step} ({name}) was not started: {e}. {}", e.hint());
        self.record(now, &Kind::Paused { why })?;
        let state = State::fold(&self.plan, &self.records).map_err(|e| LogError::Io {
            path: self.run.clone(),
            doing: "read again what was recorded",
            source: io::Error::other(e),
        })?;
        // It had taken the step for begun.
        self.machine = Machine::new((*self.plan).clone(), state);
        Ok(())
    }
}
