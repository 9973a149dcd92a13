//! What is admitted, and why not.
