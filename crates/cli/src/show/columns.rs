//! Plain columns: each as wide as its widest cell and two spaces, as Go's tabwriter lays them out.

use std::array::from_fn;
use std::io::{self, Write};

use super::color;

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

/// Prints rows under names. Columns of numbers, with or without units, stand to the right.
///
/// # Errors
/// When the output cannot be written.
pub fn headed<const N: usize>(
    out: &mut impl Write,
    names: [&str; N],
    rows: Vec<[String; N]>,
    colored: bool,
) -> io::Result<()> {
    let is_number = |cell: &str| cell.split(' ').next().is_some_and(|n| n.parse::<f64>().is_ok());
    let numeric: [bool; N] = from_fn(|at| rows.iter().all(|row| is_number(&row[at])));
    let mut all = vec![names.map(str::to_owned)];
    all.extend(rows);
    for at in (0..N).filter(|at| numeric[*at]) {
        let width = all.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        all.iter_mut().for_each(|row| row[at] = format!("{:>width$}", row[at]));
    }
    let mut table = Vec::new();
    print(&mut table, &all)?;
    let table = String::from_utf8_lossy(&table);
    let (names, rows) = table.split_once('\n').unwrap_or((&table, ""));
    writeln!(out, "{}", color::bold(names, colored))?;
    write!(out, "{rows}")
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
    #[test]
    fn numbers_stand_to_the_right_of_their_column() {
        let rows = [["a", "7", "x"], ["b", "12 kB", "3"]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        headed(&mut out, ["name", "bytes", "note"], rows.to_vec(), false).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        name  bytes  note
        a         7  x
        b     12 kB  3
        ");
    }
}
