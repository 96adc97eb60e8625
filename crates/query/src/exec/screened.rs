//! Looks for something rare in all lines of a batch at once. They lie behind one another in a few
//! buffers, and a search that runs over a whole buffer is several times as fast as one that
//! begins anew with each line.

use arrow::array::{ByteView, StringViewArray};
use logql::pipeline::Screen;

/// Bytes between two lines that are searched rather than jumped over: Parquet keeps four there.
const GAP_BYTES_MAX: usize = 16;
/// Arrow keeps lines up to this length in the view itself.
const INLINE_BYTES_MAX: u32 = 12;

/// The rows whose line may have what is looked for, ascending. All rows that have it are among
/// them.
pub(super) fn candidates(lines: &StringViewArray, screen: &Screen<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut region = Region::default();
    for (row, view) in lines.views().iter().enumerate() {
        let view = ByteView::from(*view);
        if view.length <= INLINE_BYTES_MAX {
            region.search(lines, screen, &mut found);
            if screen.find(lines.value(row).as_bytes(), 0).is_some() {
                found.push(row);
            }
            continue;
        }
        let line = Line::new(row, &view);
        if !region.continues_with(&line) {
            region.search(lines, screen, &mut found);
            region.buffer = view.buffer_index as usize;
        }
        region.lines.push(line);
    }
    region.search(lines, screen, &mut found);
    found
}

/// Where a line lies in its buffer.
#[derive(Debug, Clone, Copy)]
struct Line {
    row: usize,
    buffer: usize,
    start: usize,
    end: usize,
}

impl Line {
    fn new(row: usize, view: &ByteView) -> Self {
        let (buffer, start) = (view.buffer_index as usize, view.offset as usize);
        Self { row, buffer, start, end: start + view.length as usize }
    }
}

/// Lines that lie behind one another in one buffer.
#[derive(Debug, Default)]
struct Region {
    buffer: usize,
    lines: Vec<Line>,
}

impl Region {
    fn continues_with(&self, line: &Line) -> bool {
        self.lines.last().is_some_and(|last| {
            line.buffer == self.buffer
                && (last.end..=last.end + GAP_BYTES_MAX).contains(&line.start)
        })
    }

    /// Searches the lines and forgets them.
    fn search(&mut self, all: &StringViewArray, screen: &Screen<'_>, found: &mut Vec<usize>) {
        let (Some(first), Some(last)) = (self.lines.first(), self.lines.last()) else { return };
        let text = &all.data_buffers()[self.buffer][first.start..last.end];
        let base = first.start;
        let (mut from, mut next) = (0, 0);
        while let Some((start, end)) = screen.find(text, from) {
            let (start, end) = (base + start, base + end);
            next += self.lines[next..].partition_point(|line| line.end <= start);
            let Some(line) = self.lines.get(next) else { break };
            // What was found may reach over an edge of the line, and hide what is inside of it.
            let is_inside = line.start <= start && end <= line.end;
            if is_inside || screen.find(&text[line.start - base..line.end - base], 0).is_some() {
                found.push(line.row);
            }
            from = line.end - base;
        }
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, StringViewBuilder};
    use logql::ast::Expr;
    use logql::pipeline::Pipeline;
    use proptest::prelude::*;

    use super::*;

    fn filters(stages: &str) -> Pipeline {
        let Ok(Expr::Log(log)) = logql::parse(&format!("{{a=\"b\"}} {stages}")) else {
            panic!("{stages} are no stages");
        };
        Pipeline::new(&log.stages).unwrap()
    }

    #[track_caller]
    fn check(stages: &str, lines: &StringViewArray) {
        let filters = filters(stages);
        let found = candidates(lines, &filters.screen().unwrap());
        let has = |line: &str| filters.screen().unwrap().find(line.as_bytes(), 0).is_some();
        let expect: Vec<usize> = (0..lines.len()).filter(|row| has(lines.value(*row))).collect();
        assert_eq!(found, expect, "for {stages} in {lines:?}");
    }

    proptest! {
        #[test]
        fn a_search_over_all_finds_what_searches_of_each_find(
            lines in prop::collection::vec("[ab]{0,4}|[ab ]{10,20}|[ab]{40}", 0..40),
            keep in prop::collection::vec(any::<bool>(), 40),
            block in 1_u32..200,
        ) {
            let mut builder = StringViewBuilder::new().with_fixed_block_size(block);
            lines.iter().for_each(|line| builder.append_value(line));
            let all = builder.finish();
            let keep: Vec<bool> = keep[..lines.len()].to_vec();
            let some = arrow::compute::filter(&all, &keep.into()).unwrap();
            let some = some.as_any().downcast_ref().unwrap();
            for stages in ["|= `abba`", "|= `aab` or `bb `", "|~ `ba+b`", "|= `a`"] {
                check(stages, &all);
                check(stages, some);
            }
        }
    }
}
