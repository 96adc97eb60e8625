//! What varies in a word by its looks alone: numbers, times, addresses, hexadecimal ids.
//!
//! A word is read in parts, which joints (`-`, `.`, `:` …) hold together: `part-00017` is `part-`
//! and a variable. Variable parts with nothing but joints between them are one variable, so that
//! `2026-01-15T00:00:00.000+0000` is one and not seven.

use crate::byte::{DIGIT, JOINT, class};

/// Stands for a variable in a word. No word has this byte: it is a mark.
pub(crate) const VARIABLE: char = '\0';

/// A part of only hexadecimal digits, some of them decimal, is an id when it is as long as this:
/// half of the shortest trace id, and longer than most words that can be spelt with a to f.
const HEX_ID_BYTES_MIN: usize = 8;
/// A part in which letters follow digits twice (`aoim0e9g`) is an id when it is as long as this.
/// `utf8mb4` and `sha256sum` have one such place each.
const RANDOM_ID_BYTES_MIN: usize = 6;

const UUID: &[u8] = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Writes a word with its variables replaced. For a word that is one variable it writes nothing
/// and gives `true`.
///
/// *Invariant:* the byte that follows a variable in the word does not occur in the variable.
pub(crate) fn mask(word: &str, out: &mut String) -> bool {
    if is_address(word) || variable_end(word, 0) == Some(word.len()) {
        return true;
    }
    let mut at = 0;
    while at < word.len() {
        let end = if let Some(end) = variable_end(word, at) {
            out.push(VARIABLE);
            end
        } else {
            let end = part_end(word, at);
            out.push_str(&word[at..end]);
            end
        };
        at = joints_end(word, end);
        out.push_str(&word[end..at]);
    }
    false
}

/// Where the variable ends that begins here.
fn variable_end(word: &str, at: usize) -> Option<usize> {
    let mut end = variable_part_end(word, at)?;
    while let Some(further) = continued_end(word, joints_end(word, end)) {
        end = further;
    }
    let (variable, rest) = word.as_bytes()[at..].split_at(end - at);
    // `12-x1-x` is not `<_>-x`: whoever looks for the first `-x` in it finds another one.
    let clash = rest.first().is_some_and(|next| variable.contains(next));
    Some(if clash { word.len() } else { end })
}

fn continued_end(word: &str, at: usize) -> Option<usize> {
    let end = part_end(word, at);
    is_month(&word[at..end]).then_some(end).or_else(|| variable_part_end(word, at))
}

/// Where the part ends that begins here, if it is variable.
fn variable_part_end(word: &str, at: usize) -> Option<usize> {
    if is_uuid(&word.as_bytes()[at..]) {
        return Some(at + UUID.len());
    }
    let end = part_end(word, at);
    let part = &word.as_bytes()[at..end];
    let variable = part.first().is_some_and(u8::is_ascii_digit) || is_hex_id(part);
    (variable || is_random_id(part)).then_some(end)
}

fn part_end(word: &str, at: usize) -> usize {
    end_of(word, at, |class| class != JOINT)
}

fn joints_end(word: &str, at: usize) -> usize {
    end_of(word, at, |class| class == JOINT)
}

fn end_of(word: &str, at: usize, belongs: fn(u8) -> bool) -> usize {
    let length = word.as_bytes()[at..].iter().position(|byte| !belongs(class(*byte)));
    length.map_or(word.len(), |length| at + length)
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() >= UUID.len()
        && text.get(UUID.len()).is_none_or(|byte| class(*byte) == JOINT)
        && text.iter().zip(UUID).all(|(byte, expect)| match expect {
            b'-' => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_hex_id(part: &[u8]) -> bool {
    part.len() >= HEX_ID_BYTES_MIN
        && part.iter().all(u8::is_ascii_hexdigit)
        && part.iter().any(u8::is_ascii_digit)
}

fn is_random_id(part: &[u8]) -> bool {
    let letter_after_digit = |pair: &&[u8]| class(pair[0]) == DIGIT && class(pair[1]) != DIGIT;
    part.len() >= RANDOM_ID_BYTES_MIN && part.windows(2).filter(letter_after_digit).count() >= 2
}

fn is_month(part: &str) -> bool {
    part.len() == 3 && MONTHS.iter().any(|month| part.eq_ignore_ascii_case(month))
}

/// IPv6 and MAC addresses, whose parts alone do not look variable.
fn is_address(word: &str) -> bool {
    word.bytes().filter(|byte| *byte == b':').count() >= 2
        && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expect: &str) {
        let mut out = String::new();
        let whole = mask(word, &mut out);
        let shown = if whole { "<_>".to_owned() } else { out.replace(VARIABLE, "<_>") };
        assert_eq!(shown, expect, "{word}");
    }

    #[test]
    fn numbers_with_and_without_units() {
        for word in ["7", "0.7978", "12ms", "643µs", "18.3MiB", "0xdeadbeef", "1e-5", "1/12"] {
            check(word, "<_>");
        }
        check("-5", "-<_>");
        check("92%", "<_>%");
        check("12:", "<_>:");
        check("part-00017-of-00032.parquet", "part-<_>-of-<_>.parquet");
        check("taskinstance.py:1157", "taskinstance.py:<_>");
    }

    #[test]
    fn times() {
        for word in ["2026-01-15T00:00:00.000+0000", "15/Jan/2026:00:00:03", "00:00:00+00:00"] {
            check(word, "<_>");
        }
        check("scheduled__2026-11-22T03:00:00+00:00", "scheduled__<_>");
    }

    #[test]
    fn addresses_and_ids() {
        for word in ["10.9.2.121:59870", "fe80::1", "2001:db8::1", "0a:1b:cd:ef:01:23"] {
            check(word, "<_>");
        }
        check("b1989c48d8db1f1bba5eb504d71f30ab", "<_>");
        check("ti-01a2024d-fd67-7527-80f3-4e369cb366c7", "ti-<_>");
        check("ti-01a2024d-fd67-7527-80f3-4e369cb366cx", "ti-<_>-fd67-<_>");
        check("crm-shards-aoim0e9g", "crm-shards-<_>");
    }

    #[test]
    fn names_with_digits_stay() {
        for word in ["utf8mb4", "sha256sum", "worker12", "k8s", "v2", "deadbeef", "mar-"] {
            check(word, word);
        }
    }

    #[test]
    fn what_follows_a_variable_does_not_occur_in_it() {
        check("2026-01-15-final", "<_>");
        check("x.12-x1-x", "x.<_>-x1-x");
        check("x.1-1-x", "x.<_>");
        check("1.2.", "<_>");
    }
}
