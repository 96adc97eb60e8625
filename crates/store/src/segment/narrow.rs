//! Which rows a test of their metadata leaves: found by reading those columns alone, so that the
//! lines of the others, which are most of the bytes, are never read.

use arrow::array::{AsArray, DictionaryArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use model::{ColumnKind, Labels};

use super::pieces::Piece;
use super::stats::StreamTable;
use crate::filter::RowTest;
use crate::schema;

/// Narrows pieces, given the batches of their rows in order.
pub(super) struct Narrow<'a> {
    streams: &'a StreamTable,
    test: &'a RowTest,
    pieces: &'a [Piece],
    /// The piece of the next row, and how many of its rows have passed.
    piece: usize,
    passed: u64,
    left: Vec<Piece>,
}

impl<'a> Narrow<'a> {
    pub(super) fn new(streams: &'a StreamTable, pieces: &'a [Piece], test: &'a RowTest) -> Self {
        Self { streams, test, pieces, piece: 0, passed: 0, left: Vec::new() }
    }

    /// Takes the next rows.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let columns = columns(batch, self.test);
        let mut row = 0;
        while row < batch.num_rows() {
            let Some(piece) = self.pieces.get(self.piece) else { break };
            let inside = usize::try_from(piece.rows() - self.passed).unwrap_or(usize::MAX);
            let end = batch.num_rows().min(row.saturating_add(inside));
            while row < end {
                let next = (row + 1..end).find(|next| !is_same(&columns, row, *next));
                let next = next.unwrap_or(end);
                self.take((next - row) as u64, &labels(&columns, row));
                row = next;
            }
            if self.passed == piece.rows() {
                (self.piece, self.passed) = (self.piece + 1, 0);
            }
        }
    }

    /// What is left, in the order of the file.
    pub(super) fn finish(self) -> Vec<Piece> {
        self.left
    }

    /// The next rows of the piece, which have the same metadata.
    fn take(&mut self, rows: u64, metadata: &Labels) {
        let piece = self.pieces[self.piece];
        let first_row = piece.first_row + self.passed;
        self.passed += rows;
        if !(self.test.test)(&self.streams.0[piece.stream].labels, metadata) {
            return;
        }
        let part = Piece { first_row, end_row: first_row + rows, ..piece };
        match self.left.last_mut() {
            Some(last) if last.stream == part.stream && last.end_row == part.first_row => {
                last.end_row = part.end_row;
            }
            _ => self.left.push(part),
        }
    }
}

type Column<'a> = (&'a str, &'a DictionaryArray<Int32Type>);

/// The columns of the batch that the test looks at.
fn columns<'a>(batch: &'a RecordBatch, test: &'a RowTest) -> Vec<Column<'a>> {
    let schema = batch.schema_ref();
    let found = test.names.iter().filter_map(|name| {
        let at = schema::find(schema, ColumnKind::Metadata, name)?;
        Some((name.as_str(), batch.column(at).as_dictionary_opt::<Int32Type>()?))
    });
    found.collect()
}

fn is_same(columns: &[Column<'_>], row: usize, other: usize) -> bool {
    columns.iter().all(|(_, column)| column.key(row) == column.key(other))
}

fn labels(columns: &[Column<'_>], row: usize) -> Labels {
    Labels::new(columns.iter().filter_map(|(name, column)| {
        let values: &StringArray = column.values().as_string();
        Some((*name, values.value(column.key(row)?)))
    }))
}
