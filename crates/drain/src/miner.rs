//! The miner: lines in, templates out.

use crate::config::Config;
use crate::reader::Reader;
use crate::template::{Template, TemplateId};
use crate::tree::{Path, Slot, Tree};

/// Learns templates from lines. What it knows depends on nothing but the lines and their order.
#[derive(Debug)]
pub struct Miner {
    config: Config,
    reader: Reader,
    tree: Tree,
    /// By slot. A template that is evicted gives its slot to the one it makes room for.
    templates: Vec<Template>,
    /// How many lines were mined.
    lines: u64,
}

/// A template that takes a line in.
struct Match {
    slot: Slot,
    is_covered: bool,
}

impl Miner {
    /// A miner that knows nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            reader: Reader::default(),
            tree: Tree::default(),
            templates: Vec::new(),
            lines: 0,
        }
    }

    /// Takes in a line, and tells its template. `None` when the line is blank or its first word is
    /// longer than what is looked at.
    pub fn learn(&mut self, line: &str) -> Option<TemplateId> {
        let path = self.reader.read(line, &self.config)?;
        self.lines += 1;
        let found = self.closest(path);
        let Match { slot, is_covered } = found.unwrap_or_else(|| self.add(path));
        let template = &mut self.templates[slot as usize];
        template.take_in(self.reader.tokens(), is_covered, self.lines);
        Some(template.id())
    }

    /// The templates that are held, in no order that means anything.
    pub fn templates(&self) -> impl Iterator<Item = (TemplateId, &Template)> {
        self.templates.iter().map(|template| (template.id(), template))
    }

    /// A template, if it is still held.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> Option<&Template> {
        self.templates.get(id.slot as usize).filter(|template| template.id() == id)
    }

    /// The template to which the last line read is most alike, if it is alike enough.
    fn closest(&self, path: Path) -> Option<Match> {
        let percent = self.likeness_percent(path);
        let mut best = None;
        for slot in self.tree.candidates(path) {
            let template = &self.templates[slot as usize];
            let Some(likeness) = template.likeness(self.reader.tokens()) else { continue };
            if likeness.is_covered {
                return Some(Match { slot, is_covered: true });
            }
            let is_best = best.is_none_or(|(_, other)| likeness.exceeds(other));
            if is_best && likeness.reaches(percent) {
                best = Some((slot, likeness));
            }
        }
        best.map(|(slot, _)| Match { slot, is_covered: false })
    }

    /// Makes a template of the last line read.
    fn add(&mut self, path: Path) -> Match {
        let victim = self.victim(path);
        let slot = victim.unwrap_or_else(|| {
            Slot::try_from(self.templates.len()).expect("memory ends before the slots do")
        });
        let id = TemplateId { born: self.lines, slot };
        let template = Template::new(id, self.reader.tokens(), path);
        if victim.is_some() {
            let evicted = std::mem::replace(&mut self.templates[slot as usize], template);
            self.tree.remove(evicted.path(), slot);
        } else {
            self.templates.push(template);
        }
        self.tree.insert(path, slot, self.config.children_max);
        Match { slot, is_covered: true }
    }

    fn likeness_percent(&self, path: Path) -> u8 {
        match self.full_leaf(path) {
            Some(_) => self.config.crowded_likeness_percent,
            None => self.config.likeness_percent,
        }
    }

    /// The leaf to which a new template would be added, if it is full.
    fn full_leaf(&self, path: Path) -> Option<&[Slot]> {
        let leaf = self.tree.neighbours(path, self.config.children_max);
        (leaf.len() >= self.config.leaf_templates_max.max(1)).then_some(leaf)
    }

    /// Which template has to make room for a new one: of a full leaf, or of a full miner, the one
    /// that was used least recently.
    fn victim(&self, path: Path) -> Option<Slot> {
        if let Some(leaf) = self.full_leaf(path) {
            let last_used = |slot: &&Slot| self.templates[**slot as usize].last_used();
            return leaf.iter().min_by_key(last_used).copied();
        }
        let is_full = self.templates.len() >= self.config.templates_max.max(1);
        let oldest = || self.templates.iter().min_by_key(|template| template.last_used());
        is_full.then(oldest).flatten().map(|template| template.id().slot)
    }
}
