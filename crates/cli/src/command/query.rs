//! `barogram query`

use anyhow::{Result, bail};
use logql::ast::{Expr, MatchOp, Matcher, Span};
use loki::query::{Direction, RangeQuery};
use loki::response::{QueryResponse, QueryResult};
use model::SystemClock;

use crate::args::{AirflowArgs, ClientArgs, QueryArgs};
use crate::client::Client;
use crate::show::lines::{self, Style, common_labels, labels_text};
use crate::show::{color, numbers};

pub(super) async fn run(client: &ClientArgs, args: &QueryArgs) -> Result<()> {
    let request = request(args)?;
    let style = Style {
        output: client.output,
        labels: args.labels.clone(),
        zone: crate::time::zone(&client.timezone)?,
        colored: color::wanted(),
    };
    let mut is_first = true;
    let mut print = |response: QueryResponse| {
        print_warnings(&response.warnings, client.quiet);
        let out = &mut std::io::stdout().lock();
        match &response.data.result {
            QueryResult::Streams(streams) => {
                if is_first && !client.quiet {
                    print_common(&labels_text(&common_labels(streams)));
                }
                is_first = false;
                lines::print(out, streams, request.direction, &style)?;
            }
            numbers => numbers::json(out, numbers)?,
        }
        Ok(())
    };
    Client::new(client)?.all_lines(&request, args.batch, &mut print).await?;
    Ok(())
}

fn request(args: &QueryArgs) -> Result<RangeQuery> {
    let bounds = crate::time::bounds(&args.range, &SystemClock)?;
    let step = match &args.step {
        None => bounds.default_step(),
        Some(text) => crate::time::since(text)?,
    };
    let interval =
        args.interval.as_deref().map_or_else(|| Ok(Default::default()), crate::time::since)?;
    Ok(RangeQuery {
        query: narrowed(args.query.as_deref(), &args.airflow)?,
        bounds,
        step,
        interval,
        limit: args.limit,
        direction: if args.forward { Direction::Forward } else { Direction::Backward },
    })
}

/// The query with what `--dag`, `--task` and the others add to its selector. A query that needs
/// nothing added goes to the server as it was typed.
fn narrowed(query: Option<&str>, airflow: &AirflowArgs) -> Result<String> {
    let added = matchers(airflow);
    match query {
        Some(query) if added.is_empty() => Ok(query.to_owned()),
        None if added.is_empty() => {
            bail!("give a query, such as '{{namespace=\"airflow\"}}', or name a DAG with --dag")
        }
        None => logql::parse("{namespace=~\".+\"}")
            .map_or_else(|error| Err(error.into()), |expr| narrow(expr, added, true)),
        Some(query) => narrow(logql::parse(query)?, added, false),
    }
}

fn narrow(expr: Expr, added: Vec<Matcher>, only_added: bool) -> Result<String> {
    let Expr::Log(mut log) = expr else {
        bail!("--dag, --task, --run and --try narrow queries for lines; write them into this one")
    };
    if only_added {
        log.selector.matchers.clear();
    }
    log.selector.matchers.extend(added);
    Ok(Expr::Log(log).to_string())
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
    given
        .map(|(name, value)| Matcher {
            name: name.to_owned(),
            op: MatchOp::Eq,
            value,
            span: Span::default(),
        })
        .collect()
}

#[expect(clippy::print_stderr, reason = "hints go beside the answer, not into it")]
pub(super) fn print_warnings(warnings: &[String], quiet: bool) {
    for warning in warnings.iter().filter(|_| !quiet) {
        eprintln!("warning: {warning}");
    }
}

#[expect(clippy::print_stderr, reason = "what all lines share goes beside the lines")]
fn print_common(labels: &str) {
    eprintln!("Common labels: {labels}");
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
