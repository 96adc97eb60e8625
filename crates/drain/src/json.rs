//! Where the message of a JSON line ends.
//!
//! What stands behind it is the context of the message, and Airflow 3 writes its keys in another
//! order in every process: it is not mined.

/// The end of a message, looked for from gap to gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Message {
    /// The line is no JSON object.
    #[default]
    None,
    /// It has not begun yet.
    Awaited,
    /// It has begun.
    Open,
}

impl Message {
    /// What to look for in a line.
    pub(crate) fn of(line: &str) -> Self {
        if line.starts_with('{') { Self::Awaited } else { Self::None }
    }

    /// How much of a gap belongs to the message, if that ends there. The gap stands behind the key
    /// of the message, or not.
    pub(crate) fn end(&mut self, is_key: bool, gap: &str) -> Option<usize> {
        let start = match self {
            Self::Awaited if is_key => value_start(gap)?,
            Self::Open => 0,
            Self::None | Self::Awaited => return None,
        };
        *self = Self::Open;
        closing_quote(&gap.as_bytes()[start..]).map(|at| start + at + 1)
    }
}

/// Where the string begins in `":"`.
fn value_start(gap: &str) -> Option<usize> {
    let value = gap.strip_prefix("\":")?.trim_start_matches(' ').strip_prefix('"')?;
    Some(gap.len() - value.len())
}

/// The first quote that no backslash escapes.
fn closing_quote(gap: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    gap.iter().position(|byte| {
        let closes = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gaps after the first word, of which that behind the key of the message comes first.
    #[track_caller]
    fn check(line: &str, gaps: &[&str], expect: Option<(usize, usize)>) {
        let mut message = Message::of(line);
        let mut ends = gaps.iter().enumerate().map(|(at, gap)| (at, message.end(at == 0, gap)));
        let found = ends.find_map(|(at, end)| Some((at, end?)));
        assert_eq!(found, expect, "{gaps:?}");
    }

    #[test]
    fn a_message_ends_with_its_quote() {
        check("{", &["\":\"", " ", "\",\""], Some((2, 1)));
        check("{", &["\": \"[", "]\"}"], Some((1, 2)));
        check("{", &["\":\"\",\""], Some((0, 4)));
    }

    #[test]
    fn an_escaped_quote_does_not_end_it() {
        check("{", &["\":\"", " \\\"", "\\\" ", "\\\\\"}"], Some((3, 3)));
    }

    #[test]
    fn only_strings_in_objects_are_messages() {
        check("", &["\":\"", "\",\""], None);
        check("{", &["=\"", "\" "], None);
        check("{", &["\":", ",\"", "\":\""], None);
    }
}
