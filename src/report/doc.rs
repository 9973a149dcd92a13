//! A report as a document: sections of blocks, and what a program wants of it. One model, three printers.

mod html;
mod json;
mod markdown;

use super::chart::Chart;
use crate::model::text::clean_line;
pub(super) use html::escaped;

/// In which form a report is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// CommonMark with tables.
    #[default]
    Markdown,
    /// One object.
    Json,
    /// One file without a script and without a request to anywhere.
    Html,
}

impl Form {
    /// How a file of this form ends.
    pub fn extension(self) -> &'static str {
        match self {
            Form::Markdown => "md",
            Form::Json => "json",
            Form::Html => "html",
        }
    }
}

/// A document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Doc {
    /// Its title.
    pub title: String,
    /// What is to be known first, a paragraph each.
    pub lead: Vec<String>,
    /// Its sections.
    pub sections: Vec<Section>,
    /// Measured facts for programs, in milliseconds and base units; unknown is `null`.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// A section with its heading.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// Its heading; no two of a document are the same.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading within the section.
    Sub(String),
    /// A paragraph.
    Text(String),
    /// Something that people must write: the question. Nothing stands there but the question.
    Blank(String),
    /// Names and values.
    Facts(Vec<(String, Cell)>),
    /// A table: names of the columns, rows.
    Table(Vec<&'static str>, Vec<Vec<Cell>>),
    /// A list.
    List(Vec<String>),
    /// A signal over time.
    Chart(Chart),
}

/// What stands in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// Something to be read letter by letter: a command, a path, a hash.
    Code(String),
}

impl Cell {
    /// A command, a path, a hash.
    pub fn code(text: &str) -> Cell {
        Cell::Code(safe(text))
    }

    /// As it stands there.
    pub fn text(&self) -> &str {
        match self {
            Cell::Text(t) | Cell::Code(t) => t,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(safe(text))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(safe(&text))
    }
}

/// Text without anything that a reader or a terminal might take for more than text, on one line.
pub(super) fn safe(text: &str) -> String {
    match text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        true => text.to_owned(),
        false => clean_line(text),
    }
}

/// A row of words.
pub(super) fn row<const N: usize>(cells: [String; N]) -> Vec<Cell> {
    cells.into_iter().map(Cell::from).collect()
}

impl Section {
    /// A section with nothing in it.
    pub fn new(title: impl AsRef<str>) -> Section {
        Section { title: safe(title.as_ref()), blocks: Vec::new() }
    }

    /// A paragraph more.
    pub fn text(&mut self, text: impl AsRef<str>) -> &mut Section {
        self.blocks.push(Block::Text(safe(text.as_ref())));
        self
    }

    /// A heading within it.
    pub fn sub(&mut self, title: impl AsRef<str>) -> &mut Section {
        self.blocks.push(Block::Sub(safe(title.as_ref())));
        self
    }

    /// A question to people.
    pub fn blank(&mut self, question: &str) -> &mut Section {
        self.blocks.push(Block::Blank(question.to_owned()));
        self
    }

    /// Names and values.
    pub fn facts(&mut self, facts: Vec<(&str, Cell)>) -> &mut Section {
        self.blocks.push(Block::Facts(facts.into_iter().map(|(n, v)| (safe(n), v)).collect()));
        self
    }

    /// A table; none where there is no row.
    pub fn table<const N: usize>(
        &mut self,
        columns: [&'static str; N],
        rows: Vec<Vec<Cell>>,
    ) -> &mut Section {
        if !rows.is_empty() {
            self.blocks.push(Block::Table(columns.to_vec(), rows));
        }
        self
    }

    /// A list; none where there is nothing in it.
    pub fn list(&mut self, lines: Vec<String>) -> &mut Section {
        if !lines.is_empty() {
            self.blocks.push(Block::List(lines.iter().map(|l| safe(l)).collect()));
        }
        self
    }
}

impl Doc {
    /// Adds a section that has something in it.
    pub fn add(&mut self, section: Section) {
        if !section.blocks.is_empty() {
            self.sections.push(section);
        }
    }

    /// The document in a form, with a newline at its end.
    pub fn print(&self, form: Form) -> String {
        match form {
            Form::Markdown => markdown::print(self),
            Form::Json => json::print(self),
            Form::Html => html::print(self),
        }
    }
}

#[cfg(test)]
mod tests;
