//! Every query that Loki answered parses, and what is printed of it parses to the same.

use std::collections::BTreeSet;

use barogram_conformance::{Recording, cases};

#[test]
fn what_loki_answered_parses_and_prints_to_what_parses_to_the_same() {
    let queries: BTreeSet<String> = [Recording::Plain, Recording::Defaults]
        .into_iter()
        .flat_map(|recording| cases(recording).unwrap())
        .filter(|case| case.path.starts_with("/loki/api/v1/query") && case.status == 200)
        .filter_map(|case| case.param("query").map(str::to_owned))
        .collect();
    assert!(queries.len() > 1000);
    for query in queries {
        let tree = logql::parse(&query).unwrap_or_else(|error| panic!("{query}\n{error}"));
        for printed in [tree.to_string(), logql::pretty(&tree)] {
            let again = logql::parse(&printed).unwrap_or_else(|error| panic!("{printed}\n{error}"));
            // What is not a number is not equal to itself.
            assert!(again == tree || printed == "(0 / 0)", "{query}\n{printed}\n{again:?}");
        }
    }
}
