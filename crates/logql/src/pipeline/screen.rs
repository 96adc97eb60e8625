//! What a line must contain to pass a query's first line filters: looked for in many lines at
//! once, which is faster than line by line as long as it is rare.

use aho_corasick::{AhoCorasick, BuildError, Input, packed};
use memchr::memmem;

/// A search for bytes without which no line passes.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a>(pub(super) Needle<'a>);

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Needle<'a> {
    One(&'a memmem::Finder<'static>),
    /// Any of several.
    Any(&'a Substrings),
}

/// A search for any of several texts.
#[derive(Debug)]
pub(super) struct Substrings {
    texts: Vec<String>,
    automaton: AhoCorasick,
    /// A few texts are found with vector instructions, many bytes at a time. The automaton jumps
    /// to their first or rarest bytes at best, which are not rare in log lines.
    packed: Option<packed::Searcher>,
}

impl Substrings {
    /// # Errors
    /// When they are too many or too long to search for.
    pub(super) fn new(texts: &[&str]) -> Result<Self, BuildError> {
        let packed = packed::Config::new().builder().extend(texts).build();
        let owned = texts.iter().map(|text| (*text).to_owned()).collect();
        Ok(Self { texts: owned, automaton: AhoCorasick::new(texts)?, packed })
    }

    /// The texts.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether one of the texts is empty, and so is found everywhere.
    pub(super) fn have_empty(&self) -> bool {
        self.automaton.min_pattern_len() == 0
    }

    /// Start and end of the first place at or after `from` where one of them stands.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let span = (from..text.len()).into();
        let found = match &self.packed {
            Some(packed) => packed.find_in(text, span),
            None => self.automaton.find(Input::new(text).span(span)),
        };
        found.map(|found| (found.start(), found.end()))
    }
}

impl Screen<'_> {
    /// The first place at or after `from` where a text has what is looked for: start and end.
    #[must_use]
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        match self.0 {
            Needle::One(finder) => {
                let start = from + finder.find(text.get(from..)?)?;
                Some((start, start + finder.needle().len()))
            }
            Needle::Any(texts) => texts.find(text, from),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ast::Expr;
    use crate::pipeline::Pipeline;

    #[track_caller]
    fn check(stages: &str, text: &str, expect: Option<&[(usize, usize)]>) {
        let Ok(Expr::Log(log)) = crate::parse(&format!("{{a=\"b\"}} {stages}")) else {
            panic!("{stages} are no stages");
        };
        let pipeline = Pipeline::new(&log.stages).unwrap();
        let found = pipeline.screen().map(|screen| {
            let mut from = 0;
            std::iter::from_fn(|| {
                let found = screen.find(text.as_bytes(), from)?;
                from = found.0 + 1;
                Some(found)
            })
            .collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expect, "for {stages}");
    }

    #[test]
    fn finds_each_place() {
        check("|= `ab`", "ab xab aab", Some(&[(0, 2), (4, 6), (8, 10)]));
        check("|= `ab` or `x`", "abx", Some(&[(0, 2), (2, 3)]));
        check("|~ `xyb+c`", "xybc xy", Some(&[(0, 2), (5, 7)]));
        check("|= `ab`", "", Some(&[]));
    }

    #[test]
    fn texts_are_required_by_each_of_the_first_filters() {
        let required = |stages: &str| {
            let Ok(Expr::Log(log)) = crate::parse(&format!("{{a=\"b\"}} {stages}")) else {
                panic!("{stages} are no stages");
            };
            Pipeline::new(&log.stages).unwrap().required_texts().concat().join(" ")
        };
        assert_eq!(required("|= `a` |= `b` or `c` != `d` |~ `e+fg|hij`"), "a b c");
        assert_eq!(required("|~ `x(yb|zc)` | json |= `k`"), "xyb xzc k");
        assert_eq!(required("|~ `[0-9]+` != `x` |= ``"), "");
        assert_eq!(required("| line_format `x` |= `cd`"), "");
    }

    #[test]
    fn only_what_must_be_there_is_looked_for() {
        check("", "x", None);
        check("!= `ab`", "x", None);
        check("!= `ab` |= `cd`", "cd", Some(&[(0, 2)]));
        check("| json |= `cd`", "cd", Some(&[(0, 2)]));
        check("| line_format `x` |= `cd`", "cd", None);
        check("|~ `[0-9]+`", "1", None);
        check("|= ``", "1", None);
    }
}
