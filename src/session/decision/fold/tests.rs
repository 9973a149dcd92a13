//! What records fold to.
