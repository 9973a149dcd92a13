//! The playbooks and drills that come with the program.

macro_rules! shipped {
    ($folder:literal, $end:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../assets/", $folder, "/", $name, $end)))),*]
    };
}

/// Playbooks by name.
pub const PLAYBOOKS: &[(&str, &str)] = shipped!["playbooks", ".toml":
    "lapce-ai-cst"
    "rust-ai-ide"
    "rag-api"
    "sprint-1-search"
    "riptide-eventmesh"
    "demo"
    "haproxy-canary"
];

/// Files that describe one drill, by name.
pub const DRILLS: &[(&str, &str)] = shipped!["drills", "":
    "lapce-ai-cst-bad-night.toml"
    "lapce-ai-cst-error-spike.toml"
    "lapce-ai-cst-index-corruption.toml"
    "lapce-ai-cst-leak-goes-on.toml"
    "rag-api-bad-canary.toml"
    "rag-api-blind.toml"
    "rag-api-canary-unheard.toml"
    "riptide-eventmesh-blind.toml"
    "riptide-eventmesh-memory-leak.toml"
    "riptide-eventmesh-search-fails.toml"
    "rust-ai-ide-error-spike.toml"
    "rust-ai-ide-leak-in-the-dark.toml"
    "rust-ai-ide-nothing-helps.toml"
    "sprint-1-search-broken-splitter.toml"
    "sprint-1-search-control-is-bad.toml"
    "sprint-1-search-error-spike.toml"
    "sprint-1-search-nobody-decides.toml"
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folder: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(folder);
        let entries =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = entries.filter(|f| f.ends_with(".toml")).collect();
        files.sort();
        files
    }

    #[test]
    fn everything_of_the_tree_is_here() {
        let here: Vec<&str> = DRILLS.iter().map(|(n, _)| *n).collect();
        assert_eq!(tree("drills"), here);
        let mut here: Vec<String> = PLAYBOOKS.iter().map(|(n, _)| format!("{n}.toml")).collect();
        here.sort();
        assert_eq!(tree("playbooks"), here);
    }
}
