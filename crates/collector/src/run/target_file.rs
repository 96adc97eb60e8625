//! The files that `discovery.file` reads: groups of targets with labels, in JSON or YAML.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use alloy::Target;
use model::labels::is_label_name;
use serde::Deserialize;

use crate::limits::TARGET_FILE_BYTES_MAX;

/// Targets that have labels in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

/// The targets of a file.
///
/// # Errors
/// Why they cannot be read, for people.
pub fn read(path: &Path) -> Result<Vec<Target>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > TARGET_FILE_BYTES_MAX {
        return Err(format!("{} has more than {TARGET_FILE_BYTES_MAX} bytes", path.display()));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    targets(&path.display().to_string(), &text).map_err(|why| format!("{}: {why}", path.display()))
}

/// The targets of a text.
fn targets(path: &str, text: &str) -> Result<Vec<Target>, String> {
    let is_json = path.to_lowercase().ends_with(".json");
    let groups: Vec<Group> = if is_json {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else if text.trim().is_empty() {
        Vec::new()
    } else {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())?
    };
    let mut out = Vec::new();
    for Group { targets, labels } in groups {
        let labels = labels.unwrap_or_default();
        if let Some(name) = labels.keys().find(|name| !is_label_name(name)) {
            return Err(format!("{name:?} is no name of a label"));
        }
        for address in targets {
            let mut target: Target = labels.clone();
            target.insert("__address__".to_owned(), address);
            target.insert("__meta_filepath".to_owned(), path.to_owned());
            out.push(target);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expect: &str) {
        let found = match targets(path, text) {
            Ok(targets) => {
                let one = |target: &Target| {
                    let pairs: Vec<_> = target.iter().map(|(k, v)| format!("{k}={v}")).collect();
                    pairs.join(" ")
                };
                targets.iter().map(one).collect::<Vec<_>>().join("; ")
            }
            Err(why) => why,
        };
        assert!(found.starts_with(expect), "{found:?} for {text:?}");
        assert_eq!(found.is_empty(), expect.is_empty());
    }

    #[test]
    fn groups_become_targets() {
        let one = "__address__=a:1 __meta_filepath=f.json app=x";
        let two = format!("{one}; __address__=b __meta_filepath=f.json app=x");
        check("f.json", r#"[{"targets": ["a:1", "b"], "labels": {"app": "x"}}]"#, &two);
        check("f.json", r#"[{"targets": ["a"]}, {"labels": {"b": "c"}}]"#, "__address__=a __meta");
        check("f.json", "[]", "");
        check(
            "f.yml",
            "- targets: ['a:1']\n  labels: {n: 5, t: true, __path__: /x}\n",
            "__address__=a:1 __meta_filepath=f.yml __path__=/x n=5 t=true",
        );
        check("f.YAML", "- targets:\n  - localhost\n  labels:\n", "__address__=localhost __meta");
        check("f.yml", "", "");
    }

    #[test]
    fn what_is_wrong_is_told() {
        check("f.json", r#"[{"target": ["a"]}]"#, "unknown field `target`");
        check("f.json", r#"[{"targets": ["a"], "labels": {"a-b": "c"}}]"#, "\"a-b\" is no name");
        check("f.json", "[null]", "invalid type: null");
        check("f.yml", "targets: [a]", "error: line 1 column 1: expected sequence start");
    }
}
