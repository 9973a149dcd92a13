//! Tells people, through an outbox on disk.
