//! Plain columns: each as wide as its widest cell and two spaces, as Go's tabwriter lays them out.

use std::io::{self, Write};

/// Between two columns.
const GAP: usize = 2;

/// Prints rows; the last column is not padded.
///
/// # Errors
/// When the output cannot be written.
pub fn print<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            let width = if index + 1 == N { 0 } else { width + GAP };
            write!(out, "{cell:width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["name", "n"], ["é", "10"], ["longer", "2"]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        print(&mut out, &rows).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        name    n
        é       10
        longer  2
        ");
    }
}
