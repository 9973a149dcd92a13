//! What is allowed and yet doubtful, over the whole playbook.

use crate::config::walk::Cx;
use crate::model::playbook::Playbook;
use toml::de::DeTable;

/// Looks for what a careful reader would ask about.
pub fn lint(_cx: &Cx<'_>, _top: &DeTable<'_>, _playbook: &Playbook) {}
