//! A document as one HTML file: no script, no request, nothing from outside that is not text.

use super::{Block, Cell, Doc};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

pub(super) fn print(doc: &Doc) -> String {
    let title = escaped(&doc.title);
    let mut out = String::with_capacity(16_384);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
    );
    for text in &doc.lead {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", escaped(text));
    }
    out.push_str("</header>\n<nav aria-label=\"Sections\">\n<ul>\n");
    for (i, section) in doc.sections.iter().enumerate() {
        let _ = writeln!(out, "<li><a href=\"#s{}\">{}</a></li>", i + 1, escaped(&section.title));
    }
    out.push_str("</ul>\n</nav>\n<main>\n");
    for (i, section) in doc.sections.iter().enumerate() {
        let n = i + 1;
        let title = escaped(&section.title);
        let _ = writeln!(out, "<section aria-labelledby=\"s{n}\">\n<h2 id=\"s{n}\">{title}</h2>");
        for (j, block) in section.blocks.iter().enumerate() {
            put(&mut out, block, &format!("c{n}-{j}"));
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn put(out: &mut String, block: &Block, id: &str) {
    match block {
        Block::Sub(title) => {
            let _ = writeln!(out, "<h3>{}</h3>", escaped(title));
        }
        Block::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", loud(text));
        }
        Block::Blank(question) => {
            let question = escaped(question);
            let _ = writeln!(
                out,
                "<div class=\"blank\">\n<p>To be filled in by people: {question}</p>\n<div class=\"line\"></div>\n<div class=\"line\"></div>\n</div>"
            );
        }
        Block::Facts(facts) => {
            out.push_str("<div class=\"wide\"><table class=\"facts\">\n<tbody>\n");
            for (name, value) in facts {
                let _ = write!(out, "<tr><th scope=\"row\">{}</th><td>", escaped(name));
                cell(out, value);
                out.push_str("</td></tr>\n");
            }
            out.push_str("</tbody>\n</table></div>\n");
        }
        Block::Table(columns, rows) => {
            out.push_str("<div class=\"wide\"><table>\n<thead>\n<tr>");
            for column in columns {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(column));
            }
            out.push_str("</tr>\n</thead>\n<tbody>\n");
            for row in rows {
                out.push_str("<tr>");
                for value in row {
                    out.push_str("<td>");
                    cell(out, value);
                    out.push_str("</td>");
                }
                out.push_str("</tr>\n");
            }
            out.push_str("</tbody>\n</table></div>\n");
        }
        Block::List(lines) => {
            out.push_str("<ul>\n");
            for line in lines {
                let _ = writeln!(out, "<li>{}</li>", loud(line));
            }
            out.push_str("</ul>\n");
        }
        Block::Chart(chart) => {
            let legend = chart.legend();
            let legend = if legend.is_empty() { legend } else { format!(" ({legend})") };
            let caption = escaped(&format!("{}{legend}", chart.caption()));
            let _ = writeln!(out, "<figure>\n{}<figcaption>{caption}</figcaption>\n</figure>", chart.svg(id));
        }
    }
}

fn cell(out: &mut String, cell: &Cell) {
    match cell {
        Cell::Text(text) => out.push_str(&loud(text)),
        Cell::Code(code) if code.is_empty() => {}
        Cell::Code(code) => {
            out.push_str("<code>");
            escape(out, code);
            out.push_str("</code>");
        }
    }
}

/// What begins with a word in capitals is no good news: it stands out.
fn loud(text: &str) -> String {
    let first = text.split([' ', ':', ',']).next().unwrap_or_default();
    let capitals = ["MISSED", "FAILED", "UNKNOWN", "NOT", "OPEN", "LATE", "FROZEN", "DRIFTED", "TIMED"];
    match capitals.contains(&first) {
        true => format!("<strong class=\"bad\">{}</strong>", escaped(text)),
        false => escaped(text),
    }
}

/// Text that HTML shows as it stands, in an element and in an attribute.
pub(in crate::report) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    escape(&mut out, text);
    out
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}
