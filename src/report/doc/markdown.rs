//! A document as CommonMark with tables.

use super::{Block, Cell, Doc};
use std::fmt::Write as _;

pub(super) fn print(doc: &Doc) -> String {
    let mut out = format!("# {}\n", escaped(&doc.title));
    for text in &doc.lead {
        paragraph(&mut out, text);
    }
    for section in &doc.sections {
        let _ = writeln!(out, "\n## {}", escaped(&section.title));
        for block in &section.blocks {
            put(&mut out, block);
        }
    }
    out
}

fn put(out: &mut String, block: &Block) {
    match block {
        Block::Sub(title) => {
            let _ = writeln!(out, "\n### {}", escaped(title));
        }
        Block::Text(text) => paragraph(out, text),
        Block::Blank(question) => {
            paragraph(out, &format!("To be filled in by people: {question}"));
            out.push_str("\n- …\n- …\n");
        }
        Block::Facts(facts) => {
            out.push_str("\n| fact | value |\n| --- | --- |\n");
            for (name, value) in facts {
                line(out, [Cell::Text(name.clone()), value.clone()].iter());
            }
        }
        Block::Table(columns, rows) => {
            let _ = writeln!(out, "\n| {} |", columns.join(" | "));
            let _ = writeln!(out, "|{}", " --- |".repeat(columns.len()));
            rows.iter().for_each(|row| line(out, row.iter()));
        }
        Block::List(lines) => {
            out.push('\n');
            for line in lines {
                let _ = writeln!(out, "- {}", begun(&escaped(line)));
            }
        }
        Block::Chart(chart) => {
            let _ = writeln!(out, "\n{}\n", begun(&escaped(&chart.caption())));
            let _ = writeln!(out, "```text\n{}\n```", chart.text());
        }
    }
}

fn paragraph(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{}", begun(&escaped(text)));
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a Cell>) {
    out.push('|');
    for cell in cells {
        match cell {
            Cell::Text(text) if text.trim().is_empty() => out.push(' '),
            Cell::Code(code) if code.trim().is_empty() => out.push(' '),
            Cell::Text(text) => {
                out.push(' ');
                escape(out, text.trim());
                out.push(' ');
            }
            // A pipe ends a cell, even in code; a backtick would end the code.
            Cell::Code(code) => {
                let _ = write!(out, " `{}` ", code.trim().replace('|', "\\|").replace('`', "'"));
            }
        }
        out.push('|');
    }
    out.push('\n');
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    escape(&mut out, text.trim());
    out
}

/// Appends text so that Markdown shows it as it stands: nothing in it is emphasis, a link, HTML or the end of a cell.
fn escape(out: &mut String, text: &str) {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let between = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            '\\' | '|' | '`' | '*' | '[' | ']' => out.extend(['\\', c]),
            '_' if !between => out.push_str("\\_"),
            '~' if before == '~' || after == '~' => out.push_str("\\~"),
            // What a renderer would make a link of by itself.
            ':' if after == '/' => out.push_str("\\:"),
            '@' if between => out.push_str("\\@"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            '<' => out.push_str("\\<"),
            '&' if after.is_alphanumeric() || after == '#' => out.push_str("&amp;"),
            c => out.push(c),
        }
        before = c;
    }
}

/// A line whose first character does not begin a list, a heading or a quotation.
fn begun(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text.chars().next() {
        Some('#' | '-' | '+' | '=' | '>') => format!("\\{text}"),
        Some(_) if digits > 0 && text[digits..].starts_with(['.', ')']) => {
            format!("{}\\{}", &text[..digits], &text[digits..])
        }
        _ => text.to_owned(),
    }
}
