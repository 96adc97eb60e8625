//! What is fuzzed, and with what it begins.

/// A target: a file of this name in `fuzz/fuzz_targets/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) seeds: Seeds,
}

/// What of the conformance data a target begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seeds {
    /// Queries, as they are.
    Queries,
    /// Lines, behind the number of a query.
    Rows,
    /// The templates that stand in queries.
    Templates,
    /// Pushes, as protobuf.
    Proto,
    /// Pushes, as JSON.
    Json,
    /// Exports of OTLP.
    Otlp,
    /// Lines, some at a time.
    Lines,
    /// A configuration of an agent, and each of its blocks.
    Configurations,
}

/// All of them, in the order of the table.
pub(super) const TARGETS: &[Target] = &[
    Target { name: "logql_parse", seeds: Seeds::Queries },
    Target { name: "logql_pipeline", seeds: Seeds::Rows },
    Target { name: "gotemplate", seeds: Seeds::Templates },
    Target { name: "push_proto", seeds: Seeds::Proto },
    Target { name: "push_json", seeds: Seeds::Json },
    Target { name: "push_otlp", seeds: Seeds::Otlp },
    Target { name: "drain", seeds: Seeds::Lines },
    Target { name: "alloy", seeds: Seeds::Configurations },
    Target { name: "stage", seeds: Seeds::Lines },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::TARGETS;

    #[test]
    fn each_target_is_a_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        let name = |entry: std::fs::DirEntry| entry.path().file_stem()?.to_str().map(str::to_owned);
        let files: BTreeSet<String> =
            folder.read_dir().unwrap().filter_map(|entry| name(entry.unwrap())).collect();
        assert_eq!(files, TARGETS.iter().map(|target| target.name.to_owned()).collect());
    }
}
