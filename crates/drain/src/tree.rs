//! The tree of fixed depth that leads a line to the templates it is compared with: first by its
//! structure, then by its first word of prose.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// Where a template stands in the list of all.
pub(crate) type Slot = u32;

/// A line's way through the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path {
    /// A hash of the line's gaps and fixed words.
    pub structure: u64,
    /// A hash of its first word of prose.
    pub first_word: u64,
}

/// The templates by path. It has no more nodes than templates.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    // Hashed without a random key, so that two runs do the same.
    nodes: HashMap<u64, Node, BuildHasherDefault<DefaultHasher>>,
}

/// The lines of one structure.
#[derive(Debug, Default)]
struct Node {
    children: Vec<Child>,
    /// What came when there were enough children.
    rest: Vec<Slot>,
}

#[derive(Debug)]
struct Child {
    first_word: u64,
    leaf: Vec<Slot>,
}

impl Tree {
    /// The templates that a line may belong to.
    pub(crate) fn candidates(&self, path: Path) -> impl Iterator<Item = Slot> {
        let node = self.nodes.get(&path.structure);
        let child = node.and_then(|node| node.child(path));
        let rest = node.map(|node| node.rest.as_slice());
        child.into_iter().chain(rest).flatten().copied()
    }

    /// The templates beside which a new one would stand.
    pub(crate) fn neighbours(&self, path: Path, children_max: usize) -> &[Slot] {
        let Some(node) = self.nodes.get(&path.structure) else { return &[] };
        let has_room = node.children.len() < children_max;
        node.child(path).unwrap_or(if has_room { &[] } else { &node.rest })
    }

    /// Puts a new template into its place.
    pub(crate) fn insert(&mut self, path: Path, slot: Slot, children_max: usize) {
        let node = self.nodes.entry(path.structure).or_default();
        let has_room = node.children.len() < children_max;
        match node.children.iter_mut().find(|child| child.first_word == path.first_word) {
            Some(child) => child.leaf.push(slot),
            None if has_room => {
                node.children.push(Child { first_word: path.first_word, leaf: vec![slot] });
            }
            None => node.rest.push(slot),
        }
    }

    /// Takes a template out, and the nodes that nothing is left in.
    pub(crate) fn remove(&mut self, path: Path, slot: Slot) {
        let Some(node) = self.nodes.get_mut(&path.structure) else { return };
        node.rest.retain(|other| *other != slot);
        for child in &mut node.children {
            child.leaf.retain(|other| *other != slot);
        }
        node.children.retain(|child| !child.leaf.is_empty());
        if node.children.is_empty() && node.rest.is_empty() {
            self.nodes.remove(&path.structure);
        }
    }
}

impl Node {
    fn child(&self, path: Path) -> Option<&[Slot]> {
        let child = self.children.iter().find(|child| child.first_word == path.first_word);
        child.map(|child| child.leaf.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILDREN_MAX: usize = 2;

    fn path(structure: u64, first_word: u64) -> Path {
        Path { structure, first_word }
    }

    /// A tree with templates 0, 1, 2 … at these paths.
    fn tree(paths: &[(u64, u64)]) -> Tree {
        let mut tree = Tree::default();
        for (slot, (structure, first_word)) in (0..).zip(paths) {
            tree.insert(path(*structure, *first_word), slot, CHILDREN_MAX);
        }
        tree
    }

    #[track_caller]
    fn check(tree: &Tree, at: (u64, u64), candidates: &[Slot], neighbours: &[Slot]) {
        let at = path(at.0, at.1);
        assert_eq!(tree.candidates(at).collect::<Vec<_>>(), candidates);
        assert_eq!(tree.neighbours(at, CHILDREN_MAX), neighbours);
    }

    #[test]
    fn structure_then_first_word() {
        let tree = tree(&[(1, 1), (1, 2), (2, 1), (1, 1)]);
        check(&tree, (1, 1), &[0, 3], &[0, 3]);
        check(&tree, (1, 2), &[1], &[1]);
        check(&tree, (2, 1), &[2], &[2]);
        check(&tree, (2, 2), &[], &[]);
        check(&tree, (3, 1), &[], &[]);
    }

    #[test]
    fn too_many_first_words_share_a_branch() {
        let tree = tree(&[(1, 1), (1, 2), (1, 3), (1, 4)]);
        check(&tree, (1, 1), &[0, 2, 3], &[0]);
        check(&tree, (1, 3), &[2, 3], &[2, 3]);
        check(&tree, (1, 5), &[2, 3], &[2, 3]);
    }

    #[test]
    fn nothing_is_left_of_what_was_removed() {
        let mut tree = tree(&[(1, 1), (1, 2), (1, 3)]);
        for (slot, first_word) in [(2, 3), (0, 1), (1, 2)] {
            tree.remove(path(1, first_word), slot);
            check(&tree, (1, first_word), &[], &[]);
        }
        assert!(tree.nodes.is_empty());
    }
}
