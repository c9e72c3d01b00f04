//! Sheets: what is known of one thing or of several, section by section. People see it shortened, machines get all of it. Only its look.

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use super::{
    list::{ListColumn, laid_out},
    style::{Paint, Style},
    text::{clean, hanging, push_line},
    view::View,
};

/// Sections for people, and the whole of it for machines. Whoever knows who reads it may leave the other one out.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What it is of: `shop 2.5.11-1`. Left out where it is empty.
    pub title: String,
    /// The sections, in their order.
    pub sections: Vec<Section>,
    /// The last line: `9 files, 1.2 MB`. Left out where it is empty.
    pub summary: String,
    /// An object with everything, whole: in JSON its keys are beside the title and the summary.
    pub data: Value,
}

/// One section of a sheet.
#[derive(Debug, Clone)]
pub enum Section {
    /// Rows under columns.
    Rows {
        /// What they are; left out where it is empty.
        heading: String,
        /// The columns; no line of titles where all of these are empty.
        columns: Vec<ListColumn>,
        /// One text for each column.
        rows: Vec<Vec<String>>,
    },
    /// Lines as they are: a script.
    Text {
        /// What it is.
        heading: String,
        /// All of it.
        text: String,
    },
}

impl Section {
    fn human(&self, style: &Style, out: &mut String) {
        let head = |out: &mut String, heading: &str| {
            if !heading.is_empty() {
                if !out.is_empty() {
                    out.push('\n');
                }
                push_line(out, &style.paint(Paint::Bold, &clean(heading)));
            }
        };
        match self {
            Self::Rows { rows, .. } if rows.is_empty() => {}
            Self::Rows { heading, columns, rows } => {
                head(out, heading);
                out.push_str(&laid_out(columns, rows, style).render(style));
            }
            Self::Text { heading, text } => {
                head(out, heading);
                text.lines().for_each(|line| push_line(out, format!("  {}", clean(line)).trim_end()));
            }
        }
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Rows { heading, rows, .. } => {
                edit(heading);
                rows.iter_mut().flatten().for_each(edit);
            }
            Self::Text { heading, text } => {
                edit(heading);
                edit(text);
            }
        }
    }
}

impl Sheet {
    fn human(&self, style: &Style) -> String {
        let mut out = String::new();
        if !self.title.is_empty() {
            push_line(&mut out, &style.paint(Paint::Bold, &clean(&self.title)));
        }
        self.sections.iter().for_each(|section| section.human(style, &mut out));
        if !self.summary.is_empty() {
            if self.sections.len() > 1 {
                out.push('\n');
            }
            let lines = self.summary.lines().flat_map(|line| hanging(&clean(line), style.width));
            lines.for_each(|line| push_line(&mut out, &line));
        }
        out
    }

    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.title);
        self.sections.iter_mut().for_each(|section| section.each_text(edit));
        edit(&mut self.summary);
        each_string(&mut self.data, edit);
    }
}

/// Every text in a value; keys are ours, or names of fields.
fn each_string(value: &mut Value, edit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => edit(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_string(value, edit)),
        Value::Object(values) => values.values_mut().for_each(|value| each_string(value, edit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Serialize for Sheet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("title", &self.title)?;
        let own = self
            .data
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| !["title", "summary"].contains(&key.as_str()));
        for (key, value) in own {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("summary", &self.summary)?;
        map.end()
    }
}

macro_rules! sheets {
    ($($(#[doc = $doc:literal])* $name:ident = $event:literal,)+) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub Sheet);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl View for $name {
            const EVENT: &'static str = $event;

            fn human(&self, style: &Style) -> String {
                self.0.human(style)
            }

            fn each_text(&mut self, edit: &mut dyn FnMut(&mut String)) {
                self.0.each_text(edit);
            }
        }
    )+};
}
sheets! {
    /// A package, described.
    PackageView = "package",
    /// What two packages differ in.
    DifferenceView = "difference",
    /// What was verified.
    VerifiedView = "verified",
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::list::ListKind::{Number, Text, Word},
        *,
    };

    fn sheet() -> PackageView {
        let column = |name, kind| ListColumn { name, kind };
        let row = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let fields = Section::Rows {
            heading: String::new(),
            columns: vec![column("", Word), column("", Text)],
            rows: vec![row(["Name", "shop"]), row(["Signature", "0123…"])],
        };
        let files = Section::Rows {
            heading: "files".to_owned(),
            columns: vec![column("size", Number), column("path", Text)],
            rows: vec![row(["1.2 kB", "/opt/shop"])],
        };
        let none = Section::Rows { heading: "relations".to_owned(), columns: Vec::new(), rows: Vec::new() };
        let script =
            Section::Text { heading: "postinst".to_owned(), text: "#!/bin/sh\n\n\techo \x1b[2Jhi\n".to_owned() };
        let data = json!({ "fields": { "Signature": "0123456789" }, "files": [{ "size": 1234, "path": "/opt/shop" }] });
        let title = "shop 1".to_owned();
        PackageView(Sheet { title, sections: vec![fields, none, script, files], summary: "1 file".to_owned(), data })
    }

    #[test]
    fn human() {
        insta::assert_snapshot!(sheet().human(&Style::plain(80)));
    }

    #[test]
    fn what_changed_stands_under_a_long_name() {
        let column = |name, kind| ListColumn { name, kind };
        let row = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let path = "/opt/shop/lib/python3.11/site-packages/shop/templates/mail/confirmation.html";
        let view = DifferenceView(Sheet {
            title: "shop 1 -> shop 2".to_owned(),
            sections: vec![Section::Rows {
                heading: String::new(),
                columns: vec![column("kind", Word), column("name", Word), column("change", Text)],
                rows: vec![row(["field", "Version", "1 -> 2"]), row(["file", path, "0644 -> 0600, other content"])],
            }],
            summary: "2 differences".to_owned(),
            data: serde_json::Value::Null,
        });
        insta::assert_snapshot!(view.human(&Style::plain(80)), @r"
        shop 1 -> shop 2
        kind   name
        field  Version
               - 1 -> 2
        file   /opt/shop/lib/python3.11/site-packages/shop/templates/mail/confirmation.html
               - 0644 -> 0600, other content
        2 differences
        ");
        assert!(view.human(&Style::plain(200)).contains("field  Version"), "{}", view.human(&Style::plain(200)));
    }

    #[test]
    fn what_changed_is_under_a_long_name() {
        let column = |name, kind| ListColumn { name, kind };
        let row = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let path = "/opt/shop/lib/python3.11/site-packages/shop/templates/mail/confirmation.html";
        let view = DifferenceView(Sheet {
            title: "shop 1 -> shop 2".to_owned(),
            sections: vec![Section::Rows {
                heading: String::new(),
                columns: vec![column("kind", Word), column("name", Word), column("change", Text)],
                rows: vec![row(["field", "Version", "1 -> 2"]), row(["file", path, "0644 -> 0600, other content"])],
            }],
            summary: "2 differences".to_owned(),
            data: serde_json::Value::Null,
        });
        insta::assert_snapshot!(view.human(&Style::plain(80)), @r"
        shop 1 -> shop 2
        kind   name
        field  Version
               - 1 -> 2
        file   /opt/shop/lib/python3.11/site-packages/shop/templates/mail/confirmation.html
               - 0644 -> 0600, other content
        2 differences
        ");
        assert!(view.human(&Style::plain(200)).contains("field  Version"), "{}", view.human(&Style::plain(200)));
    }

    #[test]
    fn json_is_whole() {
        insta::assert_json_snapshot!(sheet());
    }

    #[test]
    fn every_text_is_masked() {
        let mut sheet = sheet();
        sheet.each_text(&mut |text| *text = text.replace("0123", "****"));
        assert!(
            !serde_json::to_string(&sheet).unwrap().contains("0123")
                && !sheet.human(&Style::plain(80)).contains("0123")
        );
    }
}
