//! The Arrow schemas: of a segment at rest, and of the batches of a scan.
//!
//! A column is found by what it *is* (its kind and name, kept in the field's metadata), never by
//! what it is called: a metadata key may be called `line`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use model::{Column, ColumnKind};

/// The column of the entry's time: `Timestamp(Nanosecond, "UTC")`.
pub const TIMESTAMP: &str = "timestamp";
/// The column of the line.
pub const LINE: &str = "line";
/// The column of a scan with the stream's labels as text. It is not stored.
pub const STREAM: &str = "stream";
/// The key in a field's metadata that says `label` or `metadata`.
pub const KIND_KEY: &str = "barogram.kind";
/// The key in a field's metadata that says the name of the label or of the metadata key.
pub const NAME_KEY: &str = "barogram.name";

/// The time zone that every timestamp carries.
pub(crate) const TIME_ZONE: &str = "UTC";

/// Where the column of a metadata key is in the schema of a [`Scan`](crate::Scan).
#[must_use]
pub fn metadata_column(schema: &Schema, name: &str) -> Option<usize> {
    find(schema, ColumnKind::Metadata, name)
}

/// The schema of a segment with these columns, which are sorted and unique.
pub(crate) fn segment(columns: &BTreeSet<Column>) -> Schema {
    let mut fields = vec![timestamp(), line()];
    extend(&mut fields, columns, BTreeSet::from([TIMESTAMP.to_owned(), LINE.to_owned()]));
    Schema::new(fields)
}

/// Makes sure that the columns of a file are those of a segment, so that whoever reads them need
/// not ask.
pub(crate) fn check(schema: &Schema) -> Result<(), String> {
    let own = [timestamp(), line()];
    for (at, field) in schema.fields().iter().enumerate() {
        let is_known = field.metadata().contains_key(KIND_KEY) && *field.data_type() == text();
        let fits = match own.get(at) {
            Some(own) => own.name() == field.name() && own.data_type() == field.data_type(),
            None => is_known && field.metadata().contains_key(NAME_KEY),
        };
        if !fits {
            return Err(format!("column {at}, {:?}, is not that of a segment", field.name()));
        }
    }
    if schema.fields().len() < own.len() { Err("it has no lines".to_owned()) } else { Ok(()) }
}

/// The schema of a scan with these metadata keys.
pub(crate) fn scan(with_line: bool, metadata: &BTreeSet<String>) -> SchemaRef {
    let mut fields = vec![timestamp()];
    fields.extend(with_line.then(line));
    let text = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    fields.push(Field::new(STREAM, text, false));
    let columns = metadata.iter().map(Column::metadata).collect();
    let taken = [TIMESTAMP, LINE, STREAM].map(str::to_owned);
    extend(&mut fields, &columns, BTreeSet::from(taken));
    Arc::new(Schema::new(fields))
}

/// Where the column of this kind and name is.
pub(crate) fn find(schema: &Schema, kind: ColumnKind, name: &str) -> Option<usize> {
    schema.fields().iter().position(|field| {
        let is = |key: &str, value: &str| field.metadata().get(key).is_some_and(|v| v == value);
        is(KIND_KEY, kind_name(kind)) && is(NAME_KEY, name)
    })
}

/// The names of the columns of this kind, in their order in the schema.
pub(crate) fn names(schema: &Schema, kind: ColumnKind) -> impl Iterator<Item = &str> {
    let of_kind = move |field: &&Arc<Field>| {
        field.metadata().get(KIND_KEY).is_some_and(|found| found == kind_name(kind))
    };
    let fields = schema.fields().iter().filter(of_kind);
    fields.filter_map(|field| field.metadata().get(NAME_KEY)).map(String::as_str)
}

/// Whether this is the column of a label.
pub(crate) fn is_label(field: &Field) -> bool {
    field.metadata().get(KIND_KEY).is_some_and(|kind| kind == kind_name(ColumnKind::Label))
}

/// The type of the columns of labels and metadata.
pub(crate) fn text() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Adds a field for each column. Labels come first, so a label has the plain name on a clash.
fn extend(fields: &mut Vec<Field>, columns: &BTreeSet<Column>, mut taken: BTreeSet<String>) {
    for column in columns {
        let kind = kind_name(column.kind);
        let mut name = column.name.clone();
        while taken.contains(&name) {
            name = format!("{kind}.{name}");
        }
        taken.insert(name.clone());
        let facts = [(KIND_KEY, kind), (NAME_KEY, &column.name)];
        let facts: HashMap<_, _> = facts.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        fields.push(Field::new(name, text(), true).with_metadata(facts));
    }
}

fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Label => "label",
        ColumnKind::Metadata => "metadata",
    }
}

fn timestamp() -> Field {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some(TIME_ZONE.into()));
    Field::new(TIMESTAMP, time, false)
}

fn line() -> Field {
    Field::new(LINE, DataType::Utf8View, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[&str], metadata: &[&str], expect: &str) {
        let columns = labels.iter().map(|n| Column::label(*n));
        let columns: BTreeSet<Column> =
            columns.chain(metadata.iter().map(|n| Column::metadata(*n))).collect();
        let schema = segment(&columns);
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names.join(" "), expect);
        for column in columns {
            let at = find(&schema, column.kind, &column.name).unwrap();
            assert!(at >= 2, "{column:?} is at {at}");
        }
    }

    #[test]
    fn clashing_names_are_told_apart() {
        check(&["app", "dag_id"], &["pod"], "timestamp line app dag_id pod");
        check(&["app"], &["app"], "timestamp line app metadata.app");
        check(&["line"], &["line"], "timestamp line label.line metadata.line");
        check(
            &[],
            &["line", "metadata.line"],
            "timestamp line metadata.line metadata.metadata.line",
        );
    }

    #[test]
    fn a_scan_keeps_its_own_three_names() {
        let schema = scan(false, &["pod", "stream"].map(str::to_owned).into());
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["timestamp", "stream", "pod", "metadata.stream"]);
        assert_eq!(metadata_column(&schema, "stream"), Some(3));
        assert_eq!(metadata_column(&schema, "timestamp"), None);
        let metadata: Vec<&str> = super::names(&schema, ColumnKind::Metadata).collect();
        assert_eq!(metadata, ["pod", "stream"]);
    }
}
