//! What holds over any timeline.
