//! A Rust source file as the rules see it: its lines, functions and test code.

use std::ops::Range;

use super::scan::{self, Kind};

/// A Rust source file, taken apart once.
pub struct Source {
    /// The text with comments and literals blanked; offsets are those of the text.
    pub code: String,
    /// The text with everything but comments blanked.
    pub comments: String,
    /// Every function, methods and nested ones included, that has a body.
    pub functions: Vec<Function>,
    kinds: Vec<Kind>,
    line_starts: Vec<usize>,
    is_test_line: Vec<bool>,
}

/// A function with a body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from 1.
    pub line: usize,
    /// From its `fn` to its closing brace, in lines.
    pub lines: usize,
    /// Whether it stands in test code.
    pub is_test: bool,
}

impl Source {
    /// Takes a file apart. `is_test` says that all of it is test code.
    pub fn new(text: &str, is_test: bool) -> Self {
        let kinds = scan::classify(text);
        let code = blank(text, &kinds, Kind::Code);
        let comments = blank(text, &kinds, Kind::Comment);
        let line_starts = line_starts(text);
        let mut source = Self {
            is_test_line: vec![is_test; line_starts.len()],
            functions: Vec::new(),
            code,
            comments,
            kinds,
            line_starts,
        };
        source.mark_test_lines();
        source.functions = source.find_functions();
        source
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// How many lines are test code.
    pub fn test_lines(&self) -> usize {
        self.is_test_line.iter().filter(|is_test| **is_test).count()
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// Whether a line, from 1, is test code.
    pub fn is_test(&self, line: usize) -> bool {
        self.is_test_line.get(line - 1).copied().unwrap_or(false)
    }

    /// The kinds of a line's bytes. Lines count from 1.
    pub fn kinds_of(&self, line: usize) -> &[Kind] {
        let end = self.line_starts.get(line).map_or(self.kinds.len(), |next| next - 1);
        &self.kinds[self.line_starts[line - 1]..end]
    }

    /// Whether a line, from 1, opens inside a literal.
    pub fn opens_in_literal(&self, line: usize) -> bool {
        let start = self.line_starts[line - 1];
        start > 0 && self.kinds[start - 1] == Kind::Literal
    }

    /// The string literal that opens at or after `offset`, white space aside, without delimiters.
    pub fn literal_at<'a>(&self, text: &'a str, offset: usize) -> Option<&'a str> {
        let start = offset + text.get(offset..)?.find(|c: char| !c.is_whitespace())?;
        let length = self.kinds[start..].iter().take_while(|kind| **kind == Kind::Literal).count();
        let literal =
            text[start..start + length].trim_start_matches(['b', 'c', 'r']).trim_matches('#');
        literal.strip_prefix('"')?.strip_suffix('"')
    }

    /// The string literals of the file outside test code, with the offset of each.
    pub fn literals<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let opens = |at: &usize| {
            self.kinds[*at] == Kind::Literal && (*at == 0 || self.kinds[at - 1] != Kind::Literal)
        };
        (0..self.kinds.len())
            .filter(opens)
            .filter(|at| !self.is_test(self.line_of(*at)))
            .filter_map(|at| Some((at, self.literal_at(text, at)?)))
    }

    /// The modules that are declared as test code but stand in a file of their own.
    pub fn test_modules(&self) -> impl Iterator<Item = &str> {
        test_attributes(&self.code).filter_map(|after| {
            let item = self.code[after..].split_once(';')?.0;
            let (attributes, name) = item.rsplit_once("mod ")?;
            (!attributes.contains(['{', '}'])).then_some(name.trim())
        })
    }

    fn mark_test_lines(&mut self) {
        let spans: Vec<Range<usize>> = test_attributes(&self.code)
            .filter_map(|after| Some(after..Item::at(&self.code, after)?.end))
            .collect();
        for span in spans {
            let (first, last) = (self.line_of(span.start), self.line_of(span.end));
            self.is_test_line[first - 1..last].fill(true);
        }
    }

    fn find_functions(&self) -> Vec<Function> {
        scan::words(&self.code, "fn").filter_map(|at| self.function_at(at)).collect()
    }

    /// The function whose `fn` stands at `at`; a function type or one without a body is none.
    fn function_at(&self, at: usize) -> Option<Function> {
        let after = self.code[at + "fn".len()..].trim_start();
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let item = Item::at(&self.code, at)?;
        if name.is_empty() || !item.has_body {
            return None;
        }
        let line = self.line_of(at);
        let lines = self.line_of(item.end) - line + 1;
        Some(Function { name, line, lines, is_test: self.is_test(line) })
    }
}

/// The offsets just after each attribute that makes an item test code.
fn test_attributes(code: &str) -> impl Iterator<Item = usize> {
    let open = |start: &'static str| code.match_indices(start).map(move |(at, _)| at + start.len());
    let whole = open("#[cfg(test)]");
    let among = open("#[cfg(all(test,").filter_map(|at| Some(at + code[at..].find(']')? + 1));
    whole.chain(among)
}

/// Where an item ends, and whether with a body or with a semicolon.
struct Item {
    end: usize,
    has_body: bool,
}

impl Item {
    /// The item that begins at `from`. Braces inside parentheses and brackets are part of its head.
    fn at(code: &str, from: usize) -> Option<Self> {
        let mut nested = 0_usize;
        let mut braces = 0_usize;
        for (at, byte) in code.bytes().enumerate().skip(from) {
            match byte {
                b'(' | b'[' => nested += 1,
                b')' | b']' => nested = nested.saturating_sub(1),
                b'{' if nested == 0 || braces > 0 => braces += 1,
                b'}' if braces == 1 => return Some(Self { end: at, has_body: true }),
                b'}' if braces > 1 => braces -= 1,
                b';' if nested == 0 && braces == 0 => {
                    return Some(Self { end: at, has_body: false });
                }
                _ => {}
            }
        }
        None
    }
}

/// The text with every byte that is not of `kind` turned into a space; line breaks stay.
fn blank(text: &str, kinds: &[Kind], kind: Kind) -> String {
    let keep = |(byte, its): (u8, &Kind)| if *its == kind || byte == b'\n' { byte } else { b' ' };
    let bytes: Vec<u8> = text.bytes().zip(kinds).map(keep).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The offset of each line's first byte. A last line break opens no line.
fn line_starts(text: &str) -> Vec<usize> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(breaks).filter(|at| *at < text.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::Source;

    /// Functions are written `name line+lines`, with a `t` when they are test code.
    #[track_caller]
    fn check(text: &str, expect: &str) {
        let source = Source::new(text, false);
        let shown: Vec<String> = source
            .functions
            .iter()
            .map(|f| {
                format!("{} {}+{}{}", f.name, f.line, f.lines, if f.is_test { "t" } else { "" })
            })
            .collect();
        assert_eq!(shown.join(", "), expect, "{text}");
    }

    #[test]
    fn functions() {
        check("fn a() {}\nfn b() {\n}\n", "a 1+1, b 2+2");
        check("fn a(\n  x: u8,\n) -> u8 {\n  x\n}", "a 1+5");
        check("fn a() {\n  // }\n  let b = \"}\";\n  let c = '}';\n}", "a 1+5");
        check("fn a() {\n  fn b() {\n  }\n}", "a 1+4, b 2+2");
        check("trait T {\n  fn a();\n  fn b() {}\n}", "b 3+1");
        check("type F = fn(u8) -> u8;\nstruct S { f: fn() }", "");
        check("fn a() -> [u8; { 1 }] {\n}", "a 1+2");
        check("fn a() {\n  f(|x| { x });\n  g([{ 1 }]);\n}", "a 1+4");
        check("async fn a() { if x { y } else { z } }", "a 1+1");
        check("// fn a() {}\nlet s = \"fn b() {}\";", "");
    }

    #[test]
    fn test_code() {
        check(
            "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}",
            "a 1+1, b 4+1t, c 6+1",
        );
        check("#[cfg(test)]\n#[allow(x)]\nfn a() {}\nfn b() {}", "a 3+1t, b 4+1");
        check("#[cfg(all(test, unix))]\nmod t { fn a() {} }", "a 2+1t");
        check("#[cfg(not(test))]\nfn a() {}", "a 2+1");
        check("#[cfg(test)]\nmod tests;\nfn a() {}", "a 3+1");
    }

    #[test]
    fn lines_of_test_code() {
        let source = Source::new("fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n", false);
        assert_eq!((source.lines(), source.test_lines()), (5, 3));
        assert_eq!(Source::new("a\nb\n", true).test_lines(), 2);
    }

    #[test]
    fn test_modules_in_files_of_their_own() {
        let text = "#[cfg(test)]\nmod tests;\n#[cfg(test)] #[path = \"x\"]\npub mod b;\n\
                    #[cfg(test)]\nmod c {}\nmod d;";
        let source = Source::new(text, false);
        assert_eq!(source.test_modules().collect::<Vec<_>>(), ["tests", "b"]);
    }

    #[test]
    fn literals() {
        let text = "f(\n  \"a\", r#\"b\"#, 'c', b\"d\");\n#[cfg(test)]\nmod t { f(\"e\"); }";
        let source = Source::new(text, false);
        let found: Vec<&str> = source.literals(text).map(|(_, literal)| literal).collect();
        assert_eq!(found, ["a", "b", "d"]);
        assert_eq!(source.literal_at(text, 2), Some("a"));
        assert_eq!(source.literal_at(text, 0), None);
    }
}
