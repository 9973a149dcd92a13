//! A document for programs: the measured facts, and the same sections as on paper.

use super::{Block, Cell, Doc};
use serde_json::{Value, json};

pub(super) fn print(doc: &Doc) -> String {
    let sections = doc
        .sections
        .iter()
        .map(|s| json!({ "title": s.title, "blocks": s.blocks.iter().map(block).collect::<Vec<_>>() }));
    let whole = json!({
        "title": doc.title,
        "lead": doc.lead,
        "facts": doc.data,
        "sections": sections.collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

fn block(block: &Block) -> Value {
    match block {
        Block::Sub(title) => json!({ "heading": title }),
        Block::Text(text) => json!({ "text": text }),
        Block::Blank(question) => json!({ "to_be_filled_in": question }),
        Block::Facts(facts) => {
            let facts = facts.iter().map(|(name, value)| json!({ "name": name, "value": value.text() }));
            json!({ "facts": facts.collect::<Vec<_>>() })
        }
        Block::Table(columns, rows) => {
            let rows = rows.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>());
            json!({ "columns": columns, "rows": rows.collect::<Vec<_>>() })
        }
        Block::List(lines) => json!({ "list": lines }),
        Block::Chart(chart) => json!({ "chart": chart.json() }),
    }
}
