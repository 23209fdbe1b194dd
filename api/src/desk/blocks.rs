//! What pages of the desk are made of: sections of texts, tables and forms.
//!
//! Invariant: a block holds plain text; the one template that draws blocks escapes all of it.

use crate::export::{Column, Sheet, Value};

/// A part of a page under a heading.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) blocks: Vec<Block>,
}

/// Something in a section.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// A paragraph that must be seen.
    Warning(String),
    /// A secret that is shown once.
    Secret(String),
    /// Names with what they are.
    Pairs(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// Something to fill in and send.
    Form(Form),
    /// Addresses with their words.
    Links(Vec<Link>),
    /// Pictures of a form.
    Pictures(Vec<Link>),
    /// A square to scan: sides of the square in modules, and the dark ones as a path.
    Square { side: usize, path: String, label: String },
}

/// An address and its words.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) address: String,
    pub(super) words: String,
}

/// A table as a page shows it, and as a file holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// What stands there instead of no row.
    pub(super) empty: String,
}

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Value>,
    /// Where the first cell leads.
    pub(super) address: Option<String>,
    /// Value of the box in front, in a form that picks rows.
    pub(super) pick: Option<String>,
}

/// How a form is sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Sending {
    /// By POST, with the token of the session.
    #[default]
    Posts,
    /// The same with a file among the fields.
    PostsFile,
    /// By GET: it only looks.
    Looks,
}

/// Something to fill in.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    /// Where it goes.
    pub(super) action: String,
    pub(super) sending: Sending,
    /// Whether its fields stand beside each other.
    pub(super) inline: bool,
    /// Whether what it does cannot be taken back easily.
    pub(super) grave: bool,
    pub(super) groups: Vec<Group>,
    /// Rows to pick.
    pub(super) table: Option<Table>,
    pub(super) button: String,
}

/// Fields under a common heading, which may be empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) heading: String,
    pub(super) fields: Vec<Field>,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) hint: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// What a browser may fill in: a token of HTML's `autocomplete`.
    pub(super) fills: &'static str,
}

/// What a field takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Text,
    Password,
    Number,
    /// Several lines.
    Lines,
    File,
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// Not shown.
    Hidden,
}

impl Section {
    pub(super) fn new(heading: &str, blocks: Vec<Block>) -> Self {
        Self { heading: heading.to_owned(), blocks }
    }
}

impl Link {
    pub(super) fn new(address: impl Into<String>, words: impl Into<String>) -> Self {
        Self { address: address.into(), words: words.into() }
    }
}

impl Field {
    pub(super) fn new(name: &str, label: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            value: String::new(),
            hint: String::new(),
            kind,
            required: true,
            fills: "off",
        }
    }

    pub(super) fn hidden(name: &str, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::new(name, "", Kind::Hidden) }
    }

    pub(super) fn choice(name: &str, label: &str, options: &[(&str, &str)], chosen: &str) -> Self {
        let options =
            options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect();
        Self { value: chosen.to_owned(), ..Self::new(name, label, Kind::Choice(options)) }
    }

    pub(super) fn holding(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(super) fn with_hint(mut self, hint: &str) -> Self {
        hint.clone_into(&mut self.hint);
        self
    }

    pub(super) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    pub(super) const fn filled_by(mut self, fills: &'static str) -> Self {
        self.fills = fills;
        self
    }
}

impl Form {
    /// A form that changes something, under a key of its own: sent twice it is done once.
    pub(super) fn posting(action: impl Into<String>, button: &str, mut fields: Vec<Field>) -> Self {
        fields.push(Field::hidden("kunci", uuid::Uuid::new_v4().hyphenated().to_string()));
        Self {
            action: action.into(),
            button: button.to_owned(),
            groups: vec![Group { heading: String::new(), fields }],
            ..Self::default()
        }
    }

    /// A form that only looks.
    pub(super) fn looking(action: impl Into<String>, fields: Vec<Field>) -> Self {
        Self {
            action: action.into(),
            sending: Sending::Looks,
            inline: true,
            button: "Tampilkan".to_owned(),
            groups: vec![Group { heading: String::new(), fields }],
            ..Self::default()
        }
    }
}

/// Columns by name; a `#` in front marks counts.
pub(super) fn columns(names: &[&str]) -> Vec<Column> {
    let column = |name: &&str| Column {
        name: name.trim_start_matches('#').to_owned(),
        numeric: name.starts_with('#'),
    };
    names.iter().map(column).collect()
}

impl Table {
    /// The table as a file.
    pub(super) fn sheet(&self, file: &str, source: String, cut: bool) -> Sheet {
        Sheet {
            title: self.caption.clone(),
            source,
            notes: Vec::new(),
            file: file.to_owned(),
            columns: self.columns.clone(),
            rows: self.rows.iter().map(|row| row.cells.clone()).collect(),
            cut,
        }
    }
}
