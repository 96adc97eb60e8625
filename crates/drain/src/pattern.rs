//! How a template prints: as a pattern that LogQL's `|>` matches with every line of it.
//!
//! LogQL lets `<_>` take up at least one byte and everything up to the *first* place where the
//! text behind it is found, and never tries a second one. So the rule is here: **what follows a
//! `<_>` begins with a byte that nothing it stands for has in it.** An open word has no marks and
//! no spaces, and a gap begins with one; a variable inside a word is followed by a byte that is not
//! in it (`mask.rs`); padding is spaces, followed by something else. Where padding and an open
//! word meet, `<_>` takes all until the next mark.

use std::fmt::{self, Write};

use crate::mask::VARIABLE;
use crate::token::{Part, Tokens};

const ANYTHING: &str = "<_>";

/// Writes the pattern of a template.
pub(crate) fn write(tokens: &Tokens, out: &mut impl Write) -> fmt::Result {
    let mut printer = Printer { out, wild: Wild::Nothing };
    for part in tokens.parts() {
        printer.word(&part)?;
        printer.gap(&part)?;
    }
    if tokens.is_cut { printer.become_wild(Wild::Mixed) } else { Ok(()) }
}

/// What the `<_>` stands for that was printed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wild {
    /// Something was printed behind it.
    Nothing,
    /// A word or the variable at its end: no marks, no spaces.
    Word,
    /// Spaces.
    Padding,
    /// A word and then spaces.
    PaddedWord,
    /// Words and spaces.
    Mixed,
}

struct Printer<'w, W> {
    out: &'w mut W,
    wild: Wild,
}

impl<W: Write> Printer<'_, W> {
    fn word(&mut self, part: &Part<'_>) -> fmt::Result {
        match self.wild {
            _ if part.token.word_open => self.open_word(),
            _ if part.word.is_empty() => Ok(()),
            Wild::PaddedWord => {
                // No space in the padding but the last is followed by the word. If the word begins
                // with a variable, that may have the padding but for the first space.
                self.literal(" ")?;
                self.closed_word(part.word)
            }
            Wild::Mixed => Ok(()),
            Wild::Nothing | Wild::Word | Wild::Padding => self.closed_word(part.word),
        }
    }

    fn open_word(&mut self) -> fmt::Result {
        let is_first = self.wild == Wild::Nothing;
        self.become_wild(if is_first { Wild::Word } else { Wild::Mixed })
    }

    fn closed_word(&mut self, word: &str) -> fmt::Result {
        let mut texts = word.split(VARIABLE);
        self.literal(texts.next().unwrap_or_default())?;
        texts.try_for_each(|text| {
            self.become_wild(Wild::Word)?;
            self.literal(text)
        })
    }

    fn gap(&mut self, part: &Part<'_>) -> fmt::Result {
        let mut rest = part.gap;
        while !rest.is_empty() {
            let marks = rest.find(' ').unwrap_or(rest.len());
            self.literal(&rest[..marks])?;
            let tail = rest[marks..].trim_start_matches(' ');
            self.spaces(&rest[marks..rest.len() - tail.len()], part.token.gap_open)?;
            rest = tail;
        }
        Ok(())
    }

    fn spaces(&mut self, spaces: &str, open: bool) -> fmt::Result {
        match self.wild {
            _ if spaces.is_empty() => Ok(()),
            Wild::Mixed => Ok(()),
            Wild::Word | Wild::PaddedWord if open => self.become_wild(Wild::PaddedWord),
            _ if open => self.become_wild(Wild::Padding),
            _ => self.literal(spaces),
        }
    }

    fn literal(&mut self, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        self.wild = Wild::Nothing;
        self.out.write_str(text)
    }

    /// Prints a `<_>`, or lets the one just printed stand for more.
    fn become_wild(&mut self, wild: Wild) -> fmt::Result {
        let is_printed = self.wild != Wild::Nothing;
        self.wild = wild;
        if is_printed { Ok(()) } else { self.out.write_str(ANYTHING) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Kind;

    /// Words and gaps. The word `*` is open, and so is a gap that ends in one.
    #[track_caller]
    fn check(parts: &[(&str, &str)], is_cut: bool, expect: &str) {
        let (mut tokens, mut other) = (Tokens::default(), Tokens::default());
        for (word, gap) in parts {
            let shorter = gap.trim_end_matches('*');
            let longer = if *gap == shorter { shorter } else { &gap.replace(' ', "  ") };
            tokens.push(Kind::Plain, *word == "*", word, shorter);
            other.push(Kind::Plain, false, word, longer.trim_end_matches('*'));
        }
        tokens.open_where_different(&other);
        tokens.is_cut = is_cut;
        let mut shown = String::new();
        write(&tokens, &mut shown).unwrap();
        assert_eq!(shown, expect, "{parts:?}");
    }

    #[test]
    fn words() {
        check(&[("a", " "), ("*", ", "), ("b", "")], false, "a <_>, b");
        check(&[("a\0b\0", " "), ("\0c", "")], false, "a<_>b<_> <_>c");
        check(&[("*", " "), ("*", "")], true, "<_> <_>");
        check(&[("a", " ")], true, "a <_>");
    }

    #[test]
    fn padding() {
        check(&[("a", "  *"), ("b", "] *"), ("c", "")], false, "a<_>b]<_>c");
        check(&[("*", "  *"), ("b", "")], false, "<_> b");
        check(&[("a\0", "  *"), ("\0b", "")], false, "a<_> <_>b");
        check(&[("*", "  [*"), ("b", "")], false, "<_>[b");
        check(&[("a", "  *"), ("*", "]")], false, "a<_>]");
    }

    #[test]
    fn padding_and_words_that_vary_last_until_a_mark() {
        let mixed = [("*", "  *"), ("*", " "), ("b", "  *"), ("c", "; "), ("d", "")];
        check(&mixed, false, "<_>; d");
        check(&mixed[..3], true, "<_>");
    }
}
