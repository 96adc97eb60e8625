//! One line of each form, and what must not be read as one.

use super::*;
use crate::record::is_glued;

/// `form level logger source process span|message` and the ids.
#[track_caller]
fn check(line: &str, expect: Option<&str>) {
    let shown = read(line).map(|record| {
        let level = record.level.map_or("-", Level::as_str);
        let source = record
            .source
            .as_ref()
            .map_or_else(|| "-".to_owned(), |source| format!("{}:{}", source.file, source.line));
        if let Some(span) = &record.span {
            assert_eq!(&line[span.clone()], record.message, "the span of {line}");
        }
        assert!(record.time.is_some() || record.form == Form::Uvicorn, "no time in {line}");
        let has_stamp = matches!(record.form, Form::Text | Form::Json | Form::Console);
        assert_eq!(stamp(line), record.time.filter(|_| has_stamp), "the stamp of {line}");
        let task = record.fields.task().and_then(|task| task.task_try());
        let task = task.map_or_else(String::new, |task| format!(" of {task}"));
        let open = if record.is_whole { "" } else { " …" };
        format!(
            "{:?} {level} {} {source} {}: {}{open}{task}",
            record.form,
            record.logger.as_deref().unwrap_or("-"),
            record.process.unwrap_or("-"),
            record.message,
        )
    });
    assert_eq!(shown.as_deref(), expect, "for {line}");
}

#[test]
fn texts_of_airflow_2() {
    check(
        "[2026-11-22T08:22:33.222+0000] {logging_mixin.py:190} WARNING - of {a} - b",
        Some("Text warning - logging_mixin.py:190 -: of {a} - b"),
    );
    check(
        "[2026-11-22 08:43:38,568: INFO/ForkPoolWorker-1] [u] Executing",
        Some("Celery info - - ForkPoolWorker-1: [u] Executing"),
    );
    check("[2026-11-22T08:22:33.222+0000] {x} WARNING - a", None);
    check("[2026-11-22, 08:22:33 UTC] {a.py:1} INFO - a", None);
}

#[test]
fn servers() {
    check(
        "[2026-11-22 08:41:24 +0000] [195] [INFO] Starting gunicorn 23.0.0",
        Some("Gunicorn info - - 195: Starting gunicorn 23.0.0"),
    );
    check(
        r#"10.244.1.1 - - [22/Nov/2026:08:20:59 +0000] "GET /health HTTP/1.1" 200 318 "-" "k""#,
        Some(r#"Access info - - -: "GET /health HTTP/1.1" 200 318 "-" "k""#),
    );
    check(
        r#"INFO:     10.244.1.1:57128 - "PATCH /x HTTP/1.1" 204 No Content"#,
        Some(r#"Uvicorn info - - -: 10.244.1.1:57128 - "PATCH /x HTTP/1.1" 204 No Content"#),
    );
    check("10.244.1.1 - - [today] \"GET", None);
    check("one two three [22/Nov/2026:08:20:59 +0000] \"GET", None);
}

#[test]
fn consoles_of_airflow_3() {
    let ids = "dag_id=d.e loc=x.py:21 map_index=-1 run_id=r__2026-11-20T00:00:00+00:00 \
               task_id=t ti_id=01a try_number=2";
    check(
        &format!(
            "2026-11-22 08:58:59.090503+00:00 [info     ] Fetched [1/12]   [acme.sales] {ids}"
        ),
        Some(
            "Console info acme.sales x.py:21 -: Fetched [1/12] \
             of d.e/r__2026-11-20T00:00:00+00:00/t/-1/2",
        ),
    );
    check(
        "2026-11-22T08:10:38.340561Z [info     ] request finished  [http.access] \
         detail={'reason': 'a b', 'x': []} loc=h.py:1 query= when=DateTime(2026, 11, tzinfo=Timezone('UTC'))",
        Some("Console info http.access h.py:1 -: request finished"),
    );
    check("2026-11-22 08:59:02+00:00 [info     ] a table:", Some("Console info - - -: a table: …"));
}

#[test]
fn console_ids_come_after_the_message() {
    let ids = "dag_id=d map_index=-1 run_id=r task_id=t ti_id=1 try_number=2";
    let forged = "dag_id=z map_index=-1 run_id=z task_id=z ti_id=9 try_number=9";
    let head = "2026-11-22T08:59:00.063515Z [info     ]";
    check(
        &format!("{head} x [task] {forged} [task.stdout]"),
        Some(&format!("Console info task.stdout - -: x [task] {forged}")),
    );
    check(
        &format!("{head} x [task] {forged} [acme] {ids}"),
        Some(&format!("Console info acme - -: x [task] {forged} of d/r/t/-1/2")),
    );
    // The value of a key that the program bound itself.
    check(
        &format!("{head} x [acme] {ids} zz='a [evil] {forged}'"),
        Some("Console info acme - -: x of d/r/t/-1/2"),
    );
    check(
        &format!("{head} x [acme] {ids} zz='a [evil] {forged} w=\"\\''"),
        Some("Console info acme - -: x of d/r/t/-1/2"),
    );
    check(
        &format!("{head} x [acme] dag_id=z {ids}"),
        Some(&format!("Console info - - -: x [acme] dag_id=z {ids} …")),
    );
}

#[test]
fn json_of_airflow_3() {
    let ids = concat!(
        r#""dag_id":"d","task_id":"t","run_id":"r","try_number":1,"map_index":3,"#,
        r#""ti_id":"01a","filename":"f.py","lineno":4"#,
    );
    let line = format!(
        r#"{{"timestamp":"2026-11-22T08:10:39.469941Z","level":"info","event":"a \"b\"",{ids}}}"#
    );
    check(&line, Some(r#"Json info - f.py:4 -: a "b" of d/r/t/3/1"#));
    let last = r#"{"level":"info","event":"e","timestamp":"2026-11-22T08:10:39.469941Z"}"#;
    check(last, Some("Json info - - -: e"));
    check(&line.replace("01a\"", "01a\",\"dag_id\":\"z\""), None);
    assert_eq!(stamp(&line[..line.len() - 20]), stamp(&line), "one that lost its end");
    assert_eq!(stamp(&line.replace("x\":3", "x\":\"3\"")), stamp(&line), "whatever else it holds");
    assert_eq!(stamp(r#"{"level":"info","event":"no time","timestamp":"now"}"#), None);
    assert_eq!(stamp("INFO:     not of a task"), None);
    check(&line.replace(":3", ":\"3\""), None);
    check(r#"{"level":"info","event":"no time","timestamp":"now"}"#, None);
    check(r#"{"a":1}"#, None);
}

#[test]
fn records_that_met_in_one_line() {
    #[track_caller]
    fn check(text: &str, expect: bool) {
        assert_eq!(is_glued(text), expect, "{text}");
    }
    check("part2026-11-22T08:00:02.1Z [info     ] of another [acme] loc=x.py:1", true);
    check("part2026-11-22 08:00:02+00:00 [critical ] of another", true);
    check("a list [info     ] of words", false);
    check("took 7 [info] and more", false);
    check("at 2026-11-22T08:00:02Z [infernal ] it broke", false);
    check(&"7 [".repeat(100_000), false);
    check("Z [é     ] Z [info  ", false);
}
