//! Samples in, verdicts out. Pure: no clock, file, process, socket or runtime.
