"""Runs a real Airflow beside a real barogram, and compares what is found with what is true."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "airflow-provider" / "tests"))

import comparison
from comparison import Score
from database import Fact
from deployment import NAMESPACE, Deployment
from kept_logs import KeptLogs
from store import Entry, Store, lines_of_try

LIFECYCLE = '{source="airflow.lifecycle"}'


def main():
    args = arguments()
    # Whoever ends this ends all that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = args.work.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    deployment = Deployment(folder, args.executor, args.tasks)
    store = Store(folder, str(args.binary.resolve()))
    print(f"Airflow {deployment.version}, {args.executor}; logs of all processes in {folder}")
    with deployment.up(), store.up(deployment.node, deployment.ports.kubernetes):
        deployment.run()
        deployment.stop()
        store.settle()
        scores = compare(deployment, store)
    report(scores, args.show)
    sys.exit(0 if all(score.is_right for score in scores) else 1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, required=True, help="barogram")
    parser.add_argument("--work", type=Path, required=True, help="a folder, which is emptied first")
    executors = ["KubernetesExecutor", "CeleryExecutor", "LocalExecutor"]
    parser.add_argument("--executor", choices=executors, default=executors[0])
    parser.add_argument("--tasks", type=int, default=3, help="how many pods of tasks run at once")
    parser.add_argument("--show", type=int, default=10, help="how many faults of a kind are told")
    return parser.parse_args()


def compare(deployment: Deployment, store: Store) -> list[Score]:
    database, kept = deployment.database, KeptLogs.of(deployment.node)
    tries, runs = database.tries(), database.runs()
    return [
        *comparison.records("tries", tries, store.tries()),
        *comparison.records("runs", runs, store.runs()),
        *told_by_logql(store, tries, runs),
        *told_by_metrics(store, tries, runs),
        *lines(store, kept, tries),
    ]


def told_by_logql(store: Store, tries: dict, runs: dict) -> list[Score]:
    expect = {
        "try": Counter(of_task(ids, fact) for ids, fact in tries.items() if fact.has_run),
        "run": Counter((ids[0], fact.state) for ids, fact in runs.items()),
    }
    scores = []
    for kind, labels in (("try", ("dag_id", "task_id", "state")), ("run", ("dag_id", "state"))):
        streams = LIFECYCLE.replace("}", f', kind="{kind}"}}')
        query = f"sum by ({', '.join(labels)}) (count_over_time({streams}[1d]))"
        counts = store.count(query, *labels)
        scores.append(comparison.counts(f"LogQL's counts by {kind}", expect[kind], counts))
    return scores


def told_by_metrics(store: Store, tries: dict, runs: dict) -> list[Score]:
    metrics, scores = store.metrics(), []

    def add(name: str, expect: Counter, *labels: str):
        scores.append(comparison.counts(name, expect, metrics.counts(name, *labels)))

    ran = {ids: fact for ids, fact in tries.items() if fact.has_run}
    tasks = Counter(of_task(ids, fact) for ids, fact in ran.items())
    add("airflow_ti_finish_total", tasks, "dag_id", "task_id", "state")
    for state in ("success", "failed"):
        ended = Counter((ids[0],) for ids, fact in runs.items() if fact.state == state)
        add(f"airflow_dagrun_duration_{state}_count", ended, "dag_id")
    return scores


def of_task(ids: tuple, fact: Fact) -> tuple:
    dag, _, task, _, _ = ids
    return dag, task, fact.state


def lines(store: Store, kept: KeptLogs, tries: dict) -> list[Score]:
    """Every line of every try, asked for one try after the other, and of every pod."""
    expect = {ids: kept.of_try(ids) for ids in {*tries, *kept.tries()}}
    own = {ids: own_lines(store.entries(lines_of_try(ids)), kept) for ids in expect}
    # There the lines of others cannot be told from its own.
    by_api = {ids: store.log(ids) & written for ids, written in expect.items()}
    everything = store.entries(f'{{namespace="{NAMESPACE}", source!="airflow.pods"}}')
    ends = store.entries(f'{{namespace="{NAMESPACE}", source="airflow.pods"}}')
    told = Counter(entry.labels["pod"] for entry in ends)
    pods = kept.failed | {*told}
    amiss = [f"{pod}: {told[pod]} ends" for pod in pods if told[pod] != (pod in kept.failed)]
    of_pods: dict[str, Counter] = defaultdict(Counter)
    for entry in everything:
        if pod := entry.labels.get("pod"):
            of_pods[pod].update(entry.lines)
    whose = {ids for entry in everything if (ids := entry.ids())}
    nobodys = [f"{ids} was never there" for ids in whose if ids not in expect]
    return [
        comparison.lines("lines", expect, own),
        comparison.lines("lines by the API", expect, by_api),
        comparison.lines("lines of pods", kept.printed, of_pods),
        Score("ends of failed pods", len(kept.failed) - len(amiss), len(kept.failed), amiss),
        Score("ids of lines", len(whose) - len(nobodys), len(whose), nobodys),
    ]


def own_lines(entries: list[Entry], kept: KeptLogs) -> Counter:
    """Those of a try that its own processes have written: in a pod of its own, or to a file."""
    own = Counter()
    for entry in entries:
        pod = entry.labels.get("pod")
        if pod is None or pod in kept.executors:
            own.update(entry.lines)
    return own


def report(scores: list[Score], show: int):
    for score in scores:
        for sentence in score.wrong[:show]:
            print(f"  {score.what}: {sentence}")
        if len(score.wrong) > show:
            print(f"  {score.what}: and {len(score.wrong) - show} more")
    print()
    print("| what | right | of |\n|---|---|---|")
    for score in scores:
        print(f"| {score.what} | {score.right} | {score.of} |")
    print()
    print("; ".join(map(str, scores)))


if __name__ == "__main__":
    main()
