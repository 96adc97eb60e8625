//! The regular expressions that Loki does not hold against the whole value of a label.
//!
//! A label filter's expression is anchored at both ends. But Loki looks for simple expressions as
//! text, and forgets the anchors where a text has `.*` before or behind it: `| user!~"a.*"` drops
//! `dave`. In `| level=~"err.*|warn"` that holds for each alternative by itself.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange};

/// What Loki makes of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Loose {
    /// `.*` or `.+`, in which `.` is a line break too.
    Anything,
    /// A search for this expression, which has the anchors that are left.
    Search(String),
}

/// Reads an expression in Go's syntax; nothing if it is anchored as it stands, or none.
pub(super) fn read(pattern: &str) -> Option<Loose> {
    const FOLD: &str = "(?i)";
    let (fold, rest) = match pattern.strip_prefix(FOLD) {
        Some(rest) => (FOLD, rest),
        None => ("", pattern),
    };
    if [".*", ".+"].contains(&rest) {
        return Some(Loose::Anything);
    }
    let ast = Parser::new().parse(rest).ok()?;
    let texts: Option<Vec<Text>> = alternatives(&ast).into_iter().map(text).collect();
    let texts = texts.filter(|texts| texts.iter().any(|text| text.dots))?;
    let searches = texts.iter().map(|Text { text, dots }| match dots {
        true => regex_syntax::escape(text),
        false => format!("^{}$", regex_syntax::escape(text)),
    });
    Some(Loose::Search(format!("{fold}{}", searches.collect::<Vec<_>>().join("|"))))
}

/// A text, and whether there was `.*` before or behind it.
struct Text {
    text: String,
    dots: bool,
}

fn alternatives(ast: &Ast) -> Vec<&Ast> {
    match ast {
        Ast::Group(group) if group.flags().is_none() => alternatives(&group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().collect(),
        other => vec![other],
    }
}

fn text(ast: &Ast) -> Option<Text> {
    let parts = match ast {
        Ast::Concat(concat) => concat.asts.iter().collect(),
        other => vec![other],
    };
    let (mut text, mut dots) = (String::new(), false);
    let mut ended = false;
    for part in parts {
        match part {
            Ast::Literal(_) if ended => return None,
            Ast::Literal(literal) => text.push(literal.c),
            part if is_dots(part) => (dots, ended) = (true, !text.is_empty()),
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(Text { text, dots })
}

fn is_dots(ast: &Ast) -> bool {
    let Ast::Repetition(repetition) = ast else { return false };
    let any_number = matches!(
        repetition.op.kind,
        RepetitionKind::ZeroOrMore | RepetitionKind::Range(RepetitionRange::AtLeast(0))
    );
    any_number && matches!(*repetition.ast, Ast::Dot(_))
}

#[cfg(test)]
mod tests {
    use super::super::Regex;

    #[track_caller]
    fn check(pattern: &str, matches: &[&str], others: &[&str]) {
        let regex = Regex::of_label_filter(pattern).unwrap();
        for value in matches {
            assert!(regex.is_match(value), "{pattern} and {value:?}");
        }
        for value in others {
            assert!(!regex.is_match(value), "{pattern} and {value:?}");
        }
    }

    #[test]
    fn a_text_with_dots_around_it_is_searched_for() {
        check("a.*", &["alice", "dave"], &["bob"]);
        check(".*a", &["dave"], &["bob"]);
        check("(err.*|warn)", &["stderr", "warn"], &["warning"]);
        check("(?i)A.*|x", &["dave", "X"], &["xy", "bob"]);
        check(r"10\.0\..*", &["10.0.0.1", "110.0.1"], &["10x0.1"]);
    }

    #[test]
    fn all_else_is_anchored() {
        check("a", &["a"], &["dave"]);
        check("a.+", &["alice"], &["dave", "a"]);
        check("a.*b", &["ab"], &["xab"]);
        check("a|b", &["a"], &["ab"]);
        check("[a].*", &["a"], &["xa"]);
        check("(?s)a.*", &["a\n"], &["xa"]);
    }

    #[test]
    fn a_dot_is_a_line_break_only_alone() {
        check(".*", &["", "a\nb"], &[]);
        check(".+", &["a\nb"], &[""]);
        check("a.+b", &["a-b"], &["a\nb"]);
    }
}
