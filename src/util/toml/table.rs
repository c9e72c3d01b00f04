//! Tables with a fixed set of keys: the trait, the macro that declares one, and the readers of tables. What a key
//! means is its owner's business.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{At, Given, Issue, Issues, Span, Value, listed, nearest, quoted, wrong_type};

/// A table of the text with its place.
#[derive(Debug, Clone)]
pub(crate) struct TableAt<'t> {
    /// Its header, its braces, or the file's beginning.
    pub(crate) span: Span,
    table: &'t DeTable<'t>,
}

impl<'t> TableAt<'t> {
    /// The whole file.
    pub(super) fn root(root: &'t Spanned<DeTable<'t>>) -> Self {
        Self { span: 0..0, table: root.get_ref() }
    }

    /// A value that is a table.
    pub(crate) fn new(value: Value<'t>, issues: &mut Issues) -> Option<Self> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            wrong_type(value, "a table", issues);
        }
        Some(Self { span: value.span(), table: table? })
    }

    /// What `reader` makes of the value of `key`, one of the table's `known` keys.
    pub(crate) fn field<T>(
        &self,
        key: &str,
        known: &[&str],
        reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
        issues: &mut Issues,
    ) -> Given<T> {
        let Some(value) = self.table.get(key) else {
            if !issues.are_wanted() {
                return Given::No;
            }
            return self.misspelt(key, known).map_or(Given::No, Given::Wrong);
        };
        let span = value.span();
        match reader(value, issues) {
            Some(value) => Given::Yes(At { value, span }),
            None => Given::Wrong(span),
        }
    }

    /// A key that was probably meant to be `key`: it is reported as unknown, so that `key` is not missing too.
    fn misspelt(&self, key: &str, known: &[&str]) -> Option<Span> {
        const MOST: usize = 20;
        let unknown = self.table.keys().take(MOST).filter(|other| !known.contains(&other.get_ref().as_ref()));
        let mut meant = unknown.filter(|other| nearest(other.get_ref(), known.iter().copied()) == Some(key));
        meant.next().map(Spanned::span)
    }

    /// All keys with their places and values, in the order of the text.
    pub(crate) fn entries(&self) -> Vec<(At<String>, Value<'t>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| (At { value: key.get_ref().to_string(), span: key.span() }, value))
            .collect()
    }

    /// Adds an issue for every key that is none of `known`.
    pub(crate) fn only(&self, place: &str, known: &[&str], issues: &mut Issues) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            if !issues.are_wanted() {
                return;
            }
            let near = other_word(key.get_ref(), known).or_else(|| nearest(key.get_ref(), known.iter().copied()));
            let label = near.map_or_else(|| "not known here".to_owned(), |near| format!("did you mean `{near}`?"));
            let message = format!("unknown key {} in {place}", quoted(key.get_ref()));
            issues.add(Issue::new(&key.span(), message).label(label).help(format!("valid keys are {}", listed(known))));
        }
    }
}

/// Words of dpkg, rpm, nFPM and Docker's files for keys that are called otherwise here.
const OTHER_WORDS: [(&str, &str); 22] = [
    ("preinst", "preinstall"),
    ("postinst", "postinstall"),
    ("prerm", "preremove"),
    ("postrm", "postremove"),
    ("pre", "preinstall"),
    ("post", "postinstall"),
    ("preun", "preremove"),
    ("postun", "postremove"),
    ("pre_install", "preinstall"),
    ("post_install", "postinstall"),
    ("pre_remove", "preremove"),
    ("post_remove", "postremove"),
    ("requires", "depends"),
    ("dependencies", "depends"),
    ("obsoletes", "replaces"),
    ("enhances", "suggests"),
    ("supplements", "recommends"),
    ("files", "contents"),
    ("licence_file", "license_file"),
    ("licence", "license"),
    ("ports", "expose"),
    ("command", "cmd"),
];

/// What a key is called here that other programs call so, where it is one of `known`; a script's key stands in `scripts`.
fn other_word<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let (_, word) = OTHER_WORDS.iter().find(|(other, word)| *other == key || *word == key)?;
    let is_script = ["preinstall", "postinstall", "preremove", "postremove"].contains(word);
    known.iter().find(|known| *known == word || is_script && **known == "scripts").copied()
}

/// A table with a fixed set of keys.
pub(crate) trait Table: Sized + Clone {
    /// Its name in messages: `[python]`, `[[image]]`.
    const PLACE: &'static str;
    /// Its keys.
    const KEYS: &'static [&'static str];

    /// Reads the keys it knows.
    fn fields(table: &TableAt<'_>, issues: &mut Issues) -> Self;

    /// Takes over every key that `over` gives.
    fn overlay(&mut self, over: &Self);

    /// The keys that are given, with the places of their values.
    fn given(&self) -> Vec<(&'static str, &Span)>;

    /// Reads it strictly: other keys are issues.
    fn read(table: &TableAt<'_>, issues: &mut Issues) -> Self {
        table.only(Self::PLACE, Self::KEYS, issues);
        Self::fields(table, issues)
    }
}

/// Reads a `[table]`.
pub(crate) fn sub_table<T: Table>(value: Value<'_>, issues: &mut Issues) -> Option<T> {
    if let DeValue::Array(_) = value.get_ref() {
        let once = T::PLACE;
        issues.add(
            Issue::new(&value.span(), format!("{once} is one table, not a list")).label(format!("write `{once}`")),
        );
        return None;
    }
    Some(T::read(&TableAt::new(value, issues)?, issues))
}

/// Reads the one table of a `[[list]]` of them; goes into [`super::list`] through [`one`].
pub(crate) fn one<T>(
    place: &'static str,
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<Vec<At<T>>> {
    move |value, issues| {
        if value.get_ref().is_table() && place.starts_with("[[") {
            let message = format!("there may be several of {place}, so two brackets begin each");
            issues.add(Issue::new(&value.span(), message).label(format!("write `{place}`")));
            return None;
        }
        super::list(&reader)(value, issues)
    }
}

/// The tables of a `[[list]]` of which other tables speak, so that there are not many: 1,000 at most.
pub(crate) fn few<T>(
    place: &'static str,
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<T>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<Vec<At<T>>> {
    const MOST: usize = 1000;
    let all = one(place, reader);
    move |value, issues| {
        if let Some(first) = value.get_ref().as_array().and_then(|array| array.get(MOST)) {
            let issue = Issue::new(&first.span(), format!("more than 1,000 of {place}")).label("one too many");
            issues.add(issue.help("split the project"));
            return None;
        }
        all(value, issues)
    }
}

/// The value of a key that must be there; an example shows how it is written.
pub(crate) fn required<'g, T>(
    given: &'g Given<T>,
    (key, example): (&str, &str),
    (place, span): (&str, &Span),
    issues: &mut Issues,
) -> Option<&'g At<T>> {
    if let Given::No = given {
        let message = format!("missing key `{key}` in {place}");
        let issue = Issue::new(span, message).for_platforms().relational().label(format!("`{key}` is needed here"));
        issues.add(issue.help(format!("for example `{key} = {example}`")));
    }
    given.at()
}

/// Declares a table with its keys and their readers:
///
/// ```text
/// table! {
///     /// `[base]` as written.
///     "[base]" struct Base {
///         image: String = image_reference,
///         kind as "type": Kind = one_of("type", &KINDS),
///     }
/// }
/// ```
macro_rules! table {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    ($(#[$meta:meta])* $place:literal struct $name:ident {
        $($field:ident $(as $key:literal)?: $type:ty = $reader:expr),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            #[allow(dead_code, reason = "not every table is pointed at")]
            pub(crate) span: $crate::util::toml::Span,
            $(pub(crate) $field: $crate::util::toml::Given<$type>,)+
        }

        impl $crate::util::toml::Table for $name {
            const PLACE: &'static str = $place;
            const KEYS: &'static [&'static str] = &[$($crate::util::toml::table!(@key $field $($key)?)),+];

            fn fields(
                table: &$crate::util::toml::TableAt<'_>,
                issues: &mut $crate::util::toml::Issues,
            ) -> Self {
                Self {
                    span: table.span.clone(),
                    $($field: table.field(
                        $crate::util::toml::table!(@key $field $($key)?),
                        Self::KEYS,
                        $reader,
                        issues,
                    ),)+
                }
            }

            fn overlay(&mut self, over: &Self) {
                $(if over.$field.span().is_some() {
                    self.$field = over.$field.clone();
                })+
            }

            fn given(&self) -> Vec<(&'static str, &$crate::util::toml::Span)> {
                let mut given = Vec::new();
                $(if let Some(span) = self.$field.span() {
                    given.push(($crate::util::toml::table!(@key $field $($key)?), span));
                })+
                given
            }
        }
    };
}
pub(crate) use table;
