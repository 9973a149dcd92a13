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
pub const DRILLS: &[(&str, &str)] = &[
    ("lapce-ai-cst-bad-night.toml", include_str!("../../../assets/drills/lapce-ai-cst-bad-night.toml")),
    ("lapce-ai-cst-error-spike.toml", include_str!("../../../assets/drills/lapce-ai-cst-error-spike.toml")),
    (
        "lapce-ai-cst-index-corruption.toml",
        include_str!("../../../assets/drills/lapce-ai-cst-index-corruption.toml"),
    ),
    ("lapce-ai-cst-leak-goes-on.toml", include_str!("../../../assets/drills/lapce-ai-cst-leak-goes-on.toml")),
    ("rag-api-bad-canary.toml", include_str!("../../../assets/drills/rag-api-bad-canary.toml")),
    ("rag-api-blind.toml", include_str!("../../../assets/drills/rag-api-blind.toml")),
    ("rag-api-canary-unheard.toml", include_str!("../../../assets/drills/rag-api-canary-unheard.toml")),
    ("riptide-eventmesh-blind.toml", include_str!("../../../assets/drills/riptide-eventmesh-blind.toml")),
    (
        "riptide-eventmesh-memory-leak.toml",
        include_str!("../../../assets/drills/riptide-eventmesh-memory-leak.toml"),
    ),
    (
        "riptide-eventmesh-search-fails.toml",
        include_str!("../../../assets/drills/riptide-eventmesh-search-fails.toml"),
    ),
    ("rust-ai-ide-error-spike.toml", include_str!("../../../assets/drills/rust-ai-ide-error-spike.toml")),
    (
        "rust-ai-ide-leak-in-the-dark.toml",
        include_str!("../../../assets/drills/rust-ai-ide-leak-in-the-dark.toml"),
    ),
    ("rust-ai-ide-nothing-helps.toml", include_str!("../../../assets/drills/rust-ai-ide-nothing-helps.toml")),
    (
        "sprint-1-search-broken-splitter.toml",
        include_str!("../../../assets/drills/sprint-1-search-broken-splitter.toml"),
    ),
    (
        "sprint-1-search-control-is-bad.toml",
        include_str!("../../../assets/drills/sprint-1-search-control-is-bad.toml"),
    ),
    (
        "sprint-1-search-error-spike.toml",
        include_str!("../../../assets/drills/sprint-1-search-error-spike.toml"),
    ),
    (
        "sprint-1-search-nobody-decides.toml",
        include_str!("../../../assets/drills/sprint-1-search-nobody-decides.toml"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_tree_is_here() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/drills");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let here: Vec<&str> = DRILLS.iter().map(|(n, _)| *n).collect();
        assert_eq!(there, here);
    }
}
