//! The table as a page to read.

use super::{Binding, Context, Key, Keymap};
use std::fmt::Write;

const HEAD: &str = "# Keys\n\n\
    Made from the one table that routes them, fills the foot line and is the help (`ripcord keys` prints it, with your own\n\
    keys in it).\n\n\
    Small letters on screens belong to the playbook: they open a dialog, raise a flag or count; `h j k l q` are ripcord's.\n\
    Nothing falls through a dialog to the screen below, and nothing starts unconfirmed. `…`: a dialog follows.\n\n\
    To change one, name it in `config.toml`: a key or a list of them, as they are written here.\n\n\
    ```toml\n[keys.global]\npalette = [\"ctrl-p\", \":\"]\n```\n\n\
    `ripcord check config.toml` tells of names that are not known and of keys that would mean two things in one place.\n";

/// The table as Markdown, a section for each context.
pub fn markdown(keymap: &Keymap) -> String {
    let mut out = HEAD.to_string();
    let mut order = vec![Context::Global];
    order.extend(Context::ALL.into_iter().filter(|c| !matches!(c, Context::Global | Context::Terminal)));
    for context in order {
        let terminal = keymap.of(Context::Terminal).filter(|_| context == Context::Global);
        let rows: Vec<&Binding> = keymap.of(context).chain(terminal).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(out, "\n## {} (`{}`)\n\n", context.title(), context.name());
        out.push_str("| key | what it does | name |\n|---|---|---|\n");
        for b in rows {
            let key = |k: &Key| format!("`{}`", k.written().replace('|', "\\|"));
            let keys = b.keys.iter().map(key).collect::<Vec<_>>().join(" ");
            let _ = writeln!(out, "| {keys} | {} | `{}` |", b.label, b.action.name());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::TABLE;
    use super::*;

    #[test]
    fn the_page_in_the_repository_is_the_table() {
        let page = markdown(&Keymap::default());
        for b in TABLE {
            assert!(page.contains(&format!("| {} | `{}` |", b.label, b.action.name())), "{}", b.label);
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/KEYS.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(there == page, "assets/KEYS.md is not the table of keys: run this test with UPDATE=1");
    }
}
