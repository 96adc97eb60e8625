//! Any text is read or refused, with every problem inside of it; what is read is written as a text
//! that means the same and keeps its comments; and its expressions end, with a value or an error.

#![no_main]

use std::sync::Arc;

use alloy::ast::{File, tree};
use alloy::config::Config;
use alloy::decode::Arguments;
use alloy::graph::{Graph, Node};
use alloy::wrapped::unwrap_yaml;
use alloy::{Diagnostics, NoEnvironment, Scope, Sources, Value, eval, format, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    drop(unwrap_yaml(text));
    let (sources, file, mut problems) = read(text);
    for problem in &problems {
        let span = problem.span.start as usize..problem.span.end as usize;
        assert!(text.get(span).is_some(), "{problem:?}");
    }
    drop(sources.render_all(&problems, true));
    if !problems.has_errors() {
        check_format(&sources, &file);
    }
    let config = Config::of_files([&file], &mut problems);
    let mut scope = Scope::new(Arc::new(NoEnvironment));
    for component in &config.components {
        scope.set(&component.id, Value::Unknown);
    }
    for expr in file.body.expressions() {
        drop(eval(expr, &scope).map(|value| value.to_string()));
    }
    for component in &config.components {
        Arguments::of_block(&component.block, &scope, &mut problems).finish();
    }
    let nodes: Vec<_> =
        config.components.iter().map(|it| Node { id: &it.id, body: &it.block.body }).collect();
    let graph = Graph::new(&nodes, &sources, &mut problems);
    assert!(graph.order().len() <= nodes.len());
});

fn read(text: &str) -> (Sources, File, Diagnostics) {
    let mut sources = Sources::new();
    let id = sources.add("config.alloy", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, id, &mut problems);
    (sources, file, problems)
}

fn check_format(sources: &Sources, file: &File) {
    let written = format(sources, file);
    let (again_sources, again, problems) = read(&written);
    assert!(problems.is_empty(), "{written:?}: {problems:?}");
    assert_eq!(tree(&again.body), tree(&file.body), "{written:?}");
    let comments = |sources: &Sources, file: &File| -> Vec<String> {
        file.comments.iter().map(|span| sources.slice(*span).to_owned()).collect()
    };
    assert_eq!(comments(&again_sources, &again), comments(sources, file), "{written:?}");
    assert_eq!(format(&again_sources, &again), written);
}
