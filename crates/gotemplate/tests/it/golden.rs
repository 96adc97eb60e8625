//! The files of golden cases. A case has a `template`, what it is rendered with (`fields`, `line`,
//! `ts`), and what comes of it: the output (`expect`), an error while rendering (`error`), or a
//! refusal to parse (`invalid`).

use serde_json::Value;

use barogram_gotemplate::Template;

use crate::scope::Row;

/// The cases of a file, of which there must be so many: a file that is cut short proves nothing.
pub fn cases(file: &str, count: usize) -> Vec<Value> {
    let cases: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), count);
    cases
}

/// Renders a case with the row, of which its own fields, line and time take the place.
#[track_caller]
pub fn check(case: &Value, name: &str, mut row: Row) {
    let text = |key: &str| case.get(key).and_then(Value::as_str);
    if let Some(fields) = case.get("fields").and_then(Value::as_object) {
        let fields = fields.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
        row.fields = fields.collect();
    }
    row.line = text("line").map_or(row.line, str::to_owned);
    row.timestamp = text("ts").map_or(row.timestamp, |ts| ts.parse().unwrap());

    let got = match Template::parse_named(name, text("template").unwrap()) {
        Err(error) => ("invalid", error.to_string()),
        Ok(template) => match template.render(&row) {
            Err(error) => ("error", error.to_string()),
            Ok(output) => ("expect", output),
        },
    };
    assert_eq!(Some(got.1.as_str()), text(got.0), "{}: {case}", got.0);
}
