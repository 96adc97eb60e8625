//! What lines make of a try.

use super::*;

/// The try's state, seconds, cause and exactness after these lines, in whichever order they come.
#[track_caller]
fn check(lines: &[(Teller, &str)], expect: &str) {
    for order in orders(lines) {
        assert_eq!(concluded(&order), expect, "after {order:?}");
    }
}

fn orders<T: Clone>(lines: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = lines.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<T>| {
        (0..=order.len()).map(move |at| {
            let (before, after) = order.split_at(at);
            [before, std::slice::from_ref(first), after].concat()
        })
    };
    orders(rest).into_iter().flat_map(insert).collect()
}

fn concluded(lines: &[(Teller, &str)]) -> String {
    let task = TaskTry::parse("d/r/t/-1/1").unwrap();
    let mut lifecycle = Lifecycle::default();
    for (teller, line) in lines {
        let mut about = TaskFacts::from(task.clone());
        if ["state=running", "state=queued", "id=another"].iter().any(|it| line.contains(it)) {
            // As such a line is attributed: its id may be, or is, another try's.
            about.try_number = None;
        }
        let told = lifecycle.take(*teller, line, &about);
        assert!(told.is_none() || may_tell(line), "{line}");
    }
    let of_try = lifecycle.tries().next().map_or_else(TryRecord::default, |(_, it)| it.clone());
    let seconds = |time: Option<Timestamp>| time.map(|time| time.as_millis() / 1000);
    format!(
        "{} {:?} {:?} {}",
        of_try.state.map_or("-", State::as_str),
        seconds(of_try.start).zip(seconds(of_try.end)).map(|(start, end)| end - start),
        of_try.cause,
        of_try.is_exact,
    )
}

const MARK: &str = "[2026-11-22T08:14:35.291+0000] {taskinstance.py:353} INFO - Marking task as \
    UP_FOR_RETRY. dag_id=d, task_id=t, run_id=r, execution_date=20261122T030000, \
    start_date=20261122T081434, end_date=20261122T081439";
const FINISHED: &str = "[2026-11-22T08:21:18.304+0000] {scheduler_job_runner.py:813} INFO - \
    TaskInstance Finished: dag_id=d, task_id=t, run_id=r, map_index=-1, \
    run_start_date=2026-11-22 08:21:06.213438+00:00, \
    run_end_date=2026-11-22 08:21:07.742945+00:00, state=failed, operator=PythonOperator";

#[test]
fn ends_are_told_by_the_task_and_corrected_by_the_scheduler() {
    check(&[(Teller::Task, MARK)], "failed Some(5) None false");
    check(&[(Teller::Task, MARK), (Teller::Scheduler, FINISHED)], "failed Some(1) None true");
    let running = FINISHED.replace("state=failed", "state=running");
    check(&[(Teller::Task, MARK), (Teller::Scheduler, &running)], "failed Some(5) None false");
}

#[test]
fn what_a_task_prints_ends_nothing() {
    let printed = MARK.replace("taskinstance.py", "logging_mixin.py");
    check(&[(Teller::Task, &printed)], "- None None false");
    check(&[(Teller::Task, &MARK.replace("dag_id=d", "dag_id=e"))], "- None None false");
    check(&[(Teller::Task, FINISHED)], "- None None false");
}

#[test]
fn supervisors_tell_the_exit_code() {
    let line = concat!(
        r#"{"timestamp":"2026-11-22T08:10:44Z","level":"info","event":"Workload finished","#,
        r#""exit_code":-9,"final_state":"failed","logger":"supervisor"}"#,
    );
    check(&[(Teller::Task, line)], r#"failed None Some(ExitCode("-9")) false"#);
    let forged = line.replace("\"supervisor\"", "\"acme\"");
    check(&[(Teller::Task, &forged)], "- None None false");
}

/// A line of Airflow 3's scheduler, at a minute and second, about a try that began at 08:00:00.
fn executor_said(at: &str, end: &str, state: &str, executor_state: &str) -> String {
    format!(
        "2026-11-22T08:{at}.000000Z [info     ] TaskInstance Finished: dag_id=d, task_id=t, \
         run_id=r, map_index=-1, run_start_date=2026-11-22 08:00:00+00:00, run_end_date={end}, \
         run_duration=None, state={state}, executor=KubernetesExecutor(parallelism=16), \
         executor_state={executor_state}, try_number=1 [airflow.jobs.scheduler_job_runner] \
         loc=scheduler_job_runner.py:879"
    )
}

/// A line of Airflow 3's task or supervisor, at a minute and second.
fn said(at: &str, event: &str, logger: &str, rest: &str) -> String {
    format!(
        r#"{{"timestamp":"2026-11-22T08:{at}.000000Z","level":"info","event":"{event}","logger":"{logger}"{rest}}}"#
    )
}

const ENDED: &str = "2026-11-22 08:00:30+00:00";

#[test]
fn who_says_nothing_is_given_up_by_the_scheduler() {
    let begin = said("00:00", "::group::Pre Execute", "task", "");
    let begun = (Teller::Task, begin.as_str());
    let failed = executor_said("01:00", "None", "running", "failed");
    check(&[begun, (Teller::Scheduler, &failed)], "failed Some(60) Some(Executor) false");
    let queued = executor_said("01:00", "None", "queued", "failed");
    let queued = queued.replace("run_start_date=2026-11-22 08:00:00+00:00", "run_start_date=None");
    check(&[begun, (Teller::Scheduler, &queued)], "failed None Some(Executor) false");
    // The executor is done with a deferred task, which goes on elsewhere.
    let succeeded = executor_said("01:00", "None", "running", "success");
    check(&[begun, (Teller::Scheduler, &succeeded)], "- None None false");
    let last = r#","exit_code":-9,"final_state":"up_for_retry""#;
    let killed = said("00:07", "Workload finished", "supervisor", last);
    let lines = [begun, (Teller::Task, &killed), (Teller::Scheduler, &succeeded)];
    check(&lines, r#"failed Some(60) Some(ExitCode("-9")) false"#);
    let last = r#","exit_code":0,"final_state":"failed""#;
    let told = said("00:07", "Workload finished", "supervisor", last);
    let lines = [begun, (Teller::Task, &told), (Teller::Scheduler, &failed)];
    check(&lines, "failed Some(7) None false");
}

#[test]
fn dates_are_a_trys_own_while_the_next_is_on_its_way() {
    let last = r#","exit_code":0,"final_state":"up_for_retry""#;
    let told = said("00:29", "Workload finished", "supervisor", last);
    let next = executor_said("01:00", ENDED, "queued", "success");
    let lines = [(Teller::Task, told.as_str()), (Teller::Scheduler, &next)];
    check(&lines, "failed Some(30) None true");
    check(&lines[1..], "- None None false");
    let failed = executor_said("01:00", ENDED, "scheduled", "failed");
    check(&[(Teller::Scheduler, &failed)], "failed Some(30) None true");
}

#[test]
fn a_number_is_not_believed_of_a_try_that_is_over() {
    let line = executor_said("01:00", ENDED, "success", "success");
    let anothers = line.replace("map_index=-1", "map_index=-1, ti_id=another");
    check(&[(Teller::Scheduler, &line)], "success Some(30) None true");
    check(&[(Teller::Scheduler, &anothers)], "- None None false");
}

#[test]
fn a_sensor_that_is_rescheduled_began_when_it_began_last() {
    let begins = ["00:00", "05:00"].map(|at| said(at, "::group::Pre Execute", "task", ""));
    let ends = [
        said("00:01", "Workload finished", "supervisor", r#","final_state":"up_for_reschedule""#),
        said("05:03", "Workload finished", "supervisor", r#","final_state":"skipped""#),
    ];
    let later = said("00:01", "Rescheduling task, marking task as UP_FOR_RESCHEDULE", "task", "");
    for between in [&ends[0], &later] {
        let lines = [&begins[0], &begins[1], between, &ends[1]];
        check(&lines.map(|line| (Teller::Task, line.as_str())), "skipped Some(3) None false");
    }
}

#[test]
fn kubernetes_tells_why_a_pod_ended() {
    let begin = said("00:00", "::group::Pre Execute", "task", "");
    let begun = (Teller::Task, begin.as_str());
    let end = |code, reason: &str| {
        PodEnd::new("2026-11-22T08:00:09Z", Some(code), Some(reason.to_owned())).line()
    };
    let (killed, error, fine) = (end(137, "OOMKilled"), end(137, "Error"), end(0, "Completed"));
    check(&[begun, (Teller::Pod, &killed)], r#"failed Some(9) Some(Pod("OOMKilled")) false"#);
    check(&[begun, (Teller::Pod, &error)], "failed Some(9) None false");
    check(&[begun, (Teller::Pod, &fine)], "- None None false");
    // Airflow 2 goes on waiting, until nothing is heard for too long.
    let zombie = "[2026-11-22T08:00:42.000+0000] {scheduler_job_runner.py:2110} ERROR - Detected \
        zombie job: {'msg': '…'}";
    let lines = [begun, (Teller::Pod, &killed), (Teller::Scheduler, zombie)];
    check(&lines, r#"failed Some(42) Some(Pod("OOMKilled")) false"#);
    let given_up = executor_said("01:00", "None", "running", "failed");
    let lines = [begun, (Teller::Pod, &killed), (Teller::Scheduler, &given_up)];
    check(&lines, r#"failed Some(60) Some(Pod("OOMKilled")) false"#);
    check(
        &[(Teller::Pod, &killed), (Teller::Task, MARK)],
        r#"failed Some(5) Some(Pod("OOMKilled")) false"#,
    );
}

#[test]
fn causes_of_failures() {
    let text = |file: &str, message: &str| {
        format!("[2026-11-22T08:14:38.291+0000] {{{file}:68}} INFO - {message}")
    };
    let slow = text("timeout.py", "Process timed out, PID: 77");
    let signal = text("local_task_job_runner.py", "Task exited with return code -9. See");
    let usual = text("local_task_job_runner.py", "Task exited with return code 1");
    let printed = text("logging_mixin.py", "Task exited with return code -9");
    let after = |line: &str, expect: &str| {
        check(
            &[(Teller::Task, MARK), (Teller::Task, line)],
            &format!("failed Some(5) {expect} false"),
        );
    };
    after(&slow, "Some(TimedOut)");
    after(&signal, r#"Some(ExitCode("-9"))"#);
    after(&usual, "None");
    after(&printed, "None");
}

#[test]
fn the_log_of_another_try_that_a_task_prints_tells_nothing() {
    let sibling = format!("{MARK}, map_index=0");
    check(&[(Teller::Task, &sibling)], "- None None false");
    // A callback prints what the try before said: the same ids, and an earlier time.
    let own = MARK.replace("UP_FOR_RETRY", "SUCCESS").replace("08:14:35", "08:20:35");
    let own = own.replace("T081434", "T082034").replace("T081439", "T082036");
    check(&[(Teller::Task, MARK), (Teller::Task, &own)], "success Some(2) None false");
    let exits = |at: &str, code: &str| {
        format!(
            "[2026-11-22T08:{at}.291+0000] {{local_task_job_runner.py:266}} INFO - Task exited \
             with return code {code}"
        )
    };
    let [before, now] = [exits("14:36", "-9"), exits("20:36", "1")];
    let failed = own.replace("SUCCESS", "FAILED");
    let lines = [(Teller::Task, failed.as_str()), (Teller::Task, &before), (Teller::Task, &now)];
    check(&lines, "failed Some(2) None false");
}

#[test]
fn a_loggers_name_makes_no_supervisor() {
    let begin = said("00:00", "::group::Pre Execute", "task", "");
    let ends = said("00:20", "Done", "task", "");
    let rest = r#","final_state":"failed""#;
    let jobs = said("00:10", "Spark job finished", "supervisor.jobs", rest);
    let with_ids = r#","final_state":"failed","dag_id":"d","ti_id":"01""#;
    let own = said("00:10", "Job finished", "supervisor", with_ids);
    let last = said("00:21", "Workload finished", "supervisor", r#","final_state":"success""#);
    for forged in [jobs, own] {
        let lines = [&begin, &forged, &ends, &last];
        check(&lines.map(|line| (Teller::Task, line.as_str())), "success Some(20) None false");
    }
}

#[test]
fn the_last_pod_of_a_try_says_how_it_ended() {
    let failed = said("00:10", "Workload finished", "supervisor", r#","final_state":"failed""#);
    let last = r#","final_state":"success","exit_code":0"#;
    let done = said("01:40", "Workload finished", "supervisor", last);
    let begin = said("00:00", "::group::Pre Execute", "task", "");
    let word = said("01:39", "Done", "task", "");
    let lines = [&begin, &failed, &word, &done];
    check(&lines.map(|line| (Teller::Task, line.as_str())), "success Some(99) None false");
}

#[test]
fn an_operators_pod_tells_nothing_of_the_try() {
    assert_eq!(Teller::of(None, None, AttributedBy::PodLabels), None);
    assert_eq!(Teller::of(None, Some("worker"), AttributedBy::PodLabels), Some(Teller::Task));
    assert_eq!(Teller::of(None, None, AttributedBy::LogPath), Some(Teller::Task));
}
