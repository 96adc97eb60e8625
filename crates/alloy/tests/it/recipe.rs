//! Whole configurations as people write them.

use std::sync::Arc;

use barogram_alloy::config::Config;
use barogram_alloy::decode::{Arguments, Outcome};
use barogram_alloy::graph::{Graph, Node};
use barogram_alloy::{Diagnostics, NoEnvironment, Scope, Sources, Target, Value, format, parse};

/// What guides for Airflow on Kubernetes tell their readers to run.
const RECIPE: &str = include_str!("../data/recipe.alloy");

#[test]
fn the_recipe_is_read_and_written_as_it_is() {
    let mut sources = Sources::new();
    let file = sources.add("config.alloy", RECIPE);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    assert!(problems.is_empty(), "{}", sources.render_all(&problems, false));
    assert_eq!(format(&sources, &file), RECIPE);

    let config = Config::of_files([&file], &mut problems);
    let nodes: Vec<_> =
        config.components.iter().map(|it| Node { id: &it.id, body: &it.block.body }).collect();
    let graph = Graph::new(&nodes, &sources, &mut problems);
    let order: Vec<_> = graph.order().iter().map(|at| graph.ids()[*at].as_str()).collect();
    assert_eq!(
        order,
        [
            "discovery.kubernetes.pods",
            "discovery.relabel.pods",
            "loki.write.default",
            "loki.process.airflow",
            "loki.source.kubernetes.pods",
        ]
    );
    assert!(problems.is_empty());
}

/// A check before anything runs: the exports of components are unknown.
#[test]
fn a_configuration_is_checked_without_running() {
    let mut sources = Sources::new();
    let text =
        RECIPE.replace("forward_to = [loki.process.airflow", "foward_to = [loki.proces.airflow");
    let file = sources.add("config.alloy", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    let config = Config::of_files([&file], &mut problems);
    let mut scope = Scope::new(Arc::new(NoEnvironment));
    for component in &config.components {
        scope.set(&component.id, Value::Unknown);
    }
    let source =
        config.components.iter().find(|it| it.id == "loki.source.kubernetes.pods").unwrap();
    let mut arguments = Arguments::of_block(&source.block, &scope, &mut problems);
    arguments.required::<Vec<Target>>("targets");
    arguments.required::<Value>("forward_to");
    assert_eq!(arguments.finish(), Outcome::Wrong);
    assert_eq!(
        sources.render_all(&problems, false),
        "config.alloy:23:1: the argument \"forward_to\" of \"loki.source.kubernetes\" is missing\n  \
           loki.source.kubernetes \"pods\" {\n  \
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
         \n\
         config.alloy:25:2: \"foward_to\" is no argument of \"loki.source.kubernetes\"\n  \
           \tfoward_to = [loki.proces.airflow.receiver]\n  \
           \t^^^^^^^^^\n  \
           hint: did you mean \"forward_to\"?\n"
    );
}
