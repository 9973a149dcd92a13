//! The one table of exit codes.

/// All is well, or the run verified.
pub const OK: u8 = 0;
/// A mistake in the arguments or in a file.
pub const USAGE: u8 = 2;
/// Refused: a proof, a guard or a person said no.
pub const REFUSED: u8 = 3;
/// A step failed.
pub const FAILED: u8 = 4;
/// Applied, but not verified.
pub const UNVERIFIED: u8 = 5;
/// Timed out.
pub const TIMED_OUT: u8 = 6;
/// Another run holds the lock, or another program the log.
pub const LOCKED: u8 = 7;
/// The outcome of a step is unknown.
pub const UNKNOWN: u8 = 8;
/// A record is damaged, or one that was vouched for is gone.
pub const DAMAGED: u8 = 9;
/// `status`: something asks to look.
pub const STATUS_WARN: u8 = 10;
/// `status`: a row of the matrix that asks for a response is in force.
pub const STATUS_CRITICAL: u8 = 11;
/// `status`: it cannot be said.
pub const STATUS_UNKNOWN: u8 = 12;
