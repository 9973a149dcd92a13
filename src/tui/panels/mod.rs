//! Parts of screens, each drawn from the view alone.

pub mod banner;
pub mod chart;
pub mod criteria;
pub mod foot;
pub mod matrix;
pub mod notices;
pub mod objectives;
pub mod others;
pub mod output;
pub mod run_line;
pub mod say;
pub mod series;
pub mod severity;
pub mod signals;
pub mod steps;
pub mod timeline;
pub mod traffic;
pub mod triggers;
pub mod truth;
pub mod verdict;
pub mod what_fits;
