//! `barogram fmt`

use std::io::{Read, Write};

use anyhow::{Context, Result};

use crate::parse;

pub(super) fn run() -> Result<()> {
    let mut query = String::new();
    std::io::stdin().read_to_string(&mut query).context("failed to read the query from stdin")?;
    writeln!(std::io::stdout(), "{}", laid_out(&query)?)?;
    Ok(())
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
