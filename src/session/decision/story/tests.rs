//! The words of each kind.
