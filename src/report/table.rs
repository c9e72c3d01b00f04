//! Aligns columns. A table that is too wide moves its columns closer, then lets one column flow over; no cell is ever
//! cut. Pure.

use super::{
    style::{Paint, Style},
    text::{hanging, push_line, width, wrapped},
};

/// A flowing column is not made narrower than this.
const NARROWEST: usize = 12;

/// On which side a column's cells are filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    title: &'static str,
    align: Align,
    flows: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn left(title: &'static str) -> Self {
        Self { title, align: Align::Left, flows: false }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn right(title: &'static str) -> Self {
        Self { title, align: Align::Right, flows: false }
    }

    /// The column that flows over where the table is too wide: sentences are wrapped, a long word gets its own line.
    #[must_use]
    pub const fn flowing(title: &'static str) -> Self {
        Self { title, align: Align::Left, flows: true }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A cell in a colour.
    #[must_use]
    pub fn new(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: text.into(), paint }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Paint::Plain)
    }
}

/// Rows of cells under columns.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    indent: usize,
}

#[derive(Debug, Clone)]
enum Row {
    Cells(Vec<Cell>),
    Section(String),
}

/// Where the columns are.
struct Layout {
    widths: Vec<usize>,
    gap: usize,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: vec![], indent: 0 }
    }

    /// The same, each line indented.
    #[must_use]
    pub fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row: one cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// Begins a section with this heading. Its columns are under those of the other sections.
    pub fn section(&mut self, heading: impl Into<String>) {
        self.rows.push(Row::Section(heading.into()));
    }

    /// Whether it fits without letting a column flow over.
    #[must_use]
    pub fn fits(&self, style: &Style) -> bool {
        self.layout(style.width).1
    }

    /// The lines, each with its line end; headings first where a column has a title.
    #[must_use]
    pub fn render(&self, style: &Style) -> String {
        let (layout, _) = self.layout(style.width);
        let mut out = String::new();
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles: Vec<_> = self.columns.iter().map(|column| Cell::new(column.title, Paint::Dim)).collect();
            self.lines(&mut out, &titles, &layout, style);
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => self.lines(&mut out, cells, &layout, style),
                Row::Section(heading) => {
                    out.push('\n');
                    push_line(&mut out, &style.paint(Paint::Bold, heading));
                }
            }
        }
        out
    }

    fn rows(&self) -> impl Iterator<Item = &[Cell]> {
        self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(cells.as_slice()),
            Row::Section(_) => None,
        })
    }

    /// The layout, and whether all cells fit into it.
    fn layout(&self, room: usize) -> (Layout, bool) {
        let mut widths: Vec<_> = self.columns.iter().map(|column| width(column.title)).collect();
        for row in self.rows() {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(&cell.text));
            }
        }
        let gaps = widths.len().saturating_sub(1);
        let cells: usize = self.indent + widths.iter().sum::<usize>();
        for gap in [2, 1] {
            if cells + gap * gaps <= room {
                return (Layout { widths, gap }, true);
            }
        }
        let Some(at) = self.columns.iter().position(|column| column.flows) else {
            return (Layout { widths, gap: 2 }, false);
        };
        // The wider gap, unless the closer one saves a name from flowing over; sentences are wrapped anyhow.
        let others = cells - widths[at];
        let [far, close] = [2, 1].map(|gap| room.saturating_sub(others + gap * gaps).max(NARROWEST));
        let names: Vec<_> = self
            .rows()
            .filter_map(|row| row.get(at))
            .filter(|cell| !cell.text.contains(' '))
            .map(|cell| width(&cell.text))
            .collect();
        let over = |room| names.iter().filter(|&&name| name > room).count();
        let (gap, room) = if over(close) < over(far) { (1, close) } else { (2, far) };
        widths[at] = widths[at].min(room);
        (Layout { widths, gap }, false)
    }

    /// One row, in as many lines as its flowing cell needs.
    fn lines(&self, out: &mut String, row: &[Cell], layout: &Layout, style: &Style) {
        let Some((at, flowing)) = self.overflowing(row, layout) else {
            self.line(out, row, 0, layout, style);
            return;
        };
        // What is under a name goes on behind its dash.
        let is_under = flowing.text.starts_with("- ");
        let parts = if is_under { hanging } else { wrapped }(&flowing.text, layout.widths[at]);
        let mut row = row.to_vec();
        // Only beside other cells a part must fit.
        if at + 1 == row.len() || parts.first().is_none_or(|part| width(part) <= layout.widths[at]) {
            let mut parts = parts.into_iter();
            row[at].text = parts.next().unwrap_or_default();
            self.line(out, &row, 0, layout, style);
            for part in parts {
                self.line(out, &[Cell { text: part, ..flowing.clone() }], at, layout, style);
            }
        } else {
            self.line(out, &row[..=at], 0, layout, style);
            if at + 1 < row.len() {
                self.line(out, &row[at + 1..], at + 1, layout, style);
            }
        }
    }

    fn overflowing<'a>(&self, row: &'a [Cell], layout: &Layout) -> Option<(usize, &'a Cell)> {
        let at = self.columns.iter().position(|column| column.flows)?;
        row.get(at).filter(|cell| width(&cell.text) > layout.widths[at]).map(|cell| (at, cell))
    }

    /// One line with these cells, the first of them in column `first`.
    fn line(&self, out: &mut String, cells: &[Cell], first: usize, layout: &Layout, style: &Style) {
        let skipped: usize = layout.widths[..first].iter().map(|width| width + layout.gap).sum();
        let mut line = " ".repeat(self.indent + skipped);
        for (offset, cell) in cells.iter().enumerate() {
            let at = first + offset;
            if offset > 0 {
                line.push_str(&" ".repeat(layout.gap));
            }
            let fill = " ".repeat(layout.widths[at].saturating_sub(width(&cell.text)));
            let text = style.paint(cell.paint, &cell.text);
            match self.columns[at].align {
                Align::Left => line.extend([text, fill]),
                Align::Right => line.extend([fill, text]),
            }
        }
        push_line(out, line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table {
        let mut table = Table::new(vec![
            Column::left("kind"),
            Column::flowing("name"),
            Column::right("size"),
            Column::left("time"),
        ]);
        for name in names {
            table.row(vec!["image".into(), (*name).into(), "31.2 MB".into(), "cached".into()]);
        }
        table
    }

    #[test]
    fn columns_move_closer_before_a_name_flows_over() {
        let table = table(&["a/short", "a/longer-name"]);
        insta::assert_snapshot!(table.render(&Style::plain(37)), @r"
        kind   name              size  time
        image  a/short        31.2 MB  cached
        image  a/longer-name  31.2 MB  cached
        ");
        insta::assert_snapshot!(table.render(&Style::plain(36)), @r"
        kind  name             size time
        image a/short       31.2 MB cached
        image a/longer-name 31.2 MB cached
        ");
        insta::assert_snapshot!(table.render(&Style::plain(32)), @r"
        kind   name             size  time
        image  a/short       31.2 MB  cached
        image  a/longer-name
                             31.2 MB  cached
        ");
        assert!(table.fits(&Style::plain(36)) && !table.fits(&Style::plain(33)));
    }

    #[test]
    fn sentences_are_wrapped() {
        insta::assert_snapshot!(table(&["one of two or three words"]).render(&Style::plain(36)), @r"
        kind   name             size  time
        image  one of two    31.2 MB  cached
               or three
               words
        ");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(vec![Column::left(""), Column::left("")]).indented(2);
        table.row(vec![Cell::new("ok", Paint::Green), "a".into()]);
        table.row(vec![Cell::new("failed", Paint::Red), "日本".into()]);
        assert_eq!(
            table.render(&Style { colour: true, ..Style::plain(80) }),
            "  \x1b[32mok\x1b[0m      a\n  \x1b[31mfailed\x1b[0m  日本\n"
        );
        assert_eq!(table.render(&Style::plain(usize::MAX)), "  ok      a\n  failed  日本\n");
    }

    #[test]
    fn an_empty_table_is_empty() {
        assert_eq!(Table::new(vec![]).render(&Style::plain(80)), "");
    }
}
