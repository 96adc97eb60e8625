//! Arguments as components read them, and what is told of wrong ones.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use barogram_alloy::decode::{Arguments, Outcome};
use barogram_alloy::{
    ByteSize, Capsule, Diagnostics, Encapsulated, Handle, NoEnvironment, Scope, Secret, Sources,
    Target, Value, parse,
};

#[derive(Debug)]
struct Receiver(&'static str);

impl Encapsulated for Receiver {
    const TYPE_NAME: &'static str = "loki.LogsReceiver";
}

fn scope() -> Scope {
    let mut scope = Scope::new(Arc::new(NoEnvironment));
    let receiver = Capsule::new("loki.LogsReceiver", Arc::new(Receiver("default")));
    scope.set("loki.write.default.receiver", Value::Capsule(receiver));
    scope.set("other.receiver", Value::Capsule(Capsule::new("prometheus.Receiver", Arc::new(()))));
    scope.set("file.secret", Value::Secret(Secret::new("hush")));
    scope.set("later", Value::Unknown);
    scope
}

/// What `read` makes of the only block of a text, with how it went and what was told.
#[track_caller]
fn check<T: Debug>(text: &str, read: impl FnOnce(&mut Arguments<'_, '_>) -> T, expect: &str) {
    let mut sources = Sources::new();
    let file = sources.add("c", text);
    let mut problems = Diagnostics::new();
    let file = parse(&sources, file, &mut problems);
    let scope = scope();
    let block = file.body.blocks().next().unwrap();
    let mut arguments = Arguments::of_block(block, &scope, &mut problems);
    let value = read(&mut arguments);
    let outcome = arguments.finish();
    let mut told = vec![match outcome {
        Outcome::Wrong => "wrong".to_owned(),
        outcome => format!("{outcome:?} {value:?}"),
    }];
    told.extend(problems.iter().map(|it| format!("{}: {it}", &sources.place(it.span)[2..])));
    assert_eq!(told.join("\n"), expect, "{text}");
}

#[test]
fn scalars() {
    check(r#"a { v = "x" }"#, |a| a.required::<String>("v"), "Complete \"x\"");
    check("a { v = 5 }", |a| a.required::<String>("v"), "Complete \"5\"");
    check(r#"a { v = "5" }"#, |a| a.required::<u32>("v"), "Complete 5");
    check("a { v = 5.0 }", |a| a.required::<i64>("v"), "Complete 5");
    check("a { v = 1 }", |a| a.required::<f64>("v"), "Complete 1.0");
    check("a { v = true }", |a| a.required::<bool>("v"), "Complete true");
    check("a { }", |a| a.optional("v", 7_usize), "Complete 7");
    check("a { v = null }", |a| a.optional("v", 7_usize), "Complete 0");
    check("a { v = null }", |a| a.given::<Option<String>>("v"), "Complete Some(None)");
    check(r#"a { v = "1h30m" }"#, |a| a.required::<Duration>("v"), "Complete 5400s");
    check(r#"a { v = "1MiB" }"#, |a| a.required::<ByteSize>("v"), "Complete ByteSize(1048576)");
    check("a { v = 512 }", |a| a.required::<ByteSize>("v"), "Complete ByteSize(512)");
    check("a { v = file.secret }", |a| a.required::<Secret>("v"), "Complete (secret)");
    check(r#"a { v = "hush" }"#, |a| a.required::<Secret>("v"), "Complete (secret)");
}

#[test]
fn wrong_scalars() {
    check(
        "a { v = [1] }",
        |a| a.required::<String>("v"),
        "wrong\n1:9: \"v\": expected string, found array",
    );
    check(
        r#"a { v = "x" }"#,
        |a| a.required::<u32>("v"),
        "wrong\n1:9: \"v\": expected number, found string \"x\"",
    );
    check(
        "a { v = -1 }",
        |a| a.required::<u32>("v"),
        "wrong\n1:9: \"v\": -1 is not between 0 and 4294967295",
    );
    check(
        "a { v = 1.5 }",
        |a| a.required::<u32>("v"),
        "wrong\n1:9: \"v\": expected a whole number, found 1.5",
    );
    check(
        "a { v = 5 }",
        |a| a.required::<Duration>("v"),
        "wrong\n1:9: \"v\": expected duration, found number 5: write a string such as \"5s\"",
    );
    check(
        "a { v = \"5\" }",
        |a| a.required::<Duration>("v"),
        "wrong\n1:9: \"v\": the duration \"5\" has no unit, write one like \"5s\"",
    );
    check(
        "a { v = file.secret }",
        |a| a.required::<String>("v"),
        "wrong\n1:9: \"v\": expected string, found secret: wrap it in convert.nonsensitive() if it may be shown",
    );
    check(
        "a { v = \"true\" }",
        |a| a.required::<bool>("v"),
        "wrong\n1:9: \"v\": expected bool, found string \"true\"",
    );
}

#[test]
fn lists_and_maps() {
    check(r#"a { v = ["x", 1] }"#, |a| a.required::<Vec<String>>("v"), "Complete [\"x\", \"1\"]");
    check(
        r#"a { v = ["x", {}] }"#,
        |a| a.required::<Vec<String>>("v"),
        "wrong\n1:9: \"v\": at [1]: expected string, found object",
    );
    check(
        r#"a { v = {b = "x", a = 1} }"#,
        |a| a.required::<BTreeMap<String, String>>("v"),
        "Complete {\"a\": \"1\", \"b\": \"x\"}",
    );
    check(
        r#"a { v = {b = "x", a = 1} }"#,
        |a| a.required::<Vec<(String, String)>>("v"),
        "Complete [(\"b\", \"x\"), (\"a\", \"1\")]",
    );
    check(
        r#"a { v = [{__path__ = "/x"}, {}] }"#,
        |a| a.required::<Vec<Target>>("v"),
        "Complete [{\"__path__\": \"/x\"}, {}]",
    );
    check(
        r#"a { v = [{p = []}] }"#,
        |a| a.required::<Vec<Target>>("v"),
        "wrong\n1:9: \"v\": at [0].p: expected string, found array",
    );
    check(
        "a { v = 1 }",
        |a| a.required::<Vec<String>>("v"),
        "wrong\n1:9: \"v\": expected array, found number 1",
    );
}

#[test]
fn capsules() {
    let names = |a: &mut Arguments<'_, '_>| {
        let found = a.required::<Vec<Handle<Receiver>>>("v");
        found.iter().map(|it| it.0.0).collect::<Vec<_>>()
    };
    check("a { v = [loki.write.default.receiver] }", names, "Complete [\"default\"]");
    check(
        "a { v = [loki.write.default.receiver, later.receiver] }",
        names,
        "Unknown [\"default\"]",
    );
    check(
        "a { v = [other.receiver] }",
        names,
        "wrong\n1:9: \"v\": at [0]: expected capsule(\"loki.LogsReceiver\"), found capsule(\"prometheus.Receiver\")",
    );
    check(
        "a { v = loki.write.default.receiver }",
        names,
        "wrong\n1:9: \"v\": expected array, found capsule(\"loki.LogsReceiver\")",
    );
    check(
        "a { v = [\"default\"] }",
        names,
        "wrong\n1:9: \"v\": at [0]: expected capsule(\"loki.LogsReceiver\"), found string \"default\"",
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    check(
        "a \"l\" {\n\ttargts = []\n\ttargets = 1\n\ttargets = []\n\tfoward_to = [b.c]\n\tqueue = 5\n\tstag.json { }\n\tlabels { }\n\tx = nothing.y\n}",
        |a| {
            a.required::<Vec<Target>>("targets");
            a.required::<String>("forward_to");
            a.required::<String>("x");
            a.optional("labels", BTreeMap::<String, String>::new());
            a.required_block("queue");
            a.blocks(&["stage.*"]);
        },
        "wrong\n\
         4:2: \"targets\" is set twice\n\
         1:1: the argument \"forward_to\" of \"a\" is missing\n\
         9:6: nothing is called \"nothing\"\n\
         1:1: the block \"queue\" of \"a\" is missing\n\
         5:2: \"foward_to\" is no argument of \"a\" (did you mean \"forward_to\"?)\n\
         6:2: \"queue\" is a block and takes no \"=\" (write queue { … })\n\
         2:2: \"targts\" is no argument of \"a\" (did you mean \"targets\"?)\n\
         7:2: \"stag.json\" is no block of \"a\"\n\
         8:2: \"labels\" is an argument and no block (write labels = …)",
    );
}

#[test]
fn blocks_keep_their_order() {
    check(
        "a {\n stage.json { }\n rule {\n x = 1\n }\n stage.labels { }\n stage.json { }\n}",
        |a| {
            let stages: Vec<_> =
                a.blocks(&["stage.*"]).iter().map(|it| it.name.text.clone()).collect();
            let rules = a.blocks(&["rule"]);
            let mut rule = a.nested(rules[0]);
            let x = rule.required::<u64>("x");
            rule.finish();
            (stages, x)
        },
        "Complete ([\"stage.json\", \"stage.labels\", \"stage.json\"], 1)",
    );
    check(
        "a {\n b { }\n b { }\n}",
        |a| a.block("b").is_some(),
        "wrong\n3:2: the block \"b\" may be there once only",
    );
    check(
        "a {\n b \"c\" { }\n}",
        |a| a.block("b").is_some(),
        "wrong\n2:4: the block \"b\" takes no label",
    );
    check("a {\n b \"c\" { }\n}", |a| a.labelled_blocks(&["b"]).len(), "Complete 1");
    check(
        "a {\n b { }\n}",
        |a| {
            let block = a.block("b").unwrap();
            let mut b = a.nested(block);
            b.required::<String>("c");
            b.finish()
        },
        "wrong\n2:2: the argument \"c\" of \"b\" is missing",
    );
}

#[test]
fn unknown_values_satisfy_every_type() {
    check("a { v = later.x }", |a| a.required::<Vec<Target>>("v"), "Unknown []");
    check("a { v = \"a\" + later.x }", |a| a.required::<String>("v"), "Unknown \"\"");
    check(
        "a { v = later.x }",
        |a| {
            a.required_as(
                "v",
                |text: String| if text.is_empty() { Err("empty".to_owned()) } else { Ok(text) },
            )
        },
        "Unknown None",
    );
    check(
        "a { v = [later.x, 5] }",
        |a| a.required::<Vec<Target>>("v"),
        "wrong\n1:9: \"v\": at [1]: expected object, found number 5",
    );
    check(
        "a {\n b { c = later }\n}",
        |a| {
            let block = a.block("b").unwrap();
            let mut b = a.nested(block);
            b.required::<String>("c");
            b.finish()
        },
        "Unknown Unknown",
    );
    check("a { v = later }", |a| a.required::<Value>("v"), "Unknown Unknown");
}

#[test]
fn words_and_made_values() {
    let words = [("keep", 1), ("drop", 2)];
    check("a { v = \"drop\" }", |a| a.one_of("v", &words, 1), "Complete 2");
    check("a { }", |a| a.one_of("v", &words, 1), "Complete 1");
    check(
        "a { v = \"drp\" }",
        |a| a.one_of("v", &words, 1),
        "wrong\n1:9: \"v\" must be one of \"keep\", \"drop\", not \"drp\" (did you mean \"drop\"?)",
    );
    check(
        "a { v = [] }",
        |a| a.one_of("v", &words, 1),
        "wrong\n1:9: \"v\": expected string, found array",
    );
    let even = |n: u64| if n.is_multiple_of(2) { Ok(n) } else { Err("must be even".to_owned()) };
    check("a { v = 2 }", |a| a.given_as("v", even), "Complete Some(2)");
    check("a { v = 3 }", |a| a.given_as("v", even), "wrong\n1:9: \"v\": must be even");
    check(
        "a { }",
        |a| a.required_as("v", even),
        "wrong\n1:1: the argument \"v\" of \"a\" is missing",
    );
    check(
        "a { v = 3 }",
        |a| a.wrong("v", "is odd"),
        "wrong\n1:9: is odd\n1:5: \"v\" is no argument of \"a\"",
    );
}
