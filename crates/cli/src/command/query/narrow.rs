//! What `--dag`, `--task` and the others of Airflow's names add to a query.

use anyhow::{Result, bail};
use logql::ast::{Expr, MatchOp, Matcher, Span};

use crate::args::AirflowArgs;
use crate::parse;

/// The query with the matchers that Airflow's names add to its selector. A query that needs nothing
/// added goes to the server as it was typed.
pub(in crate::command) fn narrowed(query: Option<&str>, airflow: &AirflowArgs) -> Result<String> {
    let added = matchers(airflow);
    match query {
        Some(query) if added.is_empty() => Ok(query.to_owned()),
        None if added.is_empty() => {
            bail!("give a query, such as '{{namespace=\"airflow\"}}', or name a DAG with --dag")
        }
        Some(query) => narrow(parse::query(query)?, added),
        None => {
            let Expr::Log(mut log) = parse::query("{dag_id=~\".+\"}")? else {
                bail!("a selector is a query for lines")
            };
            log.selector.matchers = added;
            Ok(Expr::Log(log).to_string())
        }
    }
}

fn narrow(mut expr: Expr, added: Vec<Matcher>) -> Result<String> {
    let selector = match &mut expr {
        Expr::Log(log) => &mut log.selector,
        Expr::Count(count) => &mut count.log.selector,
        Expr::Metric(_) => bail!(
            "--dag, --task, --run and --try narrow queries for lines; write them into this one"
        ),
    };
    selector.matchers.extend(added);
    Ok(expr.to_string())
}

fn matchers(airflow: &AirflowArgs) -> Vec<Matcher> {
    let try_number = airflow.try_number.map(|n| n.to_string());
    let map_index = airflow.map_index.map(|n| n.to_string());
    let given = [
        ("dag_id", &airflow.dag),
        ("task_id", &airflow.task),
        ("run_id", &airflow.run),
        ("try_number", &try_number),
        ("map_index", &map_index),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let matcher = |(name, value): (&str, String)| Matcher {
        name: name.to_owned(),
        op: MatchOp::Eq,
        value,
        span: Span::default(),
    };
    given.map(matcher).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: Option<&str>, dag: Option<&str>, try_number: Option<u32>, expect: &str) {
        let airflow =
            AirflowArgs { dag: dag.map(str::to_owned), try_number, ..AirflowArgs::default() };
        let seen = narrowed(query, &airflow).unwrap_or_else(|error| error.to_string());
        assert_eq!(seen, expect);
    }

    #[test]
    fn airflows_names_narrow_a_selector() {
        check(Some("{a=\"b\"}   |= 'x'"), None, None, "{a=\"b\"}   |= 'x'");
        check(None, Some("etl"), Some(2), r#"{dag_id="etl", try_number="2"}"#);
        let query = r#"{namespace="airflow"} |= "ERROR""#;
        check(Some(query), Some("etl"), None, r#"{namespace="airflow", dag_id="etl"} |= "ERROR""#);
        check(
            Some(r#"{a="b"} | count by (task_id)"#),
            Some("etl"),
            None,
            r#"{a="b", dag_id="etl"} | count by (task_id)"#,
        );
    }

    #[test]
    fn what_cannot_be_narrowed_says_so() {
        let wanted =
            "--dag, --task, --run and --try narrow queries for lines; write them into this one";
        check(Some(r#"rate({a="b"}[1m])"#), Some("etl"), None, wanted);
        check(
            None,
            None,
            None,
            "give a query, such as '{namespace=\"airflow\"}', or name a DAG with --dag",
        );
    }
}
