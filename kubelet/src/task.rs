//! The pods of a node: each runs one try of one task, and says so as Airflow's executor has it.

use fastrand::Rng;
use serde_json::{Value, json};

/// Which try of which task a pod runs: the truth that its lines must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The DAG.
    pub dag_id: String,
    /// The run, with the colons and the plus that a label cannot hold.
    pub run_id: String,
    /// The task.
    pub task_id: String,
    /// The try, from 1.
    pub try_number: u32,
    /// Which of a mapped task's instances.
    pub map_index: Option<u32>,
}

/// What Kubernetes knows of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSpec {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The name of its only container.
    pub container: String,
    /// What it runs.
    pub task: Task,
}

impl PodSpec {
    /// The pod with this number, whose task is made up.
    #[must_use]
    pub fn of_task(no: usize, random: &mut Rng) -> Self {
        let (dag, task) = (random.u32(..20), random.u32(..8));
        let task = Task {
            dag_id: format!("dag_{dag:02}"),
            run_id: format!("scheduled__2026-11-{:02}T08:30:00+00:00", random.u32(1..29)),
            task_id: format!("task_{task}"),
            try_number: random.u32(1..4),
            map_index: random.bool().then(|| random.u32(..50)),
        };
        Self {
            namespace: "airflow".to_owned(),
            name: format!("dag-{dag:02}-task-{}-{no:06}", task.task_id.len()),
            uid: format!("{:08x}-{:04x}-4{:03x}", random.u32(..), no & 0xffff, random.u32(..4096)),
            container: "base".to_owned(),
            task,
        }
    }

    /// The name of the folder that the kubelet makes for its logs.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{}_{}_{}", self.namespace, self.name, self.uid)
    }

    /// The pod as the API server tells it: exact values are in the annotations, labels have only
    /// what a label can hold.
    #[must_use]
    pub fn json(&self) -> Value {
        let Task { dag_id, run_id, task_id, try_number, map_index } = &self.task;
        let mut annotations = json!({
            "dag_id": dag_id,
            "run_id": run_id,
            "task_id": task_id,
            "try_number": try_number.to_string(),
        });
        if let Some(index) = map_index {
            annotations["map_index"] = json!(index.to_string());
        }
        json!({
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "uid": self.uid,
                "labels": {"kubernetes_executor": "True", "dag_id": dag_id, "task_id": task_id},
                "annotations": annotations,
            },
            "spec": {"nodeName": "node-a", "containers": [{"name": self.container}]},
        })
    }
}
