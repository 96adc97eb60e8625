//! Names of structured metadata, made legal as Loki makes them.

use std::borrow::Cow;

/// Why a metadata name cannot be made legal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataNameError {
    /// It is empty.
    #[error("label name is empty; give every structured metadata pair a name")]
    Empty,
    /// Nothing of it is left (Loki's text).
    #[error(
        "normalization for label name {name:?} resulted in invalid name {made:?}; \
         use a name with a letter from a to z or a digit"
    )]
    OnlyUnderscores {
        /// As it was sent.
        name: String,
        /// What came out.
        made: String,
    },
}

/// The name as it is stored: every run of characters outside `[a-zA-Z0-9]` becomes one `_`, and a
/// name that starts with a digit gets the prefix `key_`. Of a reserved name, `__x__`, the outer
/// underscores stay. Most names are legal as they are.
///
/// # Errors
/// When the name is empty, or nothing but `_` would be left.
pub fn metadata_name(name: &str) -> Result<Cow<'_, str>, MetadataNameError> {
    if is_legal(name) {
        return Ok(name.into());
    }
    if name.is_empty() {
        return Err(MetadataNameError::Empty);
    }
    let reserved = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    let made = match reserved {
        Some(inner) => format!("__{}__", join_words(inner)),
        None if name.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("key_{}", join_words(name))
        }
        None => join_words(name),
    };
    if made.bytes().all(|b| b == b'_') {
        return Err(MetadataNameError::OnlyUnderscores { name: name.to_owned(), made });
    }
    Ok(made.into())
}

/// Whether nothing of a name is changed; a few that are not changed either do not pass.
fn is_legal(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && !name.contains("__")
}

fn join_words(name: &str) -> String {
    let mut made = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            made.push(c);
        } else if !made.ends_with('_') {
            made.push('_');
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: &str) {
        let made = metadata_name(name).unwrap_or_else(|error| error.to_string().into());
        assert!(made.starts_with(expect), "for {name:?}: {made}");
        assert_eq!(made.contains(' '), expect.contains(' '), "for {name:?}: {made}");
    }

    #[test]
    fn names_become_legal_as_loki_makes_them() {
        check("a-b.c", "a_b_c");
        check("sp  ace", "sp_ace");
        check("c:d", "c_d");
        check("1f", "key_1f");
        check("UP", "UP");
        check("a_1_", "a_1_");
        check("_u", "_u");
        check("a__b", "a_b");
        check("__two", "_two");
        check("__reserved__label__", "__reserved_label__");
        check("naïve", "na_ve");
    }

    #[test]
    fn names_of_which_nothing_is_left_are_refused() {
        check("", "label name is empty");
        check("ż", r#"normalization for label name "ż" resulted in invalid name "_""#);
        check("____", r#"normalization for label name "____" resulted in invalid name "____""#);
        check("__é__", r#"normalization for label name "__é__" resulted in invalid name "_____""#);
    }
}
