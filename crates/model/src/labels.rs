//! Label sets: sorted, unique by name, cheap to clone.

use std::borrow::Cow;
use std::cmp::Ordering::{Equal, Greater, Less};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use xxhash_rust::xxh3::xxh3_64;

/// A set of labels, sorted by name, each name once, no value empty (an empty value means "absent",
/// as in Prometheus; [`Labels::keeping_empty`] is the one exception). Clones share the memory, and
/// what was hashed of it: labels of a stream are looked up for each of its pushes, at every hop.
#[derive(Clone, Default)]
pub struct Labels(Option<Arc<Set>>);

/// What the clones of labels share; there is none of an empty set. All texts lie in one block: a
/// set is made, compared and let go as a whole, and by the million.
struct Set {
    /// The names and values: a name, its value, the next name.
    text: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
    id: Once,
    hash: Once,
}

/// A number that is worked out when it is first asked for. Threads may race to it: it is the same.
#[derive(Default)]
struct Once(AtomicU64);

/// A hash of a stream's labels. Two streams with equal labels have equal ids, on every machine and
/// in every version: it is persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u64);

impl Labels {
    /// The labels of these pairs. Of a name that comes twice the last one counts; empty values are
    /// left out.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs = sorted(pairs);
        pairs.retain(|(_, value)| !value.as_ref().is_empty());
        Self::of(&pairs)
    }

    /// As [`Labels::new`], but empty values stay. Only the answer to a query can have them: a
    /// parser that finds nothing where it was told to look sets the label to nothing, and Loki
    /// shows that.
    pub fn keeping_empty<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        Self::of(&sorted(pairs))
    }

    /// The labels of pairs that are sorted, each name once.
    fn of<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> Self {
        if pairs.is_empty() {
            return Self(None);
        }
        let lens = pairs.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len());
        let mut text = String::with_capacity(lens.sum());
        let mut ends = Vec::with_capacity(2 * pairs.len());
        for (name, value) in pairs {
            for part in [name.as_ref(), value.as_ref()] {
                text.push_str(part);
                ends.push(u32::try_from(text.len()).expect("4 GiB come in no request"));
            }
        }
        let (text, ends) = (text.into_boxed_str(), ends.into_boxed_slice());
        Self(Some(Arc::new(Set { text, ends, id: Once::default(), hash: Once::default() })))
    }

    /// The value of a name, or `None`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let set = self.0.as_deref()?;
        let at = set.find(name).ok()?;
        Some(set.pair(at).1)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        let set = self.0.as_deref();
        (0..self.len()).map(move |at| set.map_or(("", ""), |set| set.pair(at)))
    }

    /// How many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_deref().map_or(0, Set::len)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The bytes of all names and values.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.0.as_deref().map_or(0, |set| set.text.len())
    }

    /// The same labels with one set (or, with an empty value, removed).
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs: Vec<_> = self.iter().collect();
        let at = self.0.as_deref().map_or(Err(0), |set| set.find(name));
        match at {
            Ok(at) => pairs[at].1 = value,
            Err(at) => pairs.insert(at, (name, value)),
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Self::of(&pairs)
    }

    /// The same labels with all of these set, as by [`Labels::with`], one after the other.
    #[must_use]
    pub fn with_all<N, V>(&self, pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let new: Vec<(N, V)> = pairs.into_iter().collect();
        let new = new.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        Self::new(self.iter().chain(new))
    }

    /// Whether the two share their memory, so that they are equal. Equal ones need not.
    #[must_use]
    pub fn is_shared_with(&self, other: &Self) -> bool {
        self.address() == other.address()
    }

    /// Where the memory is that clones share: equal as long as both live, and of no meaning
    /// beyond.
    #[must_use]
    pub fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |set| Arc::as_ptr(set).addr())
    }

    /// Only the labels whose name passes.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self::of(&self.iter().filter(|(name, _)| keep(name)).collect::<Vec<_>>())
    }

    /// The identity of the stream with these labels.
    #[must_use]
    pub fn stream_id(&self) -> StreamId {
        StreamId(match &self.0 {
            Some(set) => set.id.get_or_init(|| id(self)),
            None => id(self),
        })
    }

    /// Reads `{a="b", c="d"}`: what [`Display`](fmt::Display) writes, and what Loki's protobuf push
    /// carries. Spaces and a trailing comma are allowed, raw strings in backquotes too.
    ///
    /// # Errors
    /// When the text is not of that form, a name is not a label name, or a name comes twice.
    pub fn parse(text: &str) -> Result<Self, LabelsError> {
        Parser { text, at: 0 }.pairs().map(Self::new)
    }

    /// As [`Labels::parse`], but empty values stay: reads the text of an answer's labels.
    ///
    /// # Errors
    /// As [`Labels::parse`].
    pub fn parse_keeping_empty(text: &str) -> Result<Self, LabelsError> {
        Parser { text, at: 0 }.pairs().map(Self::keeping_empty)
    }
}

fn id(labels: &Labels) -> u64 {
    let mut bytes = Vec::with_capacity(256);
    for (name, value) in labels.iter() {
        // 0xFF cannot occur in UTF-8, so no two label sets have the same bytes.
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0xFF);
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0xFF);
    }
    xxh3_64(&bytes)
}

impl Set {
    fn len(&self) -> usize {
        self.ends.len() / 2
    }

    fn pair(&self, at: usize) -> (&str, &str) {
        let begin = if at == 0 { 0 } else { self.ends[2 * at - 1] };
        let (middle, end) = (self.ends[2 * at], self.ends[2 * at + 1]);
        let part = |from: u32, to: u32| &self.text[from as usize..to as usize];
        (part(begin, middle), part(middle, end))
    }

    /// Where a name is, or else where it would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let at = from.midpoint(to);
            match self.pair(at).0.cmp(name) {
                Less => from = at + 1,
                Equal => return Ok(at),
                Greater => to = at,
            }
        }
        Err(from)
    }
}

impl Once {
    fn get_or_init(&self, work_out: impl FnOnce() -> u64) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            0 => {
                let value = work_out();
                self.0.store(value, Ordering::Relaxed);
                value
            }
            value => value,
        }
    }
}

/// Sorted by name, of equal names the last that was given.
fn sorted<N: AsRef<str>, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Vec<(N, V)> {
    let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
    if pairs.is_sorted_by(|(a, _), (b, _)| a.as_ref() < b.as_ref()) {
        return pairs;
    }
    // The sort is stable, so reversed the last of equal names comes first, and is kept.
    pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
    pairs.reverse();
    pairs.dedup_by(|(a, _), (b, _)| a.as_ref() == b.as_ref());
    pairs.reverse();
    pairs
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.is_shared_with(other)
            || matches!((&self.0, &other.0), (Some(one), Some(two))
                if one.text == two.text && one.ends == two.ends)
    }
}

// Labels that are compared mostly share their memory.
impl Eq for Labels {}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if self.is_shared_with(other) { Equal } else { self.iter().cmp(other.iter()) }
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.as_ref().map_or(0, |set| {
            // Senders choose the labels, so it is not the id, for which they can find others.
            static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
            set.hash.get_or_init(|| SEED.hash_one((&set.text, &set.ends)))
        }));
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Labels {
    /// Loki's canonical form, `{a="b", c="d"}`, values quoted as Go's `strconv.Quote` does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={}", Quoted(value))?;
        }
        f.write_str("}")
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self::new(pairs)
    }
}

/// A string as Go's `strconv.Quote` prints it (the label sets of Loki are printed with it).
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{b}' => f.write_str("\\v")?,
                '\u{c}' => f.write_str("\\f")?,
                c if (c as u32) < 0x20 || c == '\u{7f}' => write!(f, "\\x{:02x}", c as u32)?,
                c if c.is_control() || c == '\u{feff}' => write!(f, "\\u{:04x}", c as u32)?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Why a text is not a label set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid labels: {what} at byte {at} of {text:?}")]
pub struct LabelsError {
    /// What was expected or wrong.
    pub what: String,
    /// Where, in bytes from 0.
    pub at: usize,
    /// The text, cut to a readable length.
    pub text: String,
}

/// Whether a name is a legal label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn pairs(mut self) -> Result<Vec<(&'a str, Cow<'a, str>)>, LabelsError> {
        let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
        self.expect('{')?;
        while !self.eat('}') {
            let (name, value) = self.pair()?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(self.error(format!("the label {name:?} comes twice")));
            }
            pairs.push((name, value));
            if !self.eat(',') {
                self.expect('}')?;
                break;
            }
        }
        self.spaces();
        if self.at < self.text.len() {
            return Err(self.error("text after the closing brace".to_owned()));
        }
        Ok(pairs)
    }

    fn pair(&mut self) -> Result<(&'a str, Cow<'a, str>), LabelsError> {
        self.spaces();
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let end = rest.bytes().take_while(is_part).count();
        let name = &rest[..end];
        if !is_label_name(name) {
            return Err(self.error("expected a label name ([a-zA-Z_][a-zA-Z0-9_]*)".to_owned()));
        }
        self.at += end;
        self.expect('=')?;
        Ok((name, self.value()?))
    }

    fn value(&mut self) -> Result<Cow<'a, str>, LabelsError> {
        if self.eat('`') {
            let rest = &self.text[self.at..];
            let end =
                rest.find('`').ok_or_else(|| self.error("a ` that is not closed".to_owned()))?;
            self.at += end + 1;
            return Ok(rest[..end].into());
        }
        self.expect('"')?;
        let rest = &self.text[self.at..];
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        if rest[end..].starts_with('"') {
            self.at += end + 1;
            return Ok(rest[..end].into());
        }
        self.escaped().map(Cow::Owned)
    }

    /// The rest of a value that has escapes.
    fn escaped(&mut self) -> Result<String, LabelsError> {
        let mut bytes = Vec::new();
        loop {
            let c = self.next_char()?;
            match c {
                '"' => break,
                '\\' => self.escape(&mut bytes)?,
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        String::from_utf8(bytes)
            .map_err(|_| self.error("escapes that make no valid UTF-8".to_owned()))
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), LabelsError> {
        let simple = match self.next_char()? {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'a' => 7,
            'b' => 8,
            'v' => 11,
            'f' => 12,
            '\\' => b'\\',
            '"' => b'"',
            '\'' => b'\'',
            'x' => {
                let code = self.digits(2, 16)?;
                u8::try_from(code).map_err(|_| self.error("an escape above 255".to_owned()))?
            }
            'u' => return self.code_point(4, bytes),
            'U' => return self.code_point(8, bytes),
            '0'..='7' => {
                self.at -= 1;
                let code = self.digits(3, 8)?;
                u8::try_from(code).map_err(|_| self.error("an escape above 255".to_owned()))?
            }
            _ => return Err(self.error("an unknown escape".to_owned())),
        };
        bytes.push(simple);
        Ok(())
    }

    fn code_point(&mut self, count: usize, bytes: &mut Vec<u8>) -> Result<(), LabelsError> {
        let code = self.digits(count, 16)?;
        let c = char::from_u32(code)
            .ok_or_else(|| self.error("an escape that is no character".to_owned()))?;
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn digits(&mut self, count: usize, radix: u32) -> Result<u32, LabelsError> {
        let digits = self.text.get(self.at..self.at + count).filter(|d| !d.starts_with('+'));
        let code = digits.and_then(|d| u32::from_str_radix(d, radix).ok());
        let code = code.ok_or_else(|| self.error("a broken escape".to_owned()))?;
        self.at += count;
        Ok(code)
    }

    fn next_char(&mut self) -> Result<char, LabelsError> {
        let c = self.text[self.at..].chars().next();
        let c = c.ok_or_else(|| self.error("a \" that is not closed".to_owned()))?;
        self.at += c.len_utf8();
        Ok(c)
    }

    fn spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        self.spaces();
        let found = self.text[self.at..].starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, c: char) -> Result<(), LabelsError> {
        if self.eat(c) { Ok(()) } else { Err(self.error(format!("expected {c:?}"))) }
    }

    fn error(&self, what: String) -> LabelsError {
        LabelsError { what, at: self.at, text: self.text.chars().take(200).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expect: &str) {
        let shown = match Labels::parse(input) {
            Ok(labels) => labels.to_string(),
            Err(error) => format!("{} at {}", error.what, error.at),
        };
        assert_eq!(shown, expect, "for {input}");
    }

    #[test]
    fn parses_what_it_prints() {
        check("{}", "{}");
        check(r#" { b = "2" , a="1", } "#, r#"{a="1", b="2"}"#);
        check(r#"{a="q\"\\\n\x41\u017c"}"#, r#"{a="q\"\\\nAż"}"#);
        check("{a=`raw\\n`}", r#"{a="raw\\n"}"#);
        check(r#"{a="",b="x"}"#, r#"{b="x"}"#);
    }

    #[test]
    fn says_what_is_wrong() {
        check("", "expected '{' at 0");
        check(r#"{a="x""#, "expected '}' at 6");
        check(r#"{a="x"#, "a \" that is not closed at 5");
        check(r#"{1a="x"}"#, "expected a label name ([a-zA-Z_][a-zA-Z0-9_]*) at 1");
        check(r#"{a="x",a="y"}"#, r#"the label "a" comes twice at 12"#);
        check(r#"{a="x"} z"#, "text after the closing brace at 8");
    }

    #[test]
    fn the_labels_of_an_answer_may_be_empty() {
        let labels = Labels::keeping_empty([("a", ""), ("b", "2")]);
        assert_eq!(Labels::parse_keeping_empty(&labels.to_string()).unwrap(), labels);
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let labels = Labels::new([("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(labels.to_string(), r#"{a="3", b="2"}"#);
        assert_eq!(labels.with("b", "").to_string(), r#"{a="3"}"#);
        let changed = labels.with_all([("c", "4"), ("b", ""), ("a", "5"), ("a", "6")]);
        assert_eq!(changed.to_string(), r#"{a="6", c="4"}"#);
    }

    #[test]
    fn empty_values_stay_only_when_asked_for() {
        assert_eq!(Labels::new([("a", ""), ("b", "2")]).to_string(), r#"{b="2"}"#);
        assert_eq!(Labels::keeping_empty([("b", "2"), ("a", "")]).to_string(), r#"{a="", b="2"}"#);
    }

    #[test]
    fn the_stream_id_is_persisted_so_it_must_not_change() {
        let id = Labels::new([("app", "airflow"), ("namespace", "prod")]).stream_id();
        assert_eq!(id, Labels::parse(r#"{namespace="prod",app="airflow"}"#).unwrap().stream_id());
        assert_eq!(format!("{:016x}", id.0), "8c0df2220a1f3a81");
    }
}
