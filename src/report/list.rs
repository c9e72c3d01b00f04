//! A plain list for the verbs that answer with one: `clean`, `keys`, `log`. Only its look.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    settings::USUAL_WIDTH,
    style::{Paint, Style},
    table::{Cell, Column, Table},
    text::{clean, hanging, push_line, width},
    view::View,
};

/// Rows under named columns. In JSON each row is an object with the columns' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// What is listed: `records to remove`. Left out where it is empty.
    pub title: String,
    /// The columns, for people and as JSON keys.
    pub columns: Vec<ListColumn>,
    /// One text for each column, as people read it.
    pub rows: Vec<Vec<String>>,
    /// The last line: `12 records, 1.2 GB`. Left out where it is empty.
    pub summary: String,
}

/// One column of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListColumn {
    /// Its title, lower case, one word.
    pub name: &'static str,
    /// What it holds.
    pub kind: ListKind,
}

impl ListColumn {
    /// How a table lays it out.
    const fn of_table(&self) -> Column {
        match self.kind {
            ListKind::Word => Column::left(self.name),
            ListKind::Text => Column::flowing(self.name),
            ListKind::Number => Column::right(self.name),
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Short words.
    Word,
    /// The long text or path of the row: it flows over where the list is too wide. One column at most.
    Text,
    /// Sizes, times and numbers of things.
    Number,
}

impl View for ListView {
    const EVENT: &'static str = "list";

    fn human(&self, style: &Style) -> String {
        let mut out = String::new();
        // What packages and other files say of themselves is not for terminals to act on.
        if !self.title.is_empty() {
            push_line(&mut out, &style.paint(Paint::Bold, &clean(&self.title)));
        }
        if !self.rows.is_empty() {
            out.push_str(&laid_out(&self.columns, &self.rows, style).render(style));
        }
        if !self.summary.is_empty() {
            let lines = self.summary.lines().flat_map(|line| hanging(&clean(line), style.width));
            lines.for_each(|line| push_line(&mut out, &line));
        }
        out
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.title);
        self.rows.iter_mut().flatten().for_each(&mut *edit);
        edit(&mut self.summary);
    }
}

/// The rows side by side, or where names leave their last text no room, with that under the others.
pub(super) fn laid_out(columns: &[ListColumn], rows: &[Vec<String>], style: &Style) -> Table {
    let table = side_by_side(columns, rows);
    if table.fits(style) { table } else { folded(columns, rows, style).unwrap_or(table) }
}

fn side_by_side(columns: &[ListColumn], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new(columns.iter().map(ListColumn::of_table).collect());
    for row in rows {
        table.row(row.iter().take(columns.len()).map(|text| Cell::from(clean(text))).collect());
    }
    table
}

/// What the last column is to have at least, that it is beside the others.
const NARROWEST: usize = 30;

/// Rows whose last text is under the others, where names leave it no room.
fn folded(columns: &[ListColumn], rows: &[Vec<String>], style: &Style) -> Option<Table> {
    let (_, beside) = columns.split_last().filter(|(last, beside)| last.kind == ListKind::Text && beside.len() > 1)?;
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|text| width(text)).max().unwrap_or(0);
    let names: usize = (0..beside.len()).map(|at| widest(at) + 2).sum();
    if names + NARROWEST <= style.width {
        return None;
    }
    let last = beside.len() - 1;
    let column = |(at, column): (usize, &ListColumn)| {
        if at == last { Column::flowing(column.name) } else { column.of_table() }
    };
    let mut table = Table::new(beside.iter().enumerate().map(column).collect());
    for row in rows {
        table.row(row.iter().take(beside.len()).map(|text| Cell::from(clean(text))).collect());
        let Some(text) = row.get(beside.len()).filter(|text| !text.is_empty()) else { continue };
        let mut under: Vec<Cell> = (0..last).map(|_| Cell::from("")).collect();
        under.push(Cell::from(format!("- {}", clean(text))));
        table.row(under);
    }
    Some(table)
}

/// A list whose texts are sentences. They are wrapped at 80 columns where nothing tells a width: each row begins with a line of its own
/// all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ProseView(pub ListView);

impl View for ProseView {
    const EVENT: &'static str = ListView::EVENT;

    fn human(&self, style: &Style) -> String {
        let width = if style.width == usize::MAX { usize::from(USUAL_WIDTH) } else { style.width };
        self.0.human(&Style { width, ..*style })
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        self.0.each_text(edit);
    }
}

impl Serialize for ListView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("rows", &Rows(self))?;
        map.serialize_entry("summary", &self.summary)?;
        map.end()
    }
}

struct Rows<'a>(&'a ListView);
struct Row<'a>(&'a [ListColumn], &'a [String]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.rows.iter().map(|row| Row(&self.0.columns, row)))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|column| column.name).zip(self.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> ListView {
        let column = |name, kind| ListColumn { name, kind };
        ListView {
            title: "Would be removed".to_owned(),
            columns: vec![
                column("kind", ListKind::Word),
                column("size", ListKind::Number),
                column("what", ListKind::Text),
            ],
            rows: vec![
                ["image", "1.2 GB", "canopsis/canopsis-cat:debian-12-2.5.10"].map(str::to_owned).to_vec(),
                ["blocks", "31.2 MB", ".factory/blocks"].map(str::to_owned).to_vec(),
            ],
            summary: "2 things, 1.2 GB".to_owned(),
        }
    }

    #[test]
    fn human() {
        insta::assert_snapshot!(list().human(&Style::plain(80)));
        let empty = ListView { title: String::new(), rows: vec![], summary: "nothing to remove".to_owned(), ..list() };
        assert_eq!(empty.human(&Style::plain(80)), "nothing to remove\n");
    }

    #[test]
    fn json() {
        insta::assert_json_snapshot!(list());
    }

    #[test]
    fn texts_of_others_do_not_act_on_the_terminal() {
        let evil = || "a\x1b[2J\u{9b}31m\rb\x07".to_owned();
        let mut list = list();
        (list.title, list.summary) = (evil(), evil());
        list.rows.iter_mut().flatten().for_each(|cell| *cell = evil());
        let shown = list.human(&Style::plain(80));
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        assert!(serde_json::to_string(&list).unwrap().contains("\\u001b"), "machines get it whole");
    }
}
