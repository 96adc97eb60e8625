//! Which log folders there are on this node's volumes, and whose they are.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{ROLE_PAUSE, SEARCH_PAUSE_MAX, SEARCH_PAUSE_MIN};
use crate::tail::Inode;
use crate::volumes::choice::Whose;
use crate::volumes::layout::{Volume, folders, volumes};
use crate::volumes::role::{Known, PodOf, Role};
use crate::volumes::search::search;
use crate::volumes::walk::Walk;

/// Where in a log folder DAG processors keep theirs.
const PROCESSORS: [&str; 2] = ["dag_processor", "dag_processor_manager"];

/// The pods of this node, their volumes, and the log folders in these.
#[derive(Debug)]
pub struct Survey {
    known: Known,
    kubelet_folder: PathBuf,
    /// Log folders that were named to us.
    named: Vec<PathBuf>,
    pods: HashMap<String, Seen>,
    /// By the inode of the folder: two pods may have the same volume.
    roots: BTreeMap<(u64, u64), Root>,
}

/// A log folder.
#[derive(Debug)]
pub struct Root {
    /// A way to it.
    pub path: PathBuf,
    /// Whose it is.
    pub whose: Whose,
    /// The namespace of the pods that have it.
    pub namespace: Option<String>,
    /// Whether open files in it keep a pod from ending.
    pub is_mount: bool,
    /// The way through it.
    pub walk: Walk,
}

/// What a look has changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Folders in which log folders may appear.
    pub looked: Vec<PathBuf>,
    /// Log folders that nobody has any more.
    pub gone: Vec<Inode>,
}

/// A pod whose folder is there.
#[derive(Debug)]
struct Seen {
    of: PodOf,
    /// When it was asked last what it does.
    asked: Instant,
    /// When its volumes are searched next, and how long is waited after that.
    search: Instant,
    pause: Duration,
    /// When they were searched last.
    searched: Instant,
    found: Vec<Found>,
}

/// A log folder in a volume of a pod.
#[derive(Debug, Clone)]
struct Found {
    path: PathBuf,
    inode: Inode,
    is_own: bool,
    is_mount: bool,
    has_processors: bool,
}

impl Survey {
    /// One that has not looked yet.
    pub fn new(known: Known, kubelet_folder: PathBuf, named: Vec<PathBuf>) -> Self {
        let (pods, roots) = (HashMap::new(), BTreeMap::new());
        Self { known, kubelet_folder, named, pods, roots }
    }

    /// Looks which pods there are, and into those of their volumes whose turn it is.
    pub fn look(&mut self, now: Instant) -> Changes {
        self.find_pods(now);
        let mut changes = Changes::default();
        let folder = self.kubelet_folder.clone();
        for (uid, seen) in &mut self.pods {
            seen.look(&folder.join(uid), now, &mut changes.looked);
        }
        changes.gone = self.gather();
        changes
    }

    /// Has the volumes of the pod searched in whose folder something has appeared, unless they were
    /// just now: something may appear there all the time. Tells whether they are to be.
    pub fn hurry(&mut self, path: &Path, now: Instant) -> bool {
        let uid = path.strip_prefix(&self.kubelet_folder).ok().and_then(|it| it.iter().next());
        let Some(seen) = uid.and_then(|uid| self.pods.get_mut(uid.to_str()?)) else { return false };
        seen.pause = SEARCH_PAUSE_MIN;
        seen.search = seen.search.min(seen.searched + SEARCH_PAUSE_MIN);
        seen.search <= now
    }

    /// The log folder in which this path is.
    pub fn root_of(&self, path: &Path) -> Option<(Inode, &Root)> {
        let found = self.roots.iter().find(|(_, root)| path.starts_with(&root.path));
        found.map(|((device, number), root)| (Inode { device: *device, number: *number }, root))
    }

    /// All log folders.
    pub fn roots(&mut self) -> impl Iterator<Item = (Inode, &mut Root)> {
        let of = |(device, number): &(u64, u64)| Inode { device: *device, number: *number };
        self.roots.iter_mut().map(move |(key, root)| (of(key), root))
    }

    /// Whether a way through a log folder is under way.
    pub fn is_walking(&self) -> bool {
        self.roots.values().any(|root| root.walk.is_under_way())
    }

    fn find_pods(&mut self, now: Instant) {
        let names = folders(&self.kubelet_folder);
        let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        let uids: Vec<String> = names.iter().filter_map(name).collect();
        self.pods.retain(|uid, _| uids.contains(uid));
        let is_asked = |uid: &String| {
            self.pods.get(uid).is_none_or(|seen| {
                seen.of.role == Role::Other && now.duration_since(seen.asked) >= ROLE_PAUSE
            })
        };
        let asked: Vec<String> = uids.into_iter().filter(is_asked).collect();
        if asked.is_empty() {
            return;
        }
        let mut found = self.known.find(&asked);
        for uid in asked {
            let unknown = || PodOf { namespace: String::new(), role: Role::Other };
            let of = found.remove(&uid).unwrap_or_else(unknown);
            let (pause, found) = (SEARCH_PAUSE_MIN, Vec::new());
            let seen = Seen { of, asked: now, search: now, pause, searched: now, found };
            self.pods.insert(uid, seen);
        }
    }

    /// Puts together whose the log folders are. Tells which nobody has any more.
    fn gather(&mut self) -> Vec<Inode> {
        let mut before = std::mem::take(&mut self.roots);
        let mut roots: BTreeMap<(u64, u64), Root> = BTreeMap::new();
        // Named ones first, and workers before others: the first way to a folder is taken.
        let named = self.named.iter().filter_map(|path| {
            let inode = Inode::of(&fs::metadata(path).ok()?);
            let (is_own, is_mount, has_processors) = (false, true, false);
            Some((Found { path: path.clone(), inode, is_own, is_mount, has_processors }, None))
        });
        let mut seen: Vec<&Seen> = self.pods.values().collect();
        seen.sort_by(|a, b| (a.of.role, &a.found_at()).cmp(&(b.of.role, &b.found_at())));
        let of_pods =
            seen.iter().flat_map(|seen| seen.found.iter().map(|it| (it.clone(), Some(&seen.of))));
        for (found, of) in named.chain(of_pods) {
            let key = (found.inode.device, found.inode.number);
            let root = roots.entry(key).or_insert_with(|| match before.remove(&key) {
                Some(root) => root.again(&found),
                None => Root::new(&found),
            });
            match of {
                Some(of) => {
                    root.whose.add(of.role);
                    root.namespace.get_or_insert_with(|| of.namespace.clone());
                }
                None => root.whose.named = true,
            }
        }
        self.roots = roots;
        before.into_keys().map(|(device, number)| Inode { device, number }).collect()
    }
}

impl Seen {
    fn found_at(&self) -> Option<&Path> {
        self.found.first().map(|found| found.path.as_path())
    }

    fn look(&mut self, folder: &Path, now: Instant, looked: &mut Vec<PathBuf>) {
        let is_there = |found: &Found| {
            fs::metadata(&found.path).is_ok_and(|metadata| Inode::of(&metadata) == found.inode)
        };
        self.found.retain(is_there);
        if self.of.role == Role::Other || now < self.search {
            return;
        }
        let had = self.found.len();
        self.found.clear();
        // What is an executor's own is never read.
        let is_meant = |volume: &Volume| self.of.role != Role::Executors || !volume.is_own;
        for volume in volumes(folder).into_iter().filter(is_meant) {
            let search = search(&volume.path);
            let Volume { is_own, is_mount, .. } = volume;
            for path in search.found {
                let Ok(metadata) = fs::metadata(&path) else { continue };
                let inode = Inode::of(&metadata);
                let has_processors = has_processors(&path);
                self.found.push(Found { path, inode, is_own, is_mount, has_processors });
            }
            looked.extend(search.looked);
        }
        // What changes nothing is searched less and less often.
        let is_new = self.found.len() != had;
        self.pause = if is_new { SEARCH_PAUSE_MIN } else { self.pause * 2 }.min(SEARCH_PAUSE_MAX);
        (self.search, self.searched) = (now + self.pause, now);
    }
}

impl Root {
    fn new(found: &Found) -> Self {
        let Found { path, is_own, is_mount, has_processors, .. } = found.clone();
        let whose = Whose { is_own, has_processors, ..Whose::default() };
        Self { path, whose, namespace: None, is_mount, walk: Walk::new() }
    }

    /// The same folder at a further look.
    fn again(self, found: &Found) -> Self {
        let Self { path, whose: had, walk, .. } = self;
        let mut root = Self::new(found);
        root.whose.executors = had.executors;
        // Where the way to it is another, the folders that wait to be looked into are not there.
        if root.path == path {
            root.walk = walk;
        }
        root
    }
}

/// Whether a DAG processor keeps its logs in this log folder.
fn has_processors(folder: &Path) -> bool {
    PROCESSORS.iter().any(|name| folder.join(name).is_dir())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Namespaces;
    use crate::stage::NoPods;

    struct Node {
        folder: tempfile::TempDir,
        survey: Survey,
        now: Instant,
    }

    impl Node {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let pods_folder = folder.path().join("log");
            let namespaces =
                Namespaces { exclude: vec!["dev".to_owned()], ..Namespaces::default() };
            let known = Known { pods: Arc::new(NoPods), pods_folder, namespaces };
            let named = vec![folder.path().join("named")];
            let survey = Survey::new(known, folder.path().join("kubelet"), named);
            Self { folder, survey, now: Instant::now() }
        }

        fn make(&self, path: &str) {
            fs::create_dir_all(self.folder.path().join(path)).unwrap();
        }

        /// The log folders after a while, each with whose it is.
        #[track_caller]
        fn check(&mut self, expect: &[&str]) {
            self.now += SEARCH_PAUSE_MAX;
            self.survey.look(self.now);
            let base = self.folder.path().to_owned();
            let show = |(_, root): (Inode, &mut Root)| {
                let Whose { workers, schedulers, executors, named, is_own, .. } = root.whose;
                let whose = [
                    ("worker", workers),
                    ("scheduler", schedulers),
                    ("executors", executors),
                    ("named", named),
                    ("own", is_own),
                ];
                let whose = whose.iter().filter(|(_, is)| *is).map(|(name, _)| *name);
                let path = root.path.strip_prefix(&base).unwrap().display();
                let namespace = root.namespace.as_deref().unwrap_or("-");
                format!("{path} {namespace} {}", whose.collect::<Vec<_>>().join("+"))
            };
            let mut found: Vec<String> = self.survey.roots().map(show).collect();
            found.sort();
            assert_eq!(found, expect);
        }
    }

    #[test]
    fn log_folders_come_and_go_with_pods() {
        let mut node = Node::new();
        node.check(&[]);
        node.make("log/air_worker-0_u1/worker");
        node.make("log/air_d-t-x_u2/base");
        node.make("log/other_web_u3/web");
        node.make("log/dev_worker-0_u4/worker");
        node.make("kubelet/u4/volumes/kubernetes.io~empty-dir/logs/dag_id=b");
        let own = "kubelet/u1/volumes/kubernetes.io~empty-dir/logs";
        let pvc = "kubelet/u1/volumes/kubernetes.io~csi/pvc/mount";
        node.make(&format!("{own}/dag_id=a"));
        node.make(&format!("{pvc}/logs/dag_id=a"));
        node.make("kubelet/u2/volumes/kubernetes.io~empty-dir/logs/dag_id=b");
        node.make("kubelet/u3/volumes/kubernetes.io~empty-dir/logs/dag_id=c");
        let of_pvc = format!("{pvc}/logs air worker");
        let of_own = format!("{own} air worker+own");
        node.check(&[&of_pvc, &of_own]);
        node.make("named/dag_id=x");
        node.check(&[&of_pvc, &of_own, "named - named"]);
        fs::remove_dir_all(node.folder.path().join("kubelet/u1")).unwrap();
        node.check(&["named - named"]);
    }

    #[test]
    fn a_pod_that_was_nothing_may_become_something() {
        let mut node = Node::new();
        node.make("log/air_scheduler-x_u1/wait-for-migrations");
        node.make("kubelet/u1/volumes/kubernetes.io~empty-dir/logs/dag_id=a");
        node.check(&[]);
        node.make("log/air_scheduler-x_u1/scheduler");
        let own = "kubelet/u1/volumes/kubernetes.io~empty-dir/logs air scheduler+own";
        node.check(&[own]);
    }
}
