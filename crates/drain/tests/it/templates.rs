//! Lines of real programs and what their templates are.

use drain::{Config, Miner};

/// The templates of lines, oldest first.
#[track_caller]
fn check(lines: &[&str], expect: &[&str]) {
    let mut miner = Miner::new(Config::default());
    for line in lines {
        miner.learn(line).unwrap();
    }
    let mut templates: Vec<_> = miner.templates().collect();
    templates.sort_by_key(|(id, _)| *id);
    let shown: Vec<_> = templates.iter().map(|(_, template)| template.to_string()).collect();
    assert_eq!(shown, expect, "{lines:#?}");
}

#[test]
fn airflow_2_text() {
    check(
        &[
            "[2026-01-15T00:00:00.000+0000] {taskinstance.py:1157} INFO - Marking task as SUCCESS. dag_id=foo, task_id=bar, run_id=scheduled__2026-01-15T00:00:00+00:00",
            "[2026-01-15T00:00:03.100+0000] {taskinstance.py:353} INFO - Marking task as SUCCESS. dag_id=foo, task_id=baz.x, run_id=manual__2026-01-15T00:00:00+00:00",
            "[2026-01-15T00:00:04.000+0000] {taskinstance.py:353} INFO - Marking task as FAILED. dag_id=foo, task_id=bar, run_id=manual__2026-01-15T00:00:00+00:00",
        ],
        &[
            "[<_>] {taskinstance.py:<_>} INFO - Marking task as SUCCESS. dag_id=foo, task_id=<_>, run_id=<_>",
            "[<_>] {taskinstance.py:<_>} INFO - Marking task as FAILED. dag_id=foo, task_id=bar, run_id=manual__<_>",
        ],
    );
}

#[test]
fn airflow_3_console_with_its_padding() {
    check(
        &[
            "2026-11-22T08:59:00.063515Z [info     ] Total rows fetched: 3448       [task.stdout]",
            "2026-11-22T08:59:01.063515Z [info     ] Total rows fetched: 34         [task.stdout]",
        ],
        &["<_> [info     ] Total rows fetched: <_>[task.stdout]"],
    );
    check(
        &[
            "2026-11-22T08:59:00Z [info     ] 1 of 12 tasks done        [acme] a=1",
            "2026-11-22T08:59:00Z [info     ] 12 of 12 tasks done       [acme] a=1",
        ],
        &["<_> [info     ] <_> of <_> tasks done<_>[acme] a=<_>"],
    );
}

#[test]
fn the_rest_of_a_json_line_is_context() {
    check(
        &[
            r#"{"timestamp":"2026-11-22T08:10:39.469941Z","level":"info","event":"read 3 rows","logger":"crm","try_number":1,"task_id":"a"}"#,
            r#"{"timestamp":"2026-11-22T08:10:40.469941Z","level":"info","event":"read 41 rows","task_id":"b","logger":"crm","try_number":1}"#,
            r#"{"timestamp":"2026-11-22T08:10:40.469941Z","level":"error","event":"read 41 rows","task_id":"b"}"#,
            r#"{"timestamp":"2026-11-22T08:10:40.469941Z","level":"error","event":"no \"x\" here"}"#,
        ],
        &[
            r#"{"timestamp":"<_>","level":"info","event":"read <_> rows"<_>"#,
            r#"{"timestamp":"<_>","level":"error","event":"read <_> rows"<_>"#,
            r#"{"timestamp":"<_>","level":"error","event":"no \"x\" here"}"#,
        ],
    );
}

#[test]
fn logfmt() {
    check(
        &[
            r#"ts=2026-01-15T00:00:01Z level=debug msg="GET /a done" method=GET path=/a status=200 took=643µs"#,
            r#"ts=2026-01-15T00:00:02Z level=debug msg="GET /b done" method=POST path=/b status=200 took=1.2ms"#,
            r#"ts=2026-01-15T00:00:02Z level=error msg="GET /b done" method=POST path=/b status=500 took=1s"#,
        ],
        &[
            r#"ts=<_> level=debug msg="GET <_> done" method=<_> path=<_> status=<_> took=<_>"#,
            r#"ts=<_> level=error msg="GET /b done" method=POST path=/b status=<_> took=<_>"#,
        ],
    );
}

#[test]
fn access_logs() {
    check(
        &[
            r#"203.0.113.14 - - [15/Jan/2026:00:00:03 +0000] "GET / HTTP/1.1" 200 50315 "-" "kube-probe/1.31" 0.151"#,
            r#"203.0.113.9 - - [15/Jan/2026:00:00:04 +0000] "GET /a/b HTTP/1.1" 404 12 "-" "kube-probe/1.31" 0.001"#,
        ],
        &[r#"<_> - - [<_> +<_>] "GET <_> HTTP/<_>" <_> <_> "-" "kube-probe/<_>" <_>"#],
    );
}

#[test]
fn prose() {
    check(
        &["user anna logged in from 10.0.0.1", "user bert logged in from 10.0.0.2"],
        &["user <_> logged in from <_>"],
    );
    check(&["rows fetched: 1", "rows written: 1"], &["rows fetched: <_>", "rows written: <_>"]);
    check(&["123", "foo_bar", "12 ms"], &["<_>", "foo_bar", "<_> ms"]);
}

#[test]
fn tracebacks() {
    let frame = r#"  File "/opt/airflow/dags/a.py", line 12, in <module>"#;
    let other = r#"  File "/opt/airflow/dags/b.py", line 7, in <lambda>"#;
    check(&[frame, other], &[r#"  File "<_>", line <_>, in <<_>>"#]);
    check(&["    ^^^^^^", "        ~~~^^^^"], &["<_>"]);
}

#[test]
fn padding_beside_a_variable_goes_with_it() {
    check(&["a-b    c d", "a-bc   c d"], &["<_> c d"]);
    check(&["a b=1     c-d e", "a b=12    c-x e"], &["a b=<_>"]);
    check(&["a b=1     c-d; e", "a b=12    c-x; e"], &["a b=<_>; e"]);
}
