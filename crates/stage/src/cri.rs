//! `stage.cri`: lines as a container's runtime writes them, `<time> <stream> <P or F> <bytes>`,
//! unwrapped. Partial lines (`P`) are joined until the full one that ends them, those of each label
//! set for themselves. A line of another form passes as it is.
//!
//! Of the values `flags`, `stream`, `content` and `time` those are extracted that a stage reads.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::decode::Arguments;
use model::{Labels, Timestamp, rfc3339};

use crate::counts::{LINES_TRUNCATED, PARTIAL_LINES_FLUSHED};
use crate::entry::Entry;
use crate::error::Error;
use crate::extracted::{Extracted, Value};
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};
use crate::reads::Reads;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How many label sets may have an open partial line.
    pub max_partial_lines: usize,
    /// How long a joined line may get, in bytes.
    pub max_partial_line_size: u64,
    /// Whether to cut joined lines that get longer.
    pub max_partial_line_size_truncate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_partial_lines: 100,
            max_partial_line_size: 0,
            max_partial_line_size_truncate: false,
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            max_partial_lines: args.optional("max_partial_lines", default.max_partial_lines),
            max_partial_line_size: args.optional("max_partial_line_size", 0),
            max_partial_line_size_truncate: args.optional("max_partial_line_size_truncate", false),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Cri {
    lines_max: usize,
    bytes_max: Option<usize>,
    stream: [Arc<str>; 1],
    /// The other values that some stage reads.
    flags: Option<Arc<str>>,
    content: Option<Arc<str>>,
    time: Option<Arc<str>>,
    reads_stream: bool,
    memo: Memo,
    open: BTreeMap<Labels, Entry>,
}

impl Cri {
    pub(crate) fn build(config: &Config, reads: &Reads) -> Result<Self, Error> {
        if config.max_partial_lines == 0 {
            return Err(Error::new("max_partial_lines", "must be greater than 0"));
        }
        let size = usize::try_from(config.max_partial_line_size).unwrap_or(usize::MAX);
        let wanted = |name: &str| reads.contains(name).then(|| Arc::from(name));
        Ok(Self {
            lines_max: config.max_partial_lines,
            bytes_max: config.max_partial_line_size_truncate.then_some(size),
            stream: ["stream".into()],
            flags: wanted("flags"),
            content: wanted("content"),
            time: wanted("time"),
            reads_stream: reads.contains("stream"),
            memo: Memo::default(),
            open: BTreeMap::new(),
        })
    }
}

impl Process for Cri {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let Entry { line, timestamp, extracted, .. } = &mut *entry;
        let Some(record) = Record::parse(line) else { return Flow::Next };
        *timestamp = record.timestamp.unwrap_or(*timestamp);
        self.extract(&record, extracted);
        let (stream, is_partial) = (record.stream, record.is_partial);
        // The content is all that is left behind the other fields.
        let start = line.len() - record.content.len();
        line.drain(..start);
        entry.labels = self.memo.set(&entry.labels, &self.stream, |_| Some(Cow::Borrowed(stream)));
        if is_partial {
            return self.hold(entry, context);
        }
        if !self.open.is_empty()
            && let Some(before) = self.open.remove(&entry.labels)
        {
            join(before, entry);
            self.cut(entry, context);
        }
        Flow::Next
    }

    fn flush(&mut self, _context: &mut Context<'_>, out: &mut Vec<Entry>) {
        out.extend(std::mem::take(&mut self.open).into_values());
    }
}

impl Cri {
    fn extract(&self, record: &Record<'_>, extracted: &mut Extracted) {
        if self.reads_stream {
            extracted.set(&self.stream[0], Value::Word(record.stream));
        }
        if let Some(name) = &self.flags {
            extracted.set(name, Value::Word(if record.is_partial { "P" } else { "F" }));
        }
        if let Some(name) = &self.content {
            extracted.set(name, Value::Text(record.content.to_owned()));
        }
        if let Some(name) = &self.time {
            extracted.set(name, Value::Text(record.time.to_owned()));
        }
    }

    /// Keeps a partial line. When there are too many, those that were there go as they are.
    fn hold(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let mut flow = Flow::Hold;
        if let Some(before) = self.open.remove(&entry.labels) {
            join(before, entry);
        } else if self.open.len() >= self.lines_max {
            let flushed: Vec<Entry> = std::mem::take(&mut self.open).into_values().collect();
            context.counts.add(PARTIAL_LINES_FLUSHED, &Labels::default(), flushed.len() as u64);
            flow = Flow::Many(flushed);
        }
        self.cut(entry, context);
        self.open.insert(entry.labels.clone(), std::mem::take(entry));
        flow
    }

    fn cut(&self, entry: &mut Entry, context: &mut Context<'_>) {
        if let Some(bytes_max) = self.bytes_max
            && entry.line.len() > bytes_max
        {
            entry.line.truncate(entry.line.floor_char_boundary(bytes_max));
            context.counts.add(LINES_TRUNCATED, &Labels::default(), 1);
        }
    }
}

/// Puts what came before in front of an entry, which keeps its time and its labels.
fn join(mut before: Entry, entry: &mut Entry) {
    before.line.push_str(&entry.line);
    entry.line = before.line;
    before.origins.merge(std::mem::take(&mut entry.origins));
    entry.origins = before.origins;
}

/// One line of a runtime.
struct Record<'a> {
    time: &'a str,
    timestamp: Option<Timestamp>,
    stream: &'static str,
    is_partial: bool,
    content: &'a str,
}

impl<'a> Record<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(4, ' ');
        let time = fields.next().filter(|time| !time.is_empty())?;
        let stream = match fields.next()? {
            "stdout" => "stdout",
            "stderr" => "stderr",
            _ => return None,
        };
        // The format allows for more flags, separated by colons; the first is the one that counts.
        let is_partial = match fields.next()?.split(':').next()? {
            "P" => true,
            "F" => false,
            _ => return None,
        };
        let content = fields.next().unwrap_or_default();
        Some(Self { time, timestamp: rfc3339::parse(time.as_bytes()), stream, is_partial, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error, check_lines};

    fn cri(config: Config) -> [StageConfig; 1] {
        [StageConfig::Cri(config)]
    }

    fn cut_at(bytes: u64) -> Config {
        let max_partial_line_size_truncate = true;
        Config { max_partial_line_size: bytes, max_partial_line_size_truncate, ..Config::default() }
    }

    #[test]
    fn a_line_is_unwrapped() {
        let check =
            |line: &str, expect: &str| check(&cri(Config::default()), "{a=\"1\"}", line, expect);
        check(
            "2019-04-30T02:12:41.8443515Z stdout F message",
            r#"{a="1", stream="stdout"} message @1556590361844351500"#,
        );
        // What a program indents stays indented.
        check("1970-01-01T00:00:01Z stderr F   x ", r#"{a="1", stream="stderr"}   x  @1000000000"#);
        check("1970-01-01T00:00:01Z stderr F", r#"{a="1", stream="stderr"}  @1000000000"#);
        check("1970-01-01T00:00:01Z stdout F:x y", r#"{a="1", stream="stdout"} y @1000000000"#);
        check("no-time stdout F x", r#"{a="1", stream="stdout"} x"#);
        for other in ["", "message", "1970-01-01T00:00:01Z stdin F x", "t stdout X x"] {
            check(other, &format!("{{a=\"1\"}} {other}"));
        }
    }

    #[test]
    fn partial_lines_are_joined_in_their_stream() {
        let lines =
            ["t stdout P a", "t stderr F x", "t stdout P b", "t stdout F c", "t stdout P d"];
        check_lines(
            &cri(Config::default()),
            "{}",
            &lines,
            r#"{stream="stderr"} x || {stream="stdout"} abc || {stream="stdout"} d"#,
        );
        check_lines(
            &cri(cut_at(2)),
            "{}",
            &lines[..4],
            r#"{stream="stderr"} x || {stream="stdout"} ab"#,
        );
    }

    #[test]
    fn too_many_partial_lines_go_as_they_are() {
        let config = Config { max_partial_lines: 1, ..Config::default() };
        check_lines(
            &cri(config),
            "{}",
            &["t stdout P a", "t stderr P x", "t stderr F y"],
            r#"{stream="stdout"} a || {stream="stderr"} xy"#,
        );
        let config = Config { max_partial_lines: 0, ..Config::default() };
        check_error(
            StageConfig::Cri(config),
            "stage.cri: max_partial_lines: must be greater than 0",
        );
    }

    #[test]
    fn values_are_extracted_for_those_who_read_them() {
        let output = StageConfig::Output(crate::output::Config { source: "flags".into() });
        let [cri] = cri(Config::default());
        check(&[cri, output], "{}", "t stdout F x", r#"{stream="stdout"} F <flags=F>"#);
    }
}
