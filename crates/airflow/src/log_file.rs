//! Who wrote a task's log file: what its first lines say of it.
//!
//! On a volume that many pods share lie the files of all tasks, whoever ran them. A pod of the
//! KubernetesExecutor prints its task's lines as well, so that whoever collects what pods print
//! must be able to leave its files out.

use crate::path::LogPath;
use crate::pod::is_stem_of;
use crate::task::TaskFacts;

/// The longest name of a host: that of a pod with a longer name is cut there.
const HOST_BYTES_MAX: usize = 63;
/// Random characters at the end of the name of an executor's pod: eight, once a uuid. The pods of a
/// StatefulSet have a number there, those of a Deployment five characters.
const RANDOM_BYTES_MIN: usize = 8;

/// Who wrote a file, as far as its first lines say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author<'a> {
    /// A process on this host (Airflow 2).
    Host(&'a str),
    /// The file does not say, and no more of it will (Airflow 3).
    Untold,
    /// More of the file may say.
    Unknown,
}

/// What the first bytes of a task's log file say of who wrote it. Airflow 2 names the host about
/// ten lines below the first, before it runs any code of the task's. Airflow 3 writes objects,
/// none of which names it.
#[must_use]
pub fn author(head: &[u8]) -> Author<'_> {
    if head.first() == Some(&b'{') {
        return Author::Untold;
    }
    // A line that is not whole may end in the middle of the host.
    let whole = head.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let mut lines = head[..whole].split(|byte| *byte == b'\n');
    let host = lines.find_map(|line| host(std::str::from_utf8(line).ok()?));
    host.map_or(Author::Unknown, Author::Host)
}

/// `[…] {task_command.py:467} INFO - Running <TaskInstance: …> on host HOST`.
fn host(line: &str) -> Option<&str> {
    let (before, host) = line.rsplit_once("> on host ")?;
    let (_, place) = before.split_once("] {")?;
    let is_airflows = place.starts_with("task_command.py:") && before.contains(" - Running <");
    (is_airflows && !host.is_empty()).then(|| host.trim_end())
}

impl LogPath {
    /// Whether this host, which wrote the file, is a pod of the KubernetesExecutor: it names them
    /// after DAG and task. `None` where the host is an address, which tells nothing.
    #[must_use]
    pub fn is_of_executors_pod(&self, host: &str) -> Option<bool> {
        if host.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        // With its domain, or, as older versions named pods, with points of its own.
        let first = host.split('.').next().unwrap_or(host);
        Some([host, first].into_iter().any(|name| is_named_after(name, &self.task)))
    }
}

/// Whether a pod of this name is the executor's, for this task.
fn is_named_after(name: &str, task: &TaskFacts) -> bool {
    // At a cut, a dash is left out too.
    let is_cut = name.len() + 1 >= HOST_BYTES_MAX;
    let (stem, random) = name.rsplit_once(['-', '.']).unwrap_or((name, ""));
    let is_random = random.len() >= RANDOM_BYTES_MIN && random.bytes().all(is_plain);
    (is_random || is_cut) && is_stem_of(stem, task) || is_cut && is_stem_of(name, task)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: &str = "[2026-11-22T08:44:21.653+0000] {task_command.py:467} INFO - Running \
                           <TaskInstance: ops.kill.bash_killed manual__1 [running]> on host ";

    #[track_caller]
    fn check(head: &str, expect: Author<'_>) {
        assert_eq!(author(head.as_bytes()), expect, "for {head}");
    }

    #[test]
    fn first_lines_name_the_host() {
        let first = "[2026-11-22T08:44:20.321+0000] {taskinstance.py:2867} INFO - Starting\n";
        check(&format!("{first}{RUNNING}airflow-worker-0\n"), Author::Host("airflow-worker-0"));
        check(&format!("{first}{RUNNING}airflow-wor"), Author::Unknown);
        check(first, Author::Unknown);
        check("", Author::Unknown);
        check("{\"timestamp\":\"2026-11-22T08:51:06.770586Z\"", Author::Untold);
        let forged = RUNNING.replace("task_command.py:467", "dag.py:1");
        check(&format!("{first}{forged}other\n"), Author::Unknown);
    }

    #[track_caller]
    fn check_host(path: &str, host: &str, expect: Option<bool>) {
        let path = LogPath::parse(path).unwrap();
        assert_eq!(path.is_of_executors_pod(host), expect, "for {host}");
    }

    #[test]
    fn pods_of_the_executor_are_named_after_their_tasks() {
        let of = |dag: &str, task: &str| {
            format!("dag_id={dag}/run_id=manual__1/task_id={task}/attempt=1.log")
        };
        let kill = of("ops.kill-signals_v2", "bash_killed");
        // Seen with 2.10.5.
        check_host(&kill, "ops-kill-signals-v2-bash-killed-ov3smnks", Some(true));
        check_host(&kill, "airflow-worker-0", Some(false));
        check_host(&kill, "airflow-worker-0.airflow-worker.airflow.svc", Some(false));
        check_host(&kill, "airflow-scheduler-513253acb-b04b0", Some(false));
        check_host(&kill, "10.244.1.17", None);
        // Before 2.4: without dashes, a point, and a uuid; cut to what a host name may have.
        let long = of("extract_orders", "load");
        let name = "extractordersload.0123456789abcdef0123456789abcdef";
        check_host(&long, name, Some(true));
        let task = "a".repeat(70);
        check_host(&of("extract", &task), &format!("extract-{}", &task[..55]), Some(true));
        // A worker whose name is how the DAG's begins is not taken for the executor's.
        check_host(&of("airflow-worker", "t"), "airflow-worker-0", Some(false));
    }
}
