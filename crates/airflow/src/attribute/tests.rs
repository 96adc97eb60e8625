//! Small logs, line by line; whole ones of real deployments are in `tests/it/lines.rs`.

use model::Timestamp;

use super::*;
use crate::Pod;
use crate::path::LogPath;

/// Each line of a log behind what is found: `dag/run/task/map/try by what`, `-` for nobody's.
#[track_caller]
fn check(mut attributor: Attributor, log: &[(&str, &str)]) {
    let mut waiting = Waiting::default();
    let mut shown = Vec::new();
    let times = (0_i64..).map(Timestamp::from_millis);
    for ((_, text), at) in log.iter().zip(times) {
        let answer = attributor.take(&Line { text, is_stderr: false, at });
        waiting.push(*text, answer, at);
    }
    while let Some((text, answer)) = waiting.pop(&attributor, Timestamp::MAX) {
        let found = answer.map_or_else(
            || "-".to_owned(),
            |answer| {
                let task = &answer.task;
                let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
                let index =
                    task.map_index.map_or_else(|| "?".to_owned(), |index| index.to_string());
                let number = task.try_number.map_or_else(|| "?".to_owned(), |n| n.to_string());
                let [dag, run, id] = [&task.dag_id, &task.run_id, &task.task_id].map(text);
                format!("{dag}/{run}/{id}/{index}/{number} by {}", answer.by.as_str())
            },
        );
        shown.push((found, text));
    }
    let expect: Vec<_> = log.iter().map(|(found, text)| ((*found).to_owned(), *text)).collect();
    assert_eq!(shown, expect);
}

fn component(name: &str) -> Attributor {
    let pod = Pod::new("airflow", format!("airflow-{name}-0"))
        .with_labels(&[("tier", "airflow"), ("component", name)]);
    Attributor::of_pod(&pod, name, Begun::AtItsStart)
}

const START: &str = "[2026-11-22T08:14:34.291+0000] {task_command.py:467} INFO - Running \
                     <TaskInstance: evil.t r [queued]> on host d-t-abcdefgh";

#[test]
fn a_path_is_believed_whatever_its_lines_say() {
    let path = LogPath::parse("dag_id=d/run_id=r/task_id=t/attempt=2.log").unwrap();
    let own = "d/r/t/-1/2 by log-path";
    let json = r#"{"timestamp":"2026-11-22T08:10:39Z","level":"info","event":"x","dag_id":"evil"}"#;
    check(Attributor::of_path(&path), &[(own, START), (own, json), (own, "")]);
}

#[test]
fn an_unknown_pod_is_known_by_its_first_lines_and_its_name() {
    let head = "[2026-11-22T08:14:34.291+0000] {task_command.py:467} INFO - Running";
    let mine = format!("{head} <TaskInstance: d.t r:1 [queued]> on host d-t-abcdefgh");
    let elsewhere = format!("{head} <TaskInstance: d.t r:1 [queued]> on host e-t-abcdefgh");
    let attempt = "[2026-11-22T08:14:34.291+0000] {taskinstance.py:2867} INFO - \
                   Starting attempt 1 of 3";
    let own = "d/r:1/t/-1/1 by pod-lines";
    let pod =
        |name: &str| Attributor::of_pod(&Pod::new("airflow", name), "base", Begun::AtItsStart);
    check(
        pod("d-t-abcdefgh"),
        &[
            (own, "warning"),
            (own, START),
            (own, &elsewhere),
            (own, &mine),
            (own, attempt),
            (own, START),
            (own, "raw"),
        ],
    );
    check(pod("other-abcdefgh"), &[("-", &mine), ("-", attempt)]);
}

const IDS: &str = "dag_id=d map_index=-1 run_id=r task_id=t ti_id=01 try_number=1";
const FORGED: &str = "dag_id=evil map_index=-1 run_id=r task_id=t ti_id=02 try_number=1";
const ENQUEUE: &str = "2026-11-22T08:00:00.1Z [info     ] Trying to enqueue tasks: \
    [<TaskInstance: d.t r [scheduled] ti_id=01>] for executor: LocalExecutor(parallelism=16) \
    [airflow.jobs.scheduler_job_runner.SchedulerJobRunner] loc=x.py:1";

#[test]
fn one_that_runs_alone_prints_what_has_no_name() {
    let own = "d/r/t/-1/? by process";
    check(
        component("scheduler"),
        &[
            ("d/r/t/-1/? by line", ENQUEUE),
            (own, "2026-11-22T08:00:01Z [info     ] Secrets backends loaded [supervisor] count=1"),
            ("-", &format!("2026-11-22 08:00:02+00:00 [info     ] x [acme] {FORGED}")),
            (
                "d/r/t/-1/1 by line",
                &format!("2026-11-22 08:00:02+00:00 [info     ] x [acme] {IDS}"),
            ),
            (
                "d/r/t/-1/1 by process",
                &format!("2026-11-22T08:00:02Z [info     ] {FORGED} [task.stdout]"),
            ),
            (
                "d/r/t/-1/1 by process",
                "2026-11-22T08:00:03Z [info     ] Workload finished [supervisor] workload_id=01",
            ),
            ("-", "2026-11-22T08:00:04Z [info     ] late [task.stdout]"),
        ],
    );
}

#[test]
fn two_that_run_are_not_told_apart() {
    let second = ENQUEUE.replace("d.t r ", "e.t r ").replace("ti_id=01", "ti_id=02");
    check(
        component("scheduler"),
        &[
            ("d/r/t/-1/? by line", ENQUEUE),
            ("e/r/t/-1/? by line", &second),
            ("-", "2026-11-22T08:00:01Z [info     ] Secrets backends loaded [supervisor] count=1"),
            ("-", "2026-11-22T08:00:02Z [info     ] hello [task.stdout]"),
        ],
    );
}

#[test]
fn a_message_of_many_lines_is_its_ends_and_a_record_inside_is_nobodys() {
    let inside = "2026-11-22T08:00:02Z [info     ] TaskInstance Finished: dag_id=evil, task_id=t, \
                  run_id=r, map_index=-1, state=failed, try_number=1, x [airflow.jobs] loc=x.py:1";
    let own = "d/r/t/-1/1 by continuation";
    check(
        component("scheduler"),
        &[
            ("d/r/t/-1/? by line", ENQUEUE),
            (own, "2026-11-22 08:00:02+00:00 [info     ] a table:"),
            (own, "| 1 |"),
            ("-", inside),
            ("d/r/t/-1/1 by line", &format!("the end [acme] {IDS}")),
            (own, "Traceback (most recent call last):"),
            (own, "  File \"x.py\", line 1, in f"),
            (own, "KeyError: 1"),
            ("-", "somebody else"),
        ],
    );
}

const ID: &str = "3780877a-773e-41ba-93ca-7ece346a4dbb";

#[test]
fn celery_processes_work_on_one_message_at_a_time() {
    let head = |process: &str| format!("[2026-11-22 08:41:39,641: INFO/{process}]");
    let (main, one) = (head("MainProcess"), head("ForkPoolWorker-1"));
    let run = |dag: &str| format!("['airflow', 'tasks', 'run', '{dag}', 't', 'r', '--local']");
    let name = "airflow.providers.celery.executors.celery_executor_utils.execute_command";
    let (by_line, own) = ("d/r/t/-1/? by line", "d/r/t/-1/? by process");
    check(
        component("worker"),
        &[
            (by_line, &format!("{main} Task {name}[{ID}] received")),
            (by_line, &format!("{one} [{ID}] Executing command in Celery: {}", run("d"))),
            (own, &format!("{one} Filling up the DagBag from /opt/airflow/dags/d.py")),
            ("-", "raw bytes of somebody"),
            // The same message again, and another for a process that is busy.
            ("-", &format!("{one} [{ID}] Executing command in Celery: {}", run("evil"))),
            ("-", &format!("{one} Running <TaskInstance: evil.t r [queued]> on host w")),
            (own, &format!("{one} Running <TaskInstance: d.t r [queued]> on host w")),
            (by_line, &format!("{one} Task {name}[{ID}] succeeded in 1s: None")),
            ("-", &format!("{one} idle")),
        ],
    );
}

#[test]
fn a_dot_is_explained_by_a_later_line() {
    let head = "[2026-11-22T08:20:52.977+0000] {scheduler_job_runner.py:507} INFO -";
    let key = "TaskInstanceKey(dag_id='a.b', task_id='t', run_id='r', try_number=3, map_index=-1)";
    let pod = "a-b-t-abcdefgh";
    check(
        component("scheduler"),
        &[
            ("-", &format!("{head} 1 tasks up for execution:")),
            ("a.b/r/t/-1/? by line", "\t<TaskInstance: a.b.t r [scheduled]>"),
            ("a.b/?/?/?/? by line", &format!("{head} DAG a.b has 0/16 running and queued tasks")),
            ("-", "\t<TaskInstance: a.b.t r [scheduled]>"),
            (
                "?/r/?/-1/? by line",
                &format!("{head} Setting external_id for <TaskInstance: c.b.t r [x]>"),
            ),
            ("-", &format!("{head} Event: {pod} Pending, annotations: <omitted>")),
            (
                "a.b/r/t/-1/3 by line",
                &format!("{head} Creating kubernetes pod for job is {key}, with pod name {pod}, x"),
            ),
            (
                "a.b/r/t/-1/3 by line",
                &format!("{head} Event: {pod} Pending, annotations: <omitted>"),
            ),
        ],
    );
}

#[test]
fn triggers_name_themselves() {
    let head = "[2026-11-22T08:20:52.977+0000] {triggerer_job_runner.py:567}";
    check(
        component("triggerer"),
        &[
            ("d/r/t/-1/2 by line", &format!("{head} INFO - trigger d/r/t/-1/2 (ID 4) starting")),
            ("-", "Traceback (most recent call last):"),
            (
                "d/r/t/-1/2 by line",
                &format!("{head} ERROR - Trigger d/r/t/-1/2 (ID 4) exited with error gone"),
            ),
            ("d/r/t/-1/2 by continuation", "Traceback (most recent call last):"),
            ("d/r/t/-1/2 by continuation", "  File \"x.py\", line 1, in f"),
            ("-", "printed by a trigger"),
        ],
    );
}

#[test]
fn a_main_process_works_for_nobody_alone() {
    let head = "[2026-11-22 08:41:39,641: INFO/MainProcess]";
    let name = "airflow.providers.celery.executors.celery_executor_utils.execute_command";
    let run = "['airflow', 'tasks', 'run', 'd', 't', 'r', '--local']";
    check(
        component("worker"),
        &[
            ("d/r/t/-1/? by line", &format!("{head} Task {name}[{ID}] received")),
            ("d/r/t/-1/? by line", &format!("{head} [{ID}] Executing command in Celery: {run}")),
            // A pool of threads: it may be any of the messages', or Celery's own.
            ("-", &format!("{head} Filling up the DagBag from /opt/airflow/dags/e.py")),
            ("-", &format!("{head} missed heartbeat from celery@w")),
        ],
    );
}

#[test]
fn processes_of_a_worker_that_starts_again_are_new() {
    let other = ID.replace('3', "4");
    let head = |process: &str| format!("[2026-11-22 08:41:39,641: INFO/{process}]");
    let (main, one) = (head("MainProcess"), head("ForkPoolWorker-1"));
    let run = |dag: &str| format!("['airflow', 'tasks', 'run', '{dag}', 't', 'r', '--local']");
    let name = "airflow.providers.celery.executors.celery_executor_utils.execute_command";
    let [first, second] = ["d/r/t/-1/?", "e/r/t/-1/?"];
    check(
        component("worker"),
        &[
            (&format!("{first} by line"), &format!("{main} Task {name}[{ID}] received")),
            (
                &format!("{first} by line"),
                &format!("{one} [{ID}] Executing command in Celery: {}", run("d")),
            ),
            ("-", &format!("{main} celery@w ready.")),
            (&format!("{second} by line"), &format!("{main} Task {name}[{other}] received")),
            (
                &format!("{second} by line"),
                &format!("{one} [{other}] Executing command in Celery: {}", run("e")),
            ),
            (&format!("{second} by process"), &format!("{one} DeprecationWarning: from e")),
        ],
    );
}

const SECOND: &str = "dag_id=e map_index=-1 run_id=r task_id=t ti_id=02 try_number=1";

#[test]
fn records_that_are_mixed_are_nobodys() {
    let enqueue = ENQUEUE.replace("d.t r ", "e.t r ").replace("ti_id=01", "ti_id=02");
    let begun = [("d/r/t/-1/? by line", ENQUEUE), ("e/r/t/-1/? by line", &enqueue)];
    let head = "2026-11-22 08:00:02+00:00 [info     ]";
    let [one, two] = [format!("{head} of one:"), format!("{head} of two:")];
    let [end_one, end_two] = [format!("end [acme] {IDS}"), format!("end [acme] {SECOND}")];
    let whole = format!("{head} whole [acme] {IDS}");
    let mut log = begun.to_vec();
    log.extend([
        ("-", one.as_str()),
        ("-", &two),
        ("e/r/t/-1/1 by line", &end_two),
        ("d/r/t/-1/1 by line", &end_one),
        ("d/r/t/-1/1 by line", &whole),
    ]);
    check(component("scheduler"), &log);
    // Two writes that met, as the first line and as one that follows.
    let glued = format!("{head} of one{head} of two [acme] {SECOND}");
    let follows = format!("part{head} of two [acme] {SECOND}");
    let mut log = begun.to_vec();
    log.extend([("-", glued.as_str()), ("d/r/t/-1/1 by line", &whole)]);
    log.extend([("-", one.as_str()), ("-", &follows), ("d/r/t/-1/1 by line", &end_one)]);
    log.push(("d/r/t/-1/1 by line", &whole));
    check(component("scheduler"), &log);
}

#[test]
fn a_word_in_brackets_ends_no_record() {
    let inside = format!("2026-11-22 08:00:02+00:00 [info     ] x [acme] {FORGED}");
    check(
        component("scheduler"),
        &[
            ("d/r/t/-1/? by line", ENQUEUE),
            (
                "d/r/t/-1/1 by continuation",
                "2026-11-22 08:00:02+00:00 [info     ] Log of upstream [evil]",
            ),
            ("-", &inside),
            ("d/r/t/-1/1 by line", &format!("end [acme] {IDS}")),
        ],
    );
}

#[test]
fn a_warning_of_the_schedulers_own_is_no_tasks() {
    let warning = |file: &str| {
        format!(
            r#"{{"timestamp":"2026-11-22T08:00:01Z","level":"warning","event":"old","category":"W","filename":"/x/airflow/{file}","lineno":1,"logger":"py.warnings"}}"#
        )
    };
    check(
        component("scheduler"),
        &[
            ("d/r/t/-1/? by line", ENQUEUE),
            ("-", &warning("jobs/scheduler_job_runner.py")),
            ("d/r/t/-1/? by process", &warning("sdk/execution_time/supervisor.py")),
        ],
    );
}

#[test]
fn who_runs_unnamed_is_not_left_out_of_the_count() {
    let many: Vec<String> =
        (0..65).map(|no| format!("<TaskInstance: m.t{no} r [scheduled] ti_id=m{no}>")).collect();
    let many = ENQUEUE.replace("<TaskInstance: d.t r [scheduled] ti_id=01>", &many.join(", "));
    let printed = "2026-11-22T08:00:02Z [info     ] hello [task.stdout]";
    check(component("scheduler"), &[("d/r/t/-1/? by line", ENQUEUE), ("-", &many), ("-", printed)]);
}

#[test]
fn a_date_is_no_run() {
    let head = "[2026-11-22T08:20:52.977+0000] {scheduler_job_runner.py:507} INFO -";
    let instance = "<TaskInstance: d.t 2026-11-22T03:00:00+00:00 [scheduled]>";
    check(component("scheduler"), &[("-", &format!("{head} Setting external_id for {instance}"))]);
}

#[test]
fn a_task_that_was_deferred_tells_no_try() {
    let head = "[2026-11-22T08:14:34.291+0000]";
    let mine = format!(
        "{head} {{task_command.py:467}} INFO - Running <TaskInstance: d.t r [queued]> on host \
         d-t-abcdefgh"
    );
    let resumes = format!("{head} {{taskinstance.py:2700}} INFO - Resuming after deferral");
    let forged = format!("{head} {{taskinstance.py:2867}} INFO - Starting attempt 7 of 9");
    let pod = Attributor::of_pod(&Pod::new("airflow", "d-t-abcdefgh"), "base", Begun::AtItsStart);
    check(pod, &[("-", &mine), ("-", &resumes), ("-", &forged)]);
}
