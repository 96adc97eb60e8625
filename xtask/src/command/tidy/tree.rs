//! The project's files, read once.
//!
//! "The files" are those that git tracks or would track: a file that nobody has added yet is
//! checked too, so that tidy says the same before and after a commit.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::source::Source;

/// Every file of the project.
pub struct Tree {
    /// The files, by path.
    pub files: Vec<File>,
}

/// One file.
pub struct File {
    /// From the root of the tree, with `/` between its parts.
    pub path: String,
    /// How many bytes it has.
    pub size: usize,
    /// Its text, when it is text.
    pub text: Option<String>,
    /// What the rules know of it, when it is Rust.
    pub source: Option<Source>,
}

impl Tree {
    /// Reads the project at `root`.
    ///
    /// # Errors
    /// When `root` is not in a git repository, or one of its files cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
            .current_dir(root)
            .output()
            .context("failed to run git")?;
        if !listed.status.success() {
            bail!("failed to list the files: {}", String::from_utf8_lossy(&listed.stderr).trim());
        }
        let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
        let mut files = Vec::new();
        for name in names.split_terminator('\0') {
            let path = root.join(name);
            // A file that git tracks may be gone from the disk, and a link is not a file of ours.
            if path.is_file() && !path.is_symlink() {
                let bytes =
                    std::fs::read(&path).with_context(|| format!("failed to read {name}"))?;
                files.push((name.to_owned(), bytes));
            }
        }
        ensure!(!files.is_empty(), "no file is tracked below {}", root.display());
        Ok(Self::from_bytes(files))
    }

    /// A tree of the given paths and contents.
    fn from_bytes(files: Vec<(String, Vec<u8>)>) -> Self {
        let mut files: Vec<File> =
            files.into_iter().map(|(path, it)| File::new(path, it)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut tree = Self { files };
        tree.mark_test_modules();
        tree
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// The files that are Rust.
    pub fn sources(&self) -> impl Iterator<Item = (&File, &str, &Source)> {
        self.files
            .iter()
            .filter_map(|file| Some((file, file.text.as_deref()?, file.source.as_ref()?)))
    }

    /// A module that is declared as test code makes its own file test code.
    fn mark_test_modules(&mut self) {
        let declared: Vec<String> = self
            .sources()
            .flat_map(|(file, _, source)| {
                let folder = file.module_folder();
                source.test_modules().map(move |name| format!("{folder}{name}")).collect::<Vec<_>>()
            })
            .collect();
        let belongs = |path: &str, module: &String| {
            path.strip_prefix(module.as_str()).is_some_and(|r| r == ".rs" || r.starts_with('/'))
        };
        for file in &mut self.files {
            if declared.iter().any(|module| belongs(&file.path, module)) {
                file.source = file.text.as_deref().map(|text| Source::new(text, true));
            }
        }
    }
}

impl File {
    fn new(path: String, bytes: Vec<u8>) -> Self {
        let size = bytes.len();
        let text = if bytes.contains(&0) { None } else { String::from_utf8(bytes).ok() };
        let is_test = path.split('/').any(|part| matches!(part, "tests" | "benches"));
        let is_rust = path.ends_with(".rs");
        let source = text.as_deref().filter(|_| is_rust).map(|text| Source::new(text, is_test));
        Self { path, size, text, source }
    }

    /// The file's name without its folder.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Where the modules that this file declares stand, with a `/` at the end.
    fn module_folder(&self) -> String {
        let folder = self.path.strip_suffix(self.name()).unwrap_or_default();
        match self.name() {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            name => format!("{folder}{}/", name.trim_end_matches(".rs")),
        }
    }
}

/// Trees of a few lines for the tests of the rules.
#[cfg(test)]
pub fn tree(files: &[(&str, &str)]) -> Tree {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
    Tree::from_bytes(files.iter().map(owned).collect())
}

#[cfg(test)]
mod tests {
    use super::tree;

    /// Lists the files that are test code as a whole.
    #[track_caller]
    fn check(files: &[(&str, &str)], expect: &[&str]) {
        let tree = tree(files);
        let all_test =
            tree.sources().filter(|(_, _, source)| source.test_lines() == source.lines());
        assert_eq!(all_test.map(|(file, _, _)| file.path.as_str()).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn test_files() {
        let plain = "fn a() {}\n";
        let declares = "fn a() {}\n#[cfg(test)]\nmod checks;\n";
        check(&[("a/tests/it/main.rs", plain), ("a/src/lib.rs", plain)], &["a/tests/it/main.rs"]);
        check(&[("a/foo.rs", declares), ("a/foo/checks.rs", plain)], &["a/foo/checks.rs"]);
        check(&[("a/foo/mod.rs", declares), ("a/foo/checks.rs", plain)], &["a/foo/checks.rs"]);
        check(&[("a/lib.rs", declares), ("a/checks/deep.rs", plain)], &["a/checks/deep.rs"]);
        check(&[("a/lib.rs", declares), ("a/checks_not.rs", plain), ("b/checks.rs", plain)], &[]);
    }

    #[test]
    fn binary_files_have_no_text() {
        let tree = super::Tree::from_bytes(vec![("a.png".to_owned(), vec![1, 0, 2])]);
        assert_eq!((tree.text("a.png"), tree.files[0].size), (None, 3));
    }
}
