//! `barogram fmt`

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use collector::configuration::{Laid, lay_out};

use crate::args::FmtArgs;
use crate::parse;
use crate::show::color;

pub(super) fn run(args: &FmtArgs) -> Result<()> {
    if args.files.is_empty() {
        writeln!(std::io::stdout(), "{}", laid_out(&from_stdin()?)?)?;
        return Ok(());
    }
    let (mut wrong, mut other) = (0, 0);
    for path in &args.files {
        let text = if path == Path::new("-") {
            from_stdin()?
        } else {
            let what = || format!("failed to read {}", path.display());
            std::fs::read_to_string(path).with_context(what)?
        };
        match lay_out(&path.display().to_string(), &text, color::wanted_beside()) {
            Laid::Wrong(told) => {
                wrong += 1;
                writeln!(std::io::stderr(), "{told}")?;
            }
            laid => other += usize::from(file(args, path, &text, laid)?),
        }
    }
    match (wrong, other) {
        (0, 0) => Ok(()),
        (0, other) => bail!("files that are not laid out: {other}; barogram fmt --write does it"),
        (wrong, _) => bail!("files that cannot be read: {wrong}"),
    }
}

/// Does with a file what the arguments say. Tells whether it fails the test.
fn file(args: &FmtArgs, path: &Path, text: &str, laid: Laid) -> Result<bool> {
    let is_stdin = path == Path::new("-");
    let mut out = std::io::stdout();
    match laid {
        Laid::Other(_) if args.test => {
            writeln!(out, "{}", path.display())?;
            return Ok(true);
        }
        Laid::Other(laid) if args.write && !is_stdin => {
            let what = || format!("failed to write {}", path.display());
            std::fs::write(path, laid).with_context(what)?;
        }
        Laid::Other(laid) => write!(out, "{laid}")?,
        _ if args.test || args.write && !is_stdin => {}
        _ => write!(out, "{text}")?,
    }
    Ok(false)
}

fn from_stdin() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
    Ok(text)
}

fn laid_out(query: &str) -> Result<String> {
    Ok(logql::pretty(&parse::query(query)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expect: &str) {
        assert_eq!(laid_out(query).unwrap_or_else(|error| error.to_string()), expect);
    }

    #[test]
    fn queries_are_laid_out() {
        check("sum(rate({a=\"b\"}[5m]))\n", "sum(rate({a=\"b\"}[5m]))");
        let long = format!("{{app=\"airflow\"}} |= \"{}\" | json", "x".repeat(90));
        let expect = format!("{{app=\"airflow\"}}\n  |= \"{}\"\n  | json", "x".repeat(90));
        check(&long, &expect);
    }
}
