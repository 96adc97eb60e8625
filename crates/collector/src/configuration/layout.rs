//! A file as `fmt` writes it.

use alloy::{Diagnostics, Sources, format, parse};

/// What came of laying out a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Laid {
    /// It is written so already.
    Same,
    /// It should be written so.
    Other(String),
    /// It cannot be read: what is wrong, for people.
    Wrong(String),
}

/// Lays out the text of a file.
#[must_use]
pub fn lay_out(name: &str, text: &str, is_coloured: bool) -> Laid {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, id, &mut problems);
    if problems.has_errors() {
        return Laid::Wrong(sources.render_all(&problems, is_coloured));
    }
    let laid = format(&sources, &file);
    if laid == text { Laid::Same } else { Laid::Other(laid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &Laid) {
        assert_eq!(lay_out("a.alloy", text, false), *expect);
    }

    #[test]
    fn files_are_laid_out() {
        check("a {\n\tb = 1\n}\n", &Laid::Same);
        check("a  {\nb=1\n}", &Laid::Other("a {\n\tb = 1\n}\n".to_owned()));
        let told = "a.alloy:1:5: ";
        let Laid::Wrong(found) = lay_out("a.alloy", "a = 'b'", false) else {
            panic!("it is wrong")
        };
        assert!(found.starts_with(told), "{found}");
    }
}
