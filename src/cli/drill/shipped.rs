//! The playbooks and drills that come with the program.

/// Playbooks by name.
pub const PLAYBOOKS: &[(&str, &str)] = &[
    ("lapce-ai-cst", include_str!("../../../assets/playbooks/lapce-ai-cst.toml")),
    ("rust-ai-ide", include_str!("../../../assets/playbooks/rust-ai-ide.toml")),
    ("rag-api", include_str!("../../../assets/playbooks/rag-api.toml")),
    ("sprint-1-search", include_str!("../../../assets/playbooks/sprint-1-search.toml")),
    ("riptide-eventmesh", include_str!("../../../assets/playbooks/riptide-eventmesh.toml")),
];

/// Files that describe one drill, by name.
pub const DRILLS: &[(&str, &str)] = &[];
