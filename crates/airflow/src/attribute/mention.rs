//! The ways in which Airflow's own lines name task instances, read out of a message.
//!
//! `TaskInstanceKey(dag_id='d', …)`, `TaskInstanceDTO(id=UUID('…'), …)`,
//! `<TaskInstance: d.t run [state]>`, `['airflow', 'tasks', 'run', 'd', 't', 'run', …]`.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::limits::MENTIONS_MAX;
use crate::task::{MapIndex, is_date, parse_number};

/// One task instance, as a message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The DAG and the task.
    pub name: Name<'a>,
    /// The run.
    pub run_id: &'a str,
    /// Which of a mapped task's; absent where the form does not tell.
    pub map_index: Option<MapIndex>,
    /// The try; absent where the form does not tell.
    pub try_number: Option<u32>,
    /// Airflow 3's name of the try.
    pub ti_id: Option<&'a str>,
    /// The file of a command's DAG.
    pub file: Option<&'a str>,
}

/// The names of a DAG and a task, which may both have dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name<'a> {
    /// Told apart.
    Apart {
        /// The DAG.
        dag_id: &'a str,
        /// The task.
        task_id: &'a str,
    },
    /// Joined by a dot, and one of them has more.
    Joined(&'a str),
}

/// All task instances that a message names; `None` when it names none, or more than
/// [`MENTIONS_MAX`].
#[must_use]
pub fn find(message: &str) -> Option<Vec<Named<'_>>> {
    let mut found = Vec::new();
    let mut markers = Markers::new(message);
    let mut at = 0;
    while let Some(next) = markers.next(at) {
        let (named, end) = match next {
            Marker::Angle(from) => read_angle(message, from),
            Marker::Call(from) => read_call(message, from),
            Marker::Command(from) => read_command(message, from),
        };
        found.extend(named);
        if found.len() > MENTIONS_MAX {
            return None;
        }
        at = end;
    }
    (!found.is_empty()).then_some(found)
}

/// Where a name begins, and in which form.
enum Marker {
    Angle(usize),
    Call(usize),
    Command(usize),
}

const COMMAND: &str = "'airflow', 'tasks', 'run', ";
const INSTANCE: &str = "TaskInstance";

/// Where names begin in a message, each form looked for once.
struct Markers<'a> {
    text: &'a str,
    command: Option<usize>,
    instance: Option<usize>,
}

/// What is looked for, prepared: that takes longer than looking through a line.
static COMMANDS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(COMMAND));
static INSTANCES: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(INSTANCE));

impl<'a> Markers<'a> {
    fn new(text: &'a str) -> Self {
        let [command, instance] = [&COMMANDS, &INSTANCES].map(|it| it.find(text.as_bytes()));
        Self { text, command, instance }
    }

    /// The next that begins at this place or later; places come in their order.
    fn next(&mut self, at: usize) -> Option<Marker> {
        for (found, finder) in [(&mut self.command, &COMMANDS), (&mut self.instance, &INSTANCES)] {
            if found.is_some_and(|found| found < at) {
                *found = finder.find(&self.text.as_bytes()[at..]).map(|found| at + found);
            }
        }
        match (self.command, self.instance) {
            (Some(command), Some(instance)) if command < instance => Some(Marker::Command(command)),
            (Some(command), None) => Some(Marker::Command(command)),
            (_, Some(from)) if from > at && self.text[..from].ends_with('<') => {
                Some(Marker::Angle(from))
            }
            (_, Some(from)) => Some(Marker::Call(from)),
            (None, None) => None,
        }
    }
}

/// Whether a message may name anything.
pub(super) fn may_name(message: &str) -> bool {
    [&INSTANCES, &COMMANDS].iter().any(|it| it.find(message.as_bytes()).is_some())
}

/// `<TaskInstance: d.t run [map_index=N ][state][ ti_id=…]>`
fn read_angle(text: &str, from: usize) -> (Option<Named<'_>>, usize) {
    let after = from + INSTANCE.len();
    let end = text[after..].find('>').map_or(text.len(), |at| after + at);
    (angle(&text[after..end]), end)
}

fn angle(inside: &str) -> Option<Named<'_>> {
    let inside = inside.strip_prefix(": ")?;
    let (body, state) = inside.rsplit_once(" [")?;
    let (_, ti_id) = state.split_once(']')?;
    let (name, run) = body.split_once(' ')?;
    let (run_id, map_index) = match run.rsplit_once(" map_index=") {
        Some((run_id, index)) => (run_id, MapIndex::parse(index)?),
        None => (run, MapIndex::Unmapped),
    };
    Some(Named {
        name: name_of(name)?,
        run_id: Some(run_id).filter(|run_id| !run_id.is_empty() && !is_date(run_id))?,
        map_index: Some(map_index),
        try_number: None,
        ti_id: ti_id.strip_prefix(" ti_id="),
        file: None,
    })
}

/// `d.t` is certain where there is one dot.
fn name_of(joined: &str) -> Option<Name<'_>> {
    let (dag_id, task_id) = joined.split_once('.')?;
    if dag_id.is_empty() || task_id.is_empty() {
        return None;
    }
    let certain = !task_id.contains('.');
    Some(if certain { Name::Apart { dag_id, task_id } } else { Name::Joined(joined) })
}

/// `TaskInstanceKey(dag_id='d', task_id='t', …)` and its relatives.
fn read_call(text: &str, from: usize) -> (Option<Named<'_>>, usize) {
    let after = from + INSTANCE.len();
    let kinds = ["Key(", "DTO(", "("];
    let open = kinds.iter().find(|kind| text[after..].starts_with(**kind));
    match open {
        Some(open) => arguments(text, after + open.len()),
        None => (None, after),
    }
}

/// The arguments up to the closing bracket, of which those that matter are quoted or numbers.
fn arguments(text: &str, from: usize) -> (Option<Named<'_>>, usize) {
    let [mut dag_id, mut task_id, mut run_id, mut ti_id] = [None; 4];
    let (mut map_index, mut try_number) = (None, None);
    let mut at = from;
    while let Some((key, rest)) = text[at..].split_once('=') {
        let start = text.len() - rest.len();
        let Some(end) = end_of_argument(text, start) else { break };
        let value = &text[start..end];
        match key.trim_start_matches([',', ' ']) {
            "dag_id" => dag_id = quoted(value),
            "task_id" => task_id = quoted(value),
            "run_id" => run_id = quoted(value),
            "try_number" => try_number = parse_number(value),
            "map_index" => map_index = MapIndex::parse(value),
            "id" => ti_id = value.strip_prefix("UUID('").and_then(|id| id.strip_suffix("')")),
            _ => {}
        }
        at = end;
        if text[at..].starts_with(')') {
            break;
        }
    }
    let named = || {
        let name = Name::Apart { dag_id: dag_id?, task_id: task_id? };
        Some(Named { name, run_id: run_id?, map_index, try_number, ti_id, file: None })
    };
    (named(), at.max(from))
}

/// Where an argument ends: at the comma or bracket that is not inside another bracket or quotes.
fn end_of_argument(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b',' | b')') if depth == 0 => return Some(at),
            (None, b')' | b']' | b'}') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
    }
    None
}

/// `['airflow', 'tasks', 'run', 'd', 't', 'run', '--subdir', 'FILE', '--map-index', '0']`
fn read_command(text: &str, from: usize) -> (Option<Named<'_>>, usize) {
    let after = from + COMMAND.len();
    let end = text[after..].find(']').map_or(text.len(), |at| after + at);
    let words: Vec<&str> = text[after..end].split(", ").take(32).filter_map(quoted).collect();
    let [dag_id, task_id, run_id, options @ ..] = words.as_slice() else { return (None, end) };
    let option = |name: &str| {
        let at = options.iter().position(|word| *word == name)?;
        options.get(at + 1).copied()
    };
    if is_date(run_id) {
        return (None, end);
    }
    let map_index = match option("--map-index") {
        Some(index) => MapIndex::parse(index),
        None => Some(MapIndex::Unmapped),
    };
    let name = Name::Apart { dag_id, task_id };
    let file = option("--subdir");
    (Some(Named { name, run_id, map_index, try_number: None, ti_id: None, file }), end)
}

/// The inside of a text in quotes; `None` when it has escapes, which ids have not.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    let inside = inside('\'').or_else(|| inside('"'))?;
    (!inside.is_empty() && !inside.contains(['\\', '\''])).then_some(inside)
}

impl Named<'_> {
    /// The name as it is where the two are joined.
    pub(super) fn joined(&self) -> Cow<'_, str> {
        match self.name {
            Name::Apart { dag_id, task_id } => Cow::Owned(format!("{dag_id}.{task_id}")),
            Name::Joined(joined) => Cow::Borrowed(joined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expect: &[&str]) {
        let show = |named: &Named<'_>| {
            let name = match named.name {
                Name::Apart { dag_id, task_id } => format!("{dag_id} {task_id}"),
                Name::Joined(joined) => format!("{joined}?"),
            };
            let index = named.map_index.map_or_else(|| "?".to_owned(), |index| index.to_string());
            let number = named.try_number.map_or_else(|| "?".to_owned(), |n| n.to_string());
            let id = named.ti_id.map_or_else(String::new, |id| format!(" {id}"));
            format!("{name} {} {index} {number}{id}", named.run_id)
        };
        let found = find(message).unwrap_or_default();
        let shown: Vec<String> = found.iter().map(show).collect();
        assert_eq!(shown, expect, "for {message}");
    }

    #[test]
    fn keys() {
        check(
            "Sending TaskInstanceKey(dag_id='d.e', task_id='t', run_id='r:1', try_number=1, \
             map_index=-1) to X, then ['airflow', 'tasks', 'run', 'd.e', 't', 'r:1', '--subdir', \
             'f.py', '--map-index', '4']",
            &["d.e t r:1 -1 1", "d.e t r:1 4 ?"],
        );
        check(
            "ti=TaskInstanceDTO(id=UUID('01-a'), task_id='t', dag_id='d', run_id='r', \
             try_number=2, x={'a': ')'}, map_index=3, hostname='')",
            &["d t r 3 2 01-a"],
        );
        check("TaskInstanceKey(dag_id='d', task_id='t'", &[]);
        check("TaskInstance Finished: dag_id=d", &[]);
    }

    #[test]
    fn angles() {
        check("<TaskInstance: d.t r__1 [queued]>", &["d t r__1 -1 ?"]);
        check("<TaskInstance: d.g.t r map_index=3 [None] ti_id=01-a>", &["d.g.t? r 3 ? 01-a"]);
        check(
            "[<TaskInstance: d.t a [x]>, <TaskInstance: d.t b [x]>]",
            &["d t a -1 ?", "d t b -1 ?"],
        );
        check("<TaskInstance: d.t [queued]>", &[]);
        check("<TaskInstance: d r [queued]>", &[]);
    }
}
