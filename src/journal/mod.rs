//! Records on disk: appended under a lock and synced, read back only as far as they are whole.
//!
//! Every durable write of the program goes through one [`Disk`]. A [`Log`] is JSON lines, each with its sequence and
//! the hash of the line before. Nothing here knows what a record means.

pub mod access;
mod atomic;
mod check;
mod disk;
mod error;
mod hold;
mod line;
mod log;
mod reserve;
mod tail;

pub use atomic::{atomic_write, write_new};
pub use check::{Break, Checked, check, each, each_of};
#[cfg(test)]
pub(crate) use disk::recording;
pub use disk::{Disk, Opened, real};
pub use error::LogError;
pub use hold::{Hold, is_held};
pub use line::{Fault, hash};
pub use log::{Log, append_if};
pub use reserve::{RESERVE_BYTES, Reserve};
pub use tail::{Tail, Verified, read, verify};
