//! Go's regular expression syntax to that of the `regex` crate.
//!
//! The two are cousins of RE2 but differ in corners: Go's `\d \s \w \b` are ASCII, `\Q…\E` and
//! octal escapes exist, `{,5}` is text, `[a[b]` has no nested class, a repetition of a repetition
//! is an error. What Go refuses is refused here in Go's words, whatever the crate would allow.

use super::class;

/// An expression in the crate's syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The expression; its groups have no names, since Go allows more names than the crate.
    pub pattern: String,
    /// Number and name of each named group, in order of their numbers.
    pub names: Vec<(usize, String)>,
}

/// Translates an expression.
///
/// # Errors
/// In Go's words (`error parsing regexp: …`), why it is none.
pub fn translate(pattern: &str) -> Result<Translation, String> {
    let mut translator = Translator {
        whole: pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        flags: String::new(),
        names: Vec::new(),
        groups: 0,
        open: 0,
        last: Last::Nothing,
    };
    translator.run()?;
    Ok(Translation { pattern: translator.out, names: translator.names })
}

/// An error as Go's `regexp/syntax` prints it.
pub(super) fn fail<T>(code: &str, text: &str) -> Result<T, String> {
    Err(format!("error parsing regexp: {code}: `{text}`"))
}

/// The most that a repetition may ask for.
const REPEAT_MAX: u32 = 1000;

struct Translator<'a> {
    whole: &'a str,
    rest: &'a str,
    out: String,
    /// Flags not yet written: in Go what comes before `(?i)` can still be repeated after it.
    flags: String,
    names: Vec<(usize, String)>,
    /// Groups that capture, so far.
    groups: usize,
    /// Groups not yet closed.
    open: usize,
    last: Last<'a>,
}

/// What stands before a repetition operator.
#[derive(Clone, Copy)]
enum Last<'a> {
    /// Nothing that could be repeated.
    Nothing,
    /// Something that can be.
    Atom,
    /// Another repetition; the text from it on.
    Repetition(&'a str),
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.chars().next() {
            let counted = bounds(self.rest);
            if !matches!(c, '*' | '+' | '?') && counted.is_none() {
                self.out.push_str(&std::mem::take(&mut self.flags));
            }
            match c {
                '(' => self.group()?,
                ')' => self.close()?,
                '|' => self.copy(1, Last::Nothing),
                '*' | '+' | '?' => self.repeat(1)?,
                '{' => match counted {
                    Some((length, min, max)) => self.counted(length, min, max)?,
                    None => self.literal(c),
                },
                '[' => {
                    let length = class::bracket(self.rest, &mut self.out)?;
                    self.skip(length, Last::Atom);
                }
                '\\' => self.escape()?,
                '.' | '^' | '$' => self.copy(1, Last::Atom),
                c => self.literal(c),
            }
        }
        match self.open {
            0 => Ok(()),
            _ => fail("missing closing )", self.whole),
        }
    }

    /// Moves on without writing.
    fn skip(&mut self, length: usize, last: Last<'a>) {
        self.rest = &self.rest[length..];
        self.last = last;
    }

    /// Moves on and writes what was there.
    fn copy(&mut self, length: usize, last: Last<'a>) {
        self.out.push_str(&self.rest[..length]);
        self.skip(length, last);
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.skip(c.len_utf8(), Last::Atom);
    }

    fn close(&mut self) -> Result<(), String> {
        if self.open == 0 {
            return fail("unexpected )", self.whole);
        }
        self.open -= 1;
        self.copy(1, Last::Atom);
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        if !self.rest.starts_with("(?") {
            self.groups += 1;
            self.open += 1;
            self.copy(1, Last::Nothing);
            return Ok(());
        }
        for opening in ["(?P<", "(?<"] {
            if let Some(after) = self.rest.strip_prefix(opening) {
                return self.named(opening.len(), after);
            }
        }
        self.flags()
    }

    /// `(?P<name>` and `(?<name>`.
    fn named(&mut self, opening: usize, after: &'a str) -> Result<(), String> {
        let Some(length) = after.find('>') else {
            return fail("invalid named capture", self.rest);
        };
        let name = &after[..length];
        let end = opening + length + 1;
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if name.is_empty() || !is_name {
            return fail("invalid named capture", &self.rest[..end]);
        }
        self.groups += 1;
        self.open += 1;
        self.names.push((self.groups, name.to_owned()));
        self.out.push('(');
        self.skip(end, Last::Nothing);
        Ok(())
    }

    /// `(?flags)` and `(?flags:`.
    fn flags(&mut self) -> Result<(), String> {
        let (mut negated, mut any) = (false, false);
        for (at, c) in self.rest.char_indices().skip(2) {
            let end = at + c.len_utf8();
            match c {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negated => (negated, any) = (true, false),
                ':' | ')' if any || !negated => {
                    if c == ':' {
                        self.open += 1;
                        self.copy(end, Last::Nothing);
                        return Ok(());
                    }
                    if any {
                        self.flags.push_str(&self.rest[..end]);
                    }
                    let last = match self.last {
                        Last::Nothing => Last::Nothing,
                        Last::Atom | Last::Repetition(_) => Last::Atom,
                    };
                    self.skip(end, last);
                    return Ok(());
                }
                _ => return fail("invalid or unsupported Perl syntax", &self.rest[..end]),
            }
        }
        fail("invalid or unsupported Perl syntax", self.rest)
    }

    /// `{n}`, `{n,}`, `{n,m}`.
    fn counted(&mut self, length: usize, min: u32, max: Option<u32>) -> Result<(), String> {
        if min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX || max < min) {
            return fail("invalid repeat count", &self.rest[..length]);
        }
        self.repeat(length)
    }

    fn repeat(&mut self, mut length: usize) -> Result<(), String> {
        if self.rest[length..].starts_with('?') {
            length += 1;
        }
        match self.last {
            Last::Nothing => fail("missing argument to repetition operator", &self.rest[..length]),
            Last::Repetition(from) => {
                let end = from.len() - self.rest.len() + length;
                fail("invalid nested repetition operator", &from[..end])
            }
            Last::Atom => {
                self.copy(length, Last::Repetition(self.rest));
                Ok(())
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.as_bytes().get(1) {
            Some(b'A' | b'z') => self.copy(2, Last::Atom),
            Some(b'b') => self.replace(2, r"(?-u:\b)"),
            Some(b'B') => self.replace(2, r"(?-u:\B)"),
            Some(b'Q') => self.quoted(),
            _ => {
                let length = match class::shorthand(self.rest, &mut self.out)? {
                    Some(length) => length,
                    None => {
                        let (c, length) = class::escape(self.rest)?;
                        push_literal(&mut self.out, c);
                        length
                    }
                };
                self.skip(length, Last::Atom);
            }
        }
        Ok(())
    }

    fn replace(&mut self, length: usize, by: &str) {
        self.out.push_str(by);
        self.skip(length, Last::Atom);
    }

    /// `\Q…\E`: text as it stands; without `\E` to the end.
    fn quoted(&mut self) {
        let after = &self.rest[2..];
        let (text, length) = match after.find(r"\E") {
            Some(at) => (&after[..at], 2 + at + 2),
            None => (after, self.rest.len()),
        };
        for c in text.chars() {
            push_literal(&mut self.out, c);
        }
        // The last character can be repeated, and an empty quotation changes nothing.
        let last = if text.is_empty() { self.last } else { Last::Atom };
        self.skip(length, last);
    }
}

/// Writes a character so that it stands for itself, in a class and out of it.
pub(super) fn push_literal(out: &mut String, c: char) {
    if regex_syntax::is_meta_character(c) {
        out.push('\\');
    }
    out.push(c);
}

/// `{n}`, `{n,}` or `{n,m}` at the start of a text: its length and the bounds. All else is text.
fn bounds(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let length = inside.len() + 2;
    let number = |digits: &str| -> Option<u32> {
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
        (is_number && !has_leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    match inside.split_once(',') {
        None => number(inside).map(|n| (length, n, Some(n))),
        Some((min, "")) => number(min).map(|min| (length, min, None)),
        Some((min, max)) => Some((length, number(min)?, Some(number(max)?))),
    }
}
