//! `|= "x" or "y"`, `!= "x"`, `|~ "re"`, `!~ "re"`, `|> "<_> x"`, `!> "<_> x"`, `|= ip("…")`.

use memchr::memmem;

use crate::ast::{self, LineFilterOp, LineMatch, Span, Text};
use crate::ipmatch::IpMatcher;
use crate::pattern::{Part, Pattern};
use crate::regex;

use super::error::StageError;
use super::screen::{Needle, Substrings};

/// A line filter, compiled.
#[derive(Debug)]
pub(super) struct LineFilter {
    /// The line is looked for any of these,
    searches: Vec<Search>,
    /// and dropped if one was found, instead of if none was.
    negated: bool,
}

#[derive(Debug)]
enum Search {
    Anything,
    Substring(Box<memmem::Finder<'static>>),
    AnySubstring(Box<Substrings>),
    /// Only a line that has what the search before it finds can match.
    Regex(Box<Search>, regex::Regex),
    Pattern(Pattern),
    Ip(IpMatcher),
}

impl LineFilter {
    pub(super) fn new(filter: &ast::LineFilter) -> Result<Self, StageError> {
        use LineFilterOp as Op;
        let negated = matches!(filter.op, Op::NotContains | Op::NotRe | Op::NotPattern);
        let search = match filter.op {
            Op::Contains | Op::NotContains => substring,
            Op::Re | Op::NotRe => regular_expression,
            Op::Pattern | Op::NotPattern => pattern,
        };
        if let Some(texts) = substrings(filter) {
            return Ok(Self { searches: vec![any_substring(&texts, filter.span)?], negated });
        }
        let searches = filter.alternatives.iter().map(|alternative| match alternative {
            LineMatch::Text(text) => search(text),
            LineMatch::Ip(range) => IpMatcher::parse(&range.value)
                .map(Search::Ip)
                .map_err(|error| StageError::new(range.span, error)),
        });
        Ok(Self { searches: searches.collect::<Result<_, _>>()?, negated })
    }

    /// Whether the line passes.
    pub(super) fn process(&self, line: &str) -> bool {
        self.searches.iter().any(|search| search.finds(line)) != self.negated
    }

    /// Texts of which every line that passes contains one, if there are such.
    pub(super) fn required_texts(&self) -> Option<Vec<String>> {
        self.needle().map(|needle| match needle {
            Needle::One(finder) => vec![String::from_utf8_lossy(finder.needle()).into_owned()],
            Needle::Any(texts) => texts.texts().to_vec(),
        })
    }

    /// What every line that passes contains, if there is such a thing.
    pub(super) fn needle(&self) -> Option<Needle<'_>> {
        match self.searches.as_slice() {
            [search] if !self.negated => search.needle(),
            _ => None,
        }
    }
}

impl Search {
    fn finds(&self, line: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Substring(finder) => finder.find(line.as_bytes()).is_some(),
            Self::AnySubstring(texts) => texts.find(line.as_bytes(), 0).is_some(),
            Self::Regex(required, regex) => required.finds(line) && regex.is_match(line),
            Self::Pattern(pattern) => matches_pattern(pattern, line),
            Self::Ip(range) => range.finds_in(line),
        }
    }

    fn needle(&self) -> Option<Needle<'_>> {
        match self {
            // The empty text is everywhere.
            Self::Substring(finder) if finder.needle().is_empty() => None,
            Self::Substring(finder) => Some(Needle::One(finder)),
            Self::AnySubstring(texts) if texts.have_empty() => None,
            Self::AnySubstring(texts) => Some(Needle::Any(texts)),
            Self::Regex(required, _) => required.needle(),
            Self::Anything | Self::Pattern(_) | Self::Ip(_) => None,
        }
    }
}

/// The alternatives, if they are several and all of them substrings.
fn substrings(filter: &ast::LineFilter) -> Option<Vec<&str>> {
    let contains = matches!(filter.op, LineFilterOp::Contains | LineFilterOp::NotContains);
    let texts = filter.alternatives.iter().map(|alternative| match alternative {
        LineMatch::Text(text) => Some(text.value.as_str()),
        LineMatch::Ip(_) => None,
    });
    texts.collect::<Option<Vec<_>>>().filter(|texts| contains && texts.len() > 1)
}

/// One search for all of some substrings.
fn any_substring(texts: &[impl AsRef<str>], span: Span) -> Result<Search, StageError> {
    if let [text] = texts {
        return Ok(Search::Substring(Box::new(finder(text.as_ref()))));
    }
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let substrings = Substrings::new(&texts);
    let substrings = substrings.map_err(|error| StageError::new(span, error.to_string()))?;
    Ok(Search::AnySubstring(Box::new(substrings)))
}

fn finder(text: &str) -> memmem::Finder<'static> {
    memmem::Finder::new(text.as_bytes()).into_owned()
}

fn substring(text: &Text) -> Result<Search, StageError> {
    any_substring(&[&text.value], text.span)
}

/// A regular expression, or the substrings that it comes down to.
fn regular_expression(text: &Text) -> Result<Search, StageError> {
    let fail = |error: String| StageError::new(text.span, error);
    let regex = regex::Regex::new(&text.value).map_err(fail)?;
    Ok(match regex.as_search() {
        regex::Search::Anything => Search::Anything,
        regex::Search::ContainsAny(texts) => any_substring(&texts, text.span)?,
        regex::Search::Requires(texts) => {
            Search::Regex(Box::new(any_substring(&texts, text.span)?), regex)
        }
        regex::Search::Other => Search::Regex(Box::new(Search::Anything), regex),
    })
}

fn pattern(text: &Text) -> Result<Search, StageError> {
    let pattern = Pattern::parse(&text.value).and_then(|pattern| {
        pattern.validate_for_filter()?;
        Ok(pattern)
    });
    pattern.map(Search::Pattern).map_err(|error| StageError::new(text.span, error))
}

/// Whether the line is of this pattern up to its end, each capture at least one byte long.
fn matches_pattern(pattern: &Pattern, line: &str) -> bool {
    let Some(last) = pattern.parts().last() else { return line.is_empty() };
    let mut rest = line;
    for (at, part) in pattern.parts().iter().enumerate() {
        let Part::Literal(literal) = part else { continue };
        // A capture is never empty. A literal that opens the pattern may stand anywhere: it is the
        // end of the line that is anchored, not its start.
        match memmem::find(rest.as_bytes(), literal.as_bytes()) {
            Some(found) if at == 0 || found > 0 => rest = &rest[found + literal.len()..],
            _ => return false,
        }
    }
    rest.is_empty() == matches!(last, Part::Literal(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(op: LineFilterOp, texts: &[&str], line: &str, expect: bool) {
        let text = |text: &&str| Text { value: (*text).to_owned(), span: Span::default() };
        let alternatives = texts.iter().map(text).map(LineMatch::Text).collect();
        let filter = ast::LineFilter { op, alternatives, span: Span::default() };
        let passes = LineFilter::new(&filter).unwrap().process(line);
        assert_eq!(passes, expect, "for {op:?} {texts:?} and {line:?}");
    }

    #[test]
    fn substrings() {
        check(LineFilterOp::Contains, &["err"], "an err", true);
        check(LineFilterOp::Contains, &["err"], "an ERR", false);
        check(LineFilterOp::Contains, &[""], "", true);
        check(LineFilterOp::NotContains, &[""], "x", false);
    }

    #[test]
    fn alternatives_are_any_of_or_none_of() {
        check(LineFilterOp::Contains, &["a", "b"], "xb", true);
        check(LineFilterOp::NotContains, &["a", "b"], "xb", false);
        check(LineFilterOp::NotContains, &["a", "b"], "x", true);
        check(LineFilterOp::NotRe, &["a+", "b"], "xaa", false);
    }

    #[test]
    fn regular_expressions_are_not_anchored() {
        check(LineFilterOp::Re, &["(?i)ERR.R"], "an error", true);
        check(LineFilterOp::NotRe, &["^x"], "ax", true);
    }

    #[test]
    fn patterns_reach_to_the_end_of_the_line() {
        check(LineFilterOp::Pattern, &["<_> b <_>"], "a b c", true);
        check(LineFilterOp::Pattern, &["<_> b"], "a b c", false);
        check(LineFilterOp::Pattern, &["a <_>"], "xa b", true);
        check(LineFilterOp::Pattern, &["<_>a"], "a", false);
        check(LineFilterOp::Pattern, &["a<_>b"], "ab", false);
        check(LineFilterOp::Pattern, &["a<_>"], "a", false);
        check(LineFilterOp::Pattern, &[""], "", true);
        check(LineFilterOp::NotPattern, &[""], "x", true);
        check(LineFilterOp::Pattern, &["<_>"], "x", true);
    }
}
