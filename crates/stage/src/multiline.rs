//! `stage.multiline`: joins lines that belong together: one that matches `firstline` and those that
//! follow it, of each label set for itself. Lines before the first such line pass as they are.

use std::time::Duration;

use alloy::decode::Arguments;
use logql::regex::Regex;
use model::Timestamp;

use crate::entry::Entry;
use crate::error::Error;
use crate::process::{Context, Flow, Process};
use crate::streams::{Holds, Streams};

/// The longest block in bytes; a line that would make it longer begins a block of its own. Alloy
/// has no such bound but `max_lines`; nothing downstream takes entries of more than a few MiB.
const BLOCK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What the first line of a block matches.
    pub firstline: String,
    /// How long a block waits for its next line.
    pub max_wait_time: Duration,
    /// How many lines a block may have.
    pub max_lines: u64,
    /// Whether newlines at the end of a block's lines are left out.
    pub trim_newlines: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            firstline: String::new(),
            max_wait_time: Duration::from_secs(3),
            max_lines: 128,
            trim_newlines: true,
        }
    }
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        let default = Self::default();
        Self {
            firstline: args.required("firstline"),
            max_wait_time: args.given::<Duration>("max_wait_time").unwrap_or(default.max_wait_time),
            max_lines: args.optional("max_lines", default.max_lines),
            trim_newlines: args.optional("trim_newlines", default.trim_newlines),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Multiline {
    first: Regex,
    wait: Duration,
    lines_max: u64,
    trims: bool,
    blocks: Streams<Block>,
    /// No block is due before this.
    due: Option<Timestamp>,
}

/// The block of a label set: open when it has lines.
#[derive(Debug, Default)]
struct Block {
    /// The first line's entry; its line is the block so far. Its labels and time stay when it is
    /// let go before its end, for lines that follow.
    entry: Entry,
    lines: u64,
    deadline: Timestamp,
}

impl Multiline {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        if config.firstline.is_empty() {
            return Err(Error::new("firstline", "a regular expression is needed"));
        }
        if config.max_wait_time.is_zero() {
            return Err(Error::new("max_wait_time", "must be greater than 0"));
        }
        let first = Regex::new(&config.firstline);
        Ok(Self {
            first: first.map_err(|error| Error::new("firstline", error))?,
            wait: config.max_wait_time,
            lines_max: if config.max_lines == 0 { u64::MAX } else { config.max_lines },
            trims: config.trim_newlines,
            blocks: Streams::default(),
            due: None,
        })
    }
}

impl Process for Multiline {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        let is_first = self.first.is_match(&entry.line);
        let (blocks, labels) = (&mut self.blocks, &entry.labels);
        let block = if is_first { Some(blocks.of(labels)) } else { blocks.get(labels) };
        let Some(block) = block else { return Flow::Next };
        let deadline = context.now + self.wait;
        self.due = Some(self.due.map_or(deadline, |due| due.min(deadline)));
        let (lines_max, trims) = (self.lines_max, self.trims);
        block.deadline = deadline;
        let is_full = block.entry.line.len() + entry.line.len() > BLOCK_BYTES_MAX;
        let before = (block.lines > 0 && (is_first || is_full)).then(|| block.take());
        if trims {
            entry.line.truncate(entry.line.trim_end_matches(['\n', '\r']).len());
        }
        if is_first {
            block.begin(entry);
        } else {
            block.append(entry);
        }
        let full = (block.lines >= lines_max).then(|| block.take());
        match (before, full) {
            (Some(before), Some(full)) => return Flow::Many(vec![before, full]),
            (Some(ready), None) | (None, Some(ready)) => *entry = ready,
            (None, None) => return Flow::Hold,
        }
        Flow::Next
    }

    fn tick(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        if self.due.is_none_or(|due| due > context.now) {
            return;
        }
        let open = self.blocks.iter_mut().filter(|block| block.holds());
        out.extend(open.filter(|block| block.deadline <= context.now).map(Block::take));
        let open = self.blocks.iter().filter(|block| block.holds());
        self.due = open.map(|block| block.deadline).min();
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.due
    }

    fn flush(&mut self, _context: &mut Context<'_>, out: &mut Vec<Entry>) {
        out.extend(self.blocks.iter_mut().filter(|block| block.holds()).map(Block::take));
        self.due = None;
    }
}

impl Holds for Block {
    fn holds(&self) -> bool {
        self.lines > 0
    }
}

impl Block {
    fn begin(&mut self, entry: &mut Entry) {
        self.entry = std::mem::take(entry);
        self.lines = 1;
    }

    /// Adds a line to the block. An empty one at its beginning stays one, other than in Alloy.
    fn append(&mut self, entry: &mut Entry) {
        let block = &mut self.entry.line;
        if self.lines > 0 {
            block.push('\n');
        }
        block.push_str(&entry.line);
        self.entry.origins.merge(std::mem::take(&mut entry.origins));
        self.lines += 1;
    }

    /// The block so far. What follows it before the next first line has its labels, its time and
    /// what was extracted from it.
    fn take(&mut self) -> Entry {
        self.lines = 0;
        let Entry { labels, timestamp, line, metadata, extracted, origins } = &mut self.entry;
        Entry {
            labels: labels.clone(),
            timestamp: *timestamp,
            line: std::mem::take(line),
            metadata: metadata.clone(),
            extracted: extracted.clone(),
            origins: std::mem::take(origins),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Labels;

    use super::*;
    use crate::config::StageConfig;
    use crate::pipeline::Pipeline;
    use crate::testing::{check_error, show};

    fn of(firstline: &str) -> Config {
        Config { firstline: firstline.into(), ..Config::default() }
    }

    /// Lines at seconds in a stream each; `tick` alone lets the time pass.
    #[track_caller]
    fn check(config: Config, lines: &[(i64, &str, &str)], expect: &str) {
        let mut pipeline = Pipeline::new(&[StageConfig::Multiline(config)], 0).unwrap();
        let mut out = Vec::new();
        for (second, stream, line) in lines {
            let now = Timestamp::from_secs(*second);
            if pipeline.next_deadline().is_some_and(|deadline| deadline <= now) {
                pipeline.tick(now, &mut out);
            }
            if *line != "tick" {
                let labels = Labels::new([("s", *stream)]);
                pipeline.process(Entry::new(labels, Timestamp(0), *line), now, &mut out);
            }
        }
        out.push(Entry::new(Labels::default(), Timestamp(0), "end"));
        pipeline.flush(Timestamp::MAX, &mut out);
        assert_eq!(pipeline.next_deadline(), None);
        let shown: Vec<String> = out.iter().map(|entry| show(entry).replace("s=", "")).collect();
        assert_eq!(shown.join("; ").replace('\n', "/"), expect);
    }

    #[test]
    fn a_block_begins_with_its_first_line() {
        let lines = ["before", "[1] a", "  b", "  c", "[2] d"];
        let lines = lines.map(|line| (0, "x", line));
        check(of(r"^\["), &lines, r#"{"x"} before; {"x"} [1] a/  b/  c; {} end; {"x"} [2] d"#);
    }

    #[test]
    fn streams_do_not_mix() {
        let lines = [(0, "x", "[a"), (0, "y", "[b"), (0, "x", "c"), (0, "y", "d"), (0, "z", "e")];
        check(of(r"^\["), &lines, r#"{"z"} e; {} end; {"x"} [a/c; {"y"} [b/d"#);
    }

    #[test]
    fn a_block_does_not_wait_for_ever() {
        let lines = [(0, "x", "[a"), (2, "x", "b"), (4, "x", "c"), (7, "x", "tick"), (8, "x", "d")];
        check(of(r"^\["), &lines, r#"{"x"} [a/b/c; {} end; {"x"} d"#);
    }

    #[test]
    fn a_block_has_only_so_many_lines() {
        let config = Config { max_lines: 2, ..of(r"^\[") };
        let lines = ["[a", "b", "c", "d", "e"].map(|line| (0, "x", line));
        check(config, &lines, r#"{"x"} [a/b; {"x"} c/d; {} end; {"x"} e"#);
        let config = Config { max_lines: 1, ..of(r"^\[") };
        let lines = ["[a", "b", "[c"].map(|line| (0, "x", line));
        check(config, &lines, r#"{"x"} [a; {"x"} b; {"x"} [c; {} end"#);
    }

    #[test]
    fn newlines_at_the_end() {
        let lines = ["[a\n", "b\r\n"].map(|line| (0, "x", line));
        check(of(r"^\["), &lines, r#"{} end; {"x"} [a/b"#);
        let config = Config { trim_newlines: false, ..of(r"^\[") };
        check(config, &lines, "{} end; {\"x\"} [a//b\r/");
        let alone = [(0, "x", "[a\r\n"), (9, "x", "tick")];
        check(of(r"^\["), &alone, r#"{"x"} [a; {} end"#);
    }

    #[test]
    fn empty_lines_of_a_block_are_kept() {
        let lines = ["[a\r", "", "", "b", "", "[c"].map(|line| (0, "x", line));
        check(of(r"^\["), &lines, r#"{"x"} [a///b/; {} end; {"x"} [c"#);
        let lines = ["", "a", "b", ""].map(|line| (0, "x", line));
        check(of("^$"), &lines, r#"{"x"} /a/b; {} end; {"x"} "#);
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Multiline(config), expect);
        check(of(""), "stage.multiline: firstline: a regular expression is needed");
        check(
            Config { max_wait_time: Duration::ZERO, ..of("x") },
            "stage.multiline: max_wait_time: must be greater than 0",
        );
        check(of("["), "stage.multiline: firstline: error parsing regexp: missing closing ]: `[`");
    }
}
