//! Which rows of a broken segment can be read: page by page, column by column.

use std::collections::BTreeSet;
use std::ops::Range;

use futures::TryStreamExt;

use super::rows::batch_rows;
use crate::segment::Segment;
use crate::{Error, ErrorKind};

/// Rows that can be read or not as one, since each column has them in one page, or can be read as a
/// whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) rows: Range<u64>,
    /// The columns that cannot be read.
    pub(super) unreadable: Vec<usize>,
    /// Where the first of them has its page, in bytes.
    pub(super) offset: Option<u64>,
}

impl Unit {
    pub(super) fn len(&self) -> u64 {
        self.rows.end - self.rows.start
    }

    /// Whether times and lines can be read, without which there is no row.
    pub(super) fn has_lines(&self) -> bool {
        !self.unreadable.iter().any(|column| *column < 2)
    }
}

/// Divides the rows of a segment.
///
/// # Errors
/// When the object store fails.
pub(super) async fn units(segment: &Segment) -> Result<Vec<Unit>, Error> {
    let mut units = Vec::new();
    let bounds = segment.row_groups();
    let columns: Vec<usize> = (0..segment.schema().fields().len()).collect();
    for (group, bound) in bounds.windows(2).enumerate() {
        let rows = bound[0]..bound[1];
        if can_read(segment, &rows, &columns).await? {
            units.push(Unit { rows, unreadable: Vec::new(), offset: None });
            continue;
        }
        for rows in cut(segment, group, rows) {
            units.push(unit(segment, group, rows, &columns, bound[0]).await?);
        }
    }
    Ok(units)
}

async fn unit(
    segment: &Segment,
    group: usize,
    rows: Range<u64>,
    columns: &[usize],
    group_start: u64,
) -> Result<Unit, Error> {
    let mut unreadable = Vec::new();
    if !can_read(segment, &rows, columns).await? {
        for column in columns {
            if !can_read(segment, &rows, &[*column]).await? {
                unreadable.push(*column);
            }
        }
    }
    let row = i64::try_from(rows.start - group_start).unwrap_or(i64::MAX);
    let page = unreadable.first().and_then(|column| {
        let pages = pages(segment, group, *column)?;
        pages.iter().rfind(|page| page.first_row_index <= row)
    });
    let offset = page.and_then(|page| u64::try_from(page.offset).ok());
    Ok(Unit { rows, unreadable, offset })
}

/// Reads rows to see whether it works.
async fn can_read(segment: &Segment, rows: &Range<u64>, columns: &[usize]) -> Result<bool, Error> {
    let read = async {
        let columns = columns.iter().copied();
        let mut batches = segment.read([rows.clone()], columns, batch_rows(segment))?;
        while batches.try_next().await?.is_some() {}
        Ok(())
    };
    match read.await {
        Ok(()) => Ok(true),
        Err(error) if Error::kind(&error) == ErrorKind::Retry => Err(error),
        Err(_) => Ok(false),
    }
}

/// Cuts the rows of a row group wherever any column begins a page.
fn cut(segment: &Segment, group: usize, rows: Range<u64>) -> Vec<Range<u64>> {
    let columns = 0..segment.schema().fields().len();
    let pages = columns.filter_map(|column| pages(segment, group, column)).flatten();
    let starts = pages.filter_map(|page| u64::try_from(page.first_row_index).ok());
    let starts = starts.map(|row| rows.start.saturating_add(row));
    let mut cuts: BTreeSet<u64> = starts.filter(|row| rows.contains(row)).collect();
    cuts.extend([rows.start, rows.end]);
    let cuts: Vec<u64> = cuts.into_iter().collect();
    cuts.windows(2).map(|cut| cut[0]..cut[1]).collect()
}

type Page = parquet::file::page_index::offset_index::PageLocation;

fn pages(segment: &Segment, group: usize, column: usize) -> Option<&[Page]> {
    let index = segment.parquet().offset_index()?.get(group)?.get(column)?;
    Some(index.page_locations())
}
