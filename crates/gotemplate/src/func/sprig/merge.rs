//! `merge` and `mergeOverwrite`: dictionaries into one, those within them too.

use std::collections::BTreeMap;

use super::dicts::{entries, map};
use crate::func::function::{Call, Function, Param};
use crate::func::json::is_empty;
use crate::value::Value;

use Param::Dict;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("merge", &[Dict], MERGE).and_more(Dict),
    Function::weighed("mustMerge", &[Dict], MERGE).and_more(Dict),
    Function::weighed("mergeOverwrite", &[Dict], OVERWRITE).and_more(Dict),
    Function::weighed("mustMergeOverwrite", &[Dict], OVERWRITE).and_more(Dict),
];

const MERGE: Call = |_, args| Ok(map(merged(args, false)));
const OVERWRITE: Call = |_, args| Ok(map(merged(args, true)));

fn merged<'a>(dicts: &[Value<'a>], overwrites: bool) -> BTreeMap<String, Value<'a>> {
    let mut into = entries(&dicts[0]);
    for from in &dicts[1..] {
        merge(&mut into, entries(from), overwrites);
    }
    into
}

/// Gives what is missing or empty, or everything; what is a dictionary in both is merged itself.
fn merge<'a>(
    into: &mut BTreeMap<String, Value<'a>>,
    from: BTreeMap<String, Value<'a>>,
    overwrites: bool,
) {
    for (key, item) in from {
        match into.get_mut(&key) {
            Some(there) if is_map(there) && is_map(&item) => {
                let mut inner = entries(there);
                merge(&mut inner, entries(&item), overwrites);
                *there = map(inner);
            }
            Some(there) if overwrites || is_empty(there) => *there = item,
            Some(_) => {}
            None => {
                into.insert(key, item);
            }
        }
    }
}

fn is_map(value: &Value<'_>) -> bool {
    matches!(value, Value::Map(_) | Value::Fields(_))
}
