//! Where the kubelet keeps the volumes of a pod.
//!
//! Below `pods/<uid>`: `volumes/<plugin>/<name>`, for CSI with a folder `mount` in it, and
//! `volume-subpaths/<volume>/<container>/<number>` for what a container mounts of a volume.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::limits::VOLUMES_MAX;

/// Plugins whose volumes hold no logs: Kubernetes fills them itself.
const FILLED: [&str; 5] = ["secret", "configmap", "projected", "downward-api", "git-repo"];

/// A volume of a pod, or what a container mounts of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its folder.
    pub path: PathBuf,
    /// Whether no other pod has it: it is made with the pod and removed with it.
    pub is_own: bool,
    /// Whether something is mounted there. As long as a file in it is open, the kubelet cannot
    /// unmount it, and the pod does not end.
    pub is_mount: bool,
}

/// The volumes of the pod whose folder this is. Whole volumes come before parts of them.
pub fn volumes(pod: &Path) -> Vec<Volume> {
    let mut out = Vec::new();
    let device = fs::metadata(pod).map_or(0, |metadata| metadata.dev());
    for plugin in folders(&pod.join("volumes")) {
        // `kubernetes.io~empty-dir`
        let name = plugin.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.rsplit('~').next().unwrap_or_default();
        if FILLED.contains(&name) {
            continue;
        }
        for volume in folders(&plugin) {
            let path = if name == "csi" { volume.join("mount") } else { volume };
            let is_own = name == "empty-dir";
            let is_there = |metadata: fs::Metadata| metadata.dev() != device;
            let is_mount = !is_own || fs::metadata(&path).is_ok_and(is_there);
            out.push(Volume { path, is_own, is_mount });
        }
    }
    let volumes = folders(&pod.join("volume-subpaths"));
    let containers = volumes.iter().flat_map(|volume| folders(volume));
    for path in containers.flat_map(|container| folders(&container)) {
        out.push(Volume { path, is_own: false, is_mount: true });
    }
    out.truncate(VOLUMES_MAX);
    out
}

/// The folders in a folder, in the order of their names; links are none.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|it| it.is_dir());
    let mut out: Vec<PathBuf> = entries.filter(is_folder).map(|entry| entry.path()).collect();
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_that_may_hold_logs() {
        let folder = tempfile::tempdir().unwrap();
        let pod = folder.path();
        for path in [
            "volumes/kubernetes.io~empty-dir/logs",
            "volumes/kubernetes.io~csi/pvc-1/mount",
            "volumes/kubernetes.io~nfs/pv-2",
            "volumes/kubernetes.io~secret/token",
            "volumes/kubernetes.io~projected/kube-api-access-x",
            "volume-subpaths/pvc-1/worker/0",
            "plugins/kubernetes.io~empty-dir/logs",
        ] {
            fs::create_dir_all(pod.join(path)).unwrap();
        }
        let show = |volume: &Volume| {
            let path = volume.path.strip_prefix(pod).unwrap().display().to_string();
            (path, volume.is_own, volume.is_mount)
        };
        let expect = [
            ("volumes/kubernetes.io~csi/pvc-1/mount", false, true),
            ("volumes/kubernetes.io~empty-dir/logs", true, false),
            ("volumes/kubernetes.io~nfs/pv-2", false, true),
            ("volume-subpaths/pvc-1/worker/0", false, true),
        ];
        let expect = expect.map(|(path, is_own, is_mount)| (path.to_owned(), is_own, is_mount));
        assert_eq!(volumes(pod).iter().map(show).collect::<Vec<_>>(), expect);
        assert_eq!(volumes(&pod.join("none")), []);
    }
}
