//! Keys found in lines, made into label names.

/// Appends a key as a label name: trimmed, a `_` before a leading digit, and a `_` for each
/// character that label names may not have. Appends nothing for a key of spaces.
///
/// If there is text already, the key is a member of what is named so far and a `_` goes between.
pub(super) fn push(key: &str, to: &mut String) {
    push_at(key, 0, to);
}

/// As [`push`], for a name that starts at a byte of the text.
pub(super) fn push_at(key: &str, start: usize, to: &mut String) {
    let key = key.trim();
    if key.is_empty() {
        return;
    }
    let leading_digit = key.as_bytes()[0].is_ascii_digit();
    if to.len() > start || leading_digit {
        to.push('_');
    }
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        to.push_str(key);
        return;
    }
    to.extend(key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys: &[&str], expect: &str) {
        let mut name = String::new();
        keys.iter().for_each(|key| push(key, &mut name));
        assert_eq!(name, expect, "for {keys:?}");
    }

    #[test]
    fn makes_label_names() {
        check(&["status"], "status");
        check(&["0numeric"], "_0numeric");
        check(&[" key with space "], "key_with_space");
        check(&["naïve.é"], "na_ve__");
        check(&["  "], "");
    }

    #[test]
    fn joins_the_keys_of_nested_objects() {
        check(&["user", "address", "0"], "user_address_0");
        check(&["", "x"], "x");
    }
}
