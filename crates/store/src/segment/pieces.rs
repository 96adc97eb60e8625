//! Which rows of a segment are read, and how they are divided: pure arithmetic on row numbers.
//!
//! `bounds` are always the rows at which the row groups begin, and the end of the last.

use std::ops::Range;

/// Rows of one stream that may match: `stream` is the place in the stream table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: usize,
    pub(crate) first_row: u64,
    pub(crate) end_row: u64,
    /// Whether all of the stream's rows are of the time that is asked for.
    pub(crate) all_inside: bool,
}

impl Piece {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.end_row - self.first_row
    }
}

/// Divides pieces into parts of about `rows_max` rows. No row group is in two parts, so none is
/// read twice.
pub(crate) fn divide(pieces: &[Piece], bounds: &[u64], rows_max: u64) -> Vec<Vec<Piece>> {
    let mut parts: Vec<Vec<Piece>> = Vec::new();
    let (mut rows, mut last_group) = (u64::MAX, usize::MAX);
    for piece in pieces {
        for (group, range) in by_row_group(piece.first_row..piece.end_row, bounds) {
            if rows >= rows_max && group != last_group {
                parts.push(Vec::new());
                rows = 0;
            }
            let piece = Piece { first_row: range.start, end_row: range.end, ..*piece };
            rows += piece.rows();
            last_group = group;
            parts.last_mut().expect("the first row group is another than none").push(piece);
        }
    }
    parts
}

/// Divides rows where row groups begin, and tells the row group of each range.
pub(crate) fn by_row_group(
    rows: Range<u64>,
    bounds: &[u64],
) -> impl Iterator<Item = (usize, Range<u64>)> {
    let groups = bounds.windows(2).enumerate();
    groups.filter_map(move |(group, bound)| {
        let &[begin, end] = bound else { return None };
        let range = rows.start.max(begin)..rows.end.min(end);
        (range.start < range.end).then_some((group, range))
    })
}

/// Rows of some row groups: `ranges` count from the first row of the first group that is read, as
/// if the groups lay one behind the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) groups: Vec<usize>,
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) rows: usize,
}

/// Finds the row groups of ascending ranges.
pub(super) fn select(bounds: &[u64], ranges: impl IntoIterator<Item = Range<u64>>) -> Selected {
    let mut selected = Selected { groups: Vec::new(), ranges: Vec::new(), rows: 0 };
    let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    // Where the last group begins, if all that are read lie one behind the other.
    let mut before = 0;
    for (group, range) in ranges.into_iter().flat_map(|range| by_row_group(range, bounds)) {
        if selected.groups.last() != Some(&group) {
            before = selected.rows;
            selected.groups.push(group);
            selected.rows += count(bounds[group + 1] - bounds[group]);
        }
        let moved = |row: u64| before + count(row - bounds[group]);
        selected.ranges.push(moved(range.start)..moved(range.end));
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [u64; 4] = [0, 10, 20, 30];

    #[track_caller]
    fn check(ranges: &[(u64, u64)], groups: &[usize], expect: &[(usize, usize)]) {
        let selected = select(&BOUNDS, ranges.iter().map(|(from, to)| *from..*to));
        let found: Vec<_> = selected.ranges.iter().map(|range| (range.start, range.end)).collect();
        assert_eq!((&selected.groups[..], &found[..]), (groups, expect));
        assert_eq!(selected.rows, 10 * groups.len());
    }

    #[test]
    fn only_row_groups_with_wanted_rows_are_read() {
        check(&[], &[], &[]);
        check(&[(0, 30)], &[0, 1, 2], &[(0, 10), (10, 20), (20, 30)]);
        check(&[(25, 26)], &[2], &[(5, 6)]);
        check(&[(1, 2), (3, 4), (22, 24)], &[0, 2], &[(1, 2), (3, 4), (12, 14)]);
        check(&[(9, 21)], &[0, 1, 2], &[(9, 10), (10, 20), (20, 21)]);
        check(&[(10, 20)], &[1], &[(0, 10)]);
    }

    #[track_caller]
    fn check_divide(pieces: &[(u64, u64)], rows_max: u64, expect: &[&[(u64, u64)]]) {
        let pieces = pieces.iter().zip(0..).map(|((first_row, end_row), stream)| Piece {
            stream,
            first_row: *first_row,
            end_row: *end_row,
            all_inside: true,
        });
        let parts = divide(&pieces.collect::<Vec<_>>(), &BOUNDS, rows_max);
        let rows = |part: &Vec<Piece>| part.iter().map(|p| (p.first_row, p.end_row)).collect();
        let parts: Vec<Vec<(u64, u64)>> = parts.iter().map(rows).collect();
        assert_eq!(parts, expect);
    }

    #[test]
    fn pieces_are_divided_between_row_groups() {
        check_divide(&[], 5, &[]);
        check_divide(&[(0, 30)], 10, &[&[(0, 10)], &[(10, 20)], &[(20, 30)]]);
        check_divide(&[(0, 30)], 11, &[&[(0, 10), (10, 20)], &[(20, 30)]]);
        check_divide(&[(0, 4), (6, 9), (12, 13)], 3, &[&[(0, 4), (6, 9)], &[(12, 13)]]);
        check_divide(&[(3, 4), (12, 13)], 3, &[&[(3, 4), (12, 13)]]);
    }
}
