//! What the lines of one log have told so far, bounded.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use foldhash::fast::RandomState;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attribute::mention::{Name, Named};
use crate::limits::REMEMBERED_MAX;
use crate::task::{MapIndex, TaskFacts};

/// A map that forgets what was put into it first.
#[derive(Debug, Clone)]
pub(super) struct Recent<K, V> {
    /// By a hash that is quick for short texts: each of a scheduler's lines is looked up often.
    known: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { known: HashMap::default(), order: VecDeque::new() }
    }
}

/// As a list of pairs, the first first.
impl<K: Hash + Eq + Serialize, V: Serialize> Serialize for Recent<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.order.iter().filter_map(|key| self.known.get_key_value(key)))
    }
}

impl<'de, K: Hash + Eq + Clone + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de>
    for Recent<K, V>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut recent = Self::default();
        let pairs: Vec<(K, V)> = Deserialize::deserialize(deserializer)?;
        pairs.into_iter().for_each(|(key, value)| recent.put(key, value));
        Ok(recent)
    }
}

impl<K: Hash + Eq + Clone, V> Recent<K, V> {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.known.get(key)
    }

    pub(super) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.known.get_mut(key)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if self.known.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED_MAX {
            self.order.pop_front().map(|oldest| self.known.remove(&oldest));
        }
    }
}

/// What names stand for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    /// `dag.task` → the two, where one of them has a dot; `None` where two pairs are joined alike.
    pairs: Recent<String, Option<(String, String)>>,
    /// Airflow 3's name of a try → what is known of it; `None` where two answers compete.
    tries: Recent<String, Option<Known>>,
    /// The name of a pod → its try.
    pub(super) pods: Recent<String, TaskFacts>,
    /// An instance → Airflow 3's name of the first try of it that was named.
    first_ids: Recent<String, String>,
    /// An instance → its last try.
    last_tries: Recent<TaskFacts, u32>,
}

/// A try, as far as it is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    facts: TaskFacts,
    /// The DAG's and the task's names joined, where that is all that was told of them.
    joined: Option<String>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            pairs: Recent::new(),
            tries: Recent::new(),
            pods: Recent::new(),
            first_ids: Recent::new(),
            last_tries: Recent::new(),
        }
    }

    /// Notes what a name that was believed tells beyond itself.
    pub(super) fn learn(&mut self, named: &Named<'_>) {
        if let Name::Apart { dag_id, task_id } = named.name {
            self.learn_pair(dag_id, task_id);
        }
        let facts = self.facts(named);
        if let Some(ti_id) = named.ti_id {
            self.learn_first_id(&named.joined(), named.run_id, named.map_index, ti_id);
            let told = facts.clone().unwrap_or_else(|| nameless(named));
            self.learn_try(ti_id, &told, Some(named.joined().into_owned()));
        }
        let Some(facts) = facts else { return };
        if let Some(number) = facts.try_number {
            // News of an earlier try may come after the next was handed out.
            let instance = TaskFacts { try_number: None, ..facts };
            let last = self.last_try(&instance).map_or(number, |last| last.max(number));
            self.last_tries.put(instance, last);
        }
    }

    /// Notes an id of an instance, and says whether it is the first.
    pub(super) fn learn_first_id(
        &mut self,
        joined: &str,
        run_id: &str,
        map_index: Option<MapIndex>,
        ti_id: &str,
    ) -> bool {
        let index = map_index.map(|index| index.to_string()).unwrap_or_default();
        let instance = format!("{joined} {run_id} {index}");
        match self.first_ids.get(&instance) {
            Some(first) => first == ti_id,
            None => {
                self.first_ids.put(instance, ti_id.to_owned());
                true
            }
        }
    }

    /// Notes how a DAG and a task are called, for where they are joined by a dot.
    pub(super) fn learn_pair(&mut self, dag_id: &str, task_id: &str) {
        if !dag_id.contains('.') && !task_id.contains('.') {
            return;
        }
        let joined = format!("{dag_id}.{task_id}");
        let pair = (dag_id.to_owned(), task_id.to_owned());
        match self.pairs.get(&joined) {
            Some(Some(known)) if *known == pair => {}
            None => self.pairs.put(joined, Some(pair)),
            Some(_) => self.pairs.put(joined, None),
        }
    }

    /// Notes what is known of a try; what was known stays, and what contradicts it spoils it.
    pub(super) fn learn_try(&mut self, ti_id: &str, facts: &TaskFacts, joined: Option<String>) {
        if let (Some(dag_id), Some(task_id)) = (&facts.dag_id, &facts.task_id) {
            self.learn_pair_of(ti_id, dag_id, task_id);
        }
        match self.tries.get_mut(ti_id) {
            None => self.tries.put(ti_id.to_owned(), Some(Known { facts: facts.clone(), joined })),
            Some(known) => {
                *known = known.take().and_then(|known| known.with(facts, joined.as_ref()));
            }
        }
    }

    /// A try that the scheduler named with its names joined has told them apart itself.
    fn learn_pair_of(&mut self, ti_id: &str, dag_id: &str, task_id: &str) {
        let joined = self.tries.get(ti_id).and_then(|known| known.as_ref()?.joined.as_deref());
        if joined.is_some_and(|joined| joined == format!("{dag_id}.{task_id}")) {
            self.learn_pair(dag_id, task_id);
        }
    }

    /// What is known of a try: nothing, or that answers compete, or facts.
    pub(super) fn known_try(&self, ti_id: &str) -> Option<Option<&TaskFacts>> {
        self.tries.get(ti_id).map(|known| known.as_ref().map(|known| &known.facts))
    }

    /// An instance whose DAG and task were joined by a dot, once it is known by which.
    pub(super) fn pair(&self, joined: &str, rest: TaskFacts) -> Option<TaskFacts> {
        let (dag_id, task_id) = self.pairs.get(joined)?.clone()?;
        Some(TaskFacts { dag_id: Some(dag_id), task_id: Some(task_id), ..rest })
    }

    /// The last try of an instance that was told with its number.
    pub(super) fn last_try(&self, instance: &TaskFacts) -> Option<u32> {
        self.last_tries.get(instance).copied()
    }

    /// The facts of a name; `None` while its DAG and task cannot be told apart.
    pub(super) fn facts(&self, named: &Named<'_>) -> Option<TaskFacts> {
        let (dag_id, task_id) = match named.name {
            Name::Apart { dag_id, task_id } => (dag_id.to_owned(), task_id.to_owned()),
            Name::Joined(joined) => self.pairs.get(joined)?.clone()?,
        };
        Some(TaskFacts { dag_id: Some(dag_id), task_id: Some(task_id), ..nameless(named) })
    }
}

impl Known {
    /// With what else is told of it, if that agrees.
    fn with(self, facts: &TaskFacts, joined: Option<&String>) -> Option<Self> {
        let facts = agree(&self.facts, facts)?;
        let joined = either(&self.joined, &joined.cloned())?;
        if let (Some(dag_id), Some(task_id), Some(joined)) =
            (&facts.dag_id, &facts.task_id, &joined)
        {
            let same = *joined == format!("{dag_id}.{task_id}");
            return same.then(|| Self { facts, joined: Some(joined.clone()) });
        }
        Some(Self { facts, joined })
    }
}

/// The facts of a name without its DAG and task.
pub(super) fn nameless(named: &Named<'_>) -> TaskFacts {
    TaskFacts {
        run_id: Some(named.run_id.to_owned()),
        map_index: named.map_index,
        try_number: named.try_number,
        ..TaskFacts::default()
    }
}

/// Both together, where neither contradicts the other.
pub(super) fn agree(one: &TaskFacts, other: &TaskFacts) -> Option<TaskFacts> {
    Some(TaskFacts {
        dag_id: either(&one.dag_id, &other.dag_id)?,
        run_id: either(&one.run_id, &other.run_id)?,
        task_id: either(&one.task_id, &other.task_id)?,
        map_index: either(&one.map_index, &other.map_index)?,
        try_number: either(&one.try_number, &other.try_number)?,
        logical_date: either(&one.logical_date, &other.logical_date)?,
    })
}

/// What both say alike.
pub(super) fn common(one: &TaskFacts, other: &TaskFacts) -> TaskFacts {
    TaskFacts {
        dag_id: same(&one.dag_id, &other.dag_id),
        run_id: same(&one.run_id, &other.run_id),
        task_id: same(&one.task_id, &other.task_id),
        map_index: None,
        try_number: None,
        logical_date: same(&one.logical_date, &other.logical_date),
    }
}

fn either<T: PartialEq + Clone>(one: &Option<T>, other: &Option<T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (Some(known), _) | (None, Some(known)) => Some(Some(known.clone())),
        (None, None) => Some(None),
    }
}

fn same<T: PartialEq + Clone>(one: &Option<T>, other: &Option<T>) -> Option<T> {
    one.clone().filter(|_| one == other)
}
