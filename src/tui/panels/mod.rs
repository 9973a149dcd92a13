//! Parts of screens, each drawn from the view alone.

pub mod banner;
pub mod chart;
pub mod foot;
pub mod others;
pub mod severity;
pub mod signals;
pub mod timeline;
pub mod triggers;
pub mod verdict;
pub mod what_fits;
