//! The modules of a configuration: what `declare` and `import.…` blocks make known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::ast::Block;
use alloy::config::Config;
use alloy::decode::Arguments;
use alloy::{
    Diagnostic, Diagnostics, Environment, FileId, Reference, Scope, Sources, parse, references,
};

use crate::component::Kind;
use crate::configuration::load::{alloy_files, read};
use crate::configuration::reference::kind_of;
use crate::limits::MODULE_DEPTH_MAX;

/// What is needed to build the parts of a program.
pub(super) struct Building<'a> {
    pub sources: &'a mut Sources,
    pub diagnostics: &'a mut Diagnostics,
    pub environment: Arc<dyn Environment>,
    /// What the paths of imports begin at.
    pub folder: PathBuf,
    /// The modules that are used around what is built, the outermost first.
    pub around: Vec<Arc<Config>>,
    /// How many imports are around it.
    pub imports: usize,
}

impl Building<'_> {
    /// How many modules and imports are around what is built.
    pub fn depth(&self) -> usize {
        self.around.len() + self.imports
    }
}

/// The modules that components can be made of at one level, and those of the levels around it.
#[derive(Debug, Default)]
pub(super) struct Modules {
    outer: Option<Arc<Self>>,
    here: BTreeMap<String, Module>,
}

#[derive(Debug)]
struct Module {
    config: Arc<Config>,
    /// What is known where it was declared, if that was in an import.
    home: Option<Arc<Modules>>,
}

impl Modules {
    /// The modules of a level.
    pub fn of(config: &Config, outer: Option<Arc<Self>>, building: &mut Building<'_>) -> Arc<Self> {
        let mut here = BTreeMap::new();
        for declare in &config.declares {
            let config = Arc::new(declare.config.clone());
            here.insert(declare.name.clone(), Module { config, home: None });
        }
        for block in &config.imports {
            let Some(label) = &block.label else { continue };
            let Some(imported) = import(block, building) else { continue };
            for (name, module) in &imported.here {
                let home = module.home.clone().unwrap_or_else(|| Arc::clone(&imported));
                let module = Module { config: Arc::clone(&module.config), home: Some(home) };
                here.insert(format!("{}.{name}", label.text), module);
            }
        }
        Arc::new(Self { outer, here })
    }

    /// The module of this name, and what is known inside it.
    pub fn find(self: &Arc<Self>, name: &str) -> Option<(Arc<Config>, Arc<Self>)> {
        if let Some(module) = self.here.get(name) {
            let home = module.home.as_ref().unwrap_or(self);
            return Some((Arc::clone(&module.config), Arc::clone(home)));
        }
        self.outer.as_ref()?.find(name)
    }

    /// The names of the modules of this level.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.here.keys()
    }

    /// The names of all modules that can be used here.
    pub fn all_names(&self) -> Vec<String> {
        let mut names = self.outer.as_ref().map(|outer| outer.all_names()).unwrap_or_default();
        names.extend(self.here.keys().cloned());
        names
    }
}

/// The modules that an import makes known.
fn import(block: &Block, building: &mut Building<'_>) -> Option<Arc<Modules>> {
    let files = match block.name.text.as_str() {
        "import.string" => import_string(block, building)?,
        "import.file" => import_file(block, building)?,
        name => {
            let message = format!("{name} is not supported: modules are not fetched");
            let problem = Diagnostic::error(block.head(), message);
            building.diagnostics.push(problem.hint("put them in a file, and use import.file"));
            return None;
        }
    };
    if building.depth() >= MODULE_DEPTH_MAX {
        let message = format!("imports may import others {MODULE_DEPTH_MAX} deep at most");
        building.diagnostics.push(Diagnostic::error(block.head(), message));
        return None;
    }
    let files: Vec<_> =
        files.into_iter().map(|id| parse(building.sources, id, building.diagnostics)).collect();
    let config = Config::of_files(&files, building.diagnostics);
    let others = config.settings.iter().map(|block| block.head());
    let others = others.chain(config.components.iter().map(|it| it.block.head()));
    for span in others {
        let message = "only modules are imported: put this into a declare block";
        building.diagnostics.push(Diagnostic::error(span, message));
    }
    building.imports += 1;
    let modules = Modules::of(&config, None, building);
    building.imports -= 1;
    Some(modules)
}

/// Whether an import is of something that is known before any component runs; if not, it is told.
fn is_known_early(block: &Block, argument: &str, diagnostics: &mut Diagnostics) -> bool {
    let value = block.body.attributes().find(|it| it.name.text == argument).map(|it| &it.value);
    let is_component =
        |reference: &Reference| kind_of(reference, |name| Kind::find(name).is_some()).is_some();
    let found = value.and_then(|value| references(value).into_iter().find(is_component));
    let Some(first) = found else { return true };
    let problem = "modules are read before any component runs, so none can be referred to here";
    let hint = "write the file's name into import.file { filename = … }";
    diagnostics.push(Diagnostic::error(first.span, problem).hint(hint));
    false
}

fn import_string(block: &Block, building: &mut Building<'_>) -> Option<Vec<FileId>> {
    if !is_known_early(block, "content", building.diagnostics) {
        return None;
    }
    let scope = Scope::new(Arc::clone(&building.environment));
    let mut args = Arguments::of_block(block, &scope, building.diagnostics);
    let content: String = args.required("content");
    args.finish();
    let name = format!("{}.content", block.id());
    Some(vec![building.sources.add(name, content)])
}

fn import_file(block: &Block, building: &mut Building<'_>) -> Option<Vec<FileId>> {
    if !is_known_early(block, "filename", building.diagnostics) {
        return None;
    }
    let scope = Scope::new(Arc::clone(&building.environment));
    let mut args = Arguments::of_block(block, &scope, building.diagnostics);
    let filename: String = args.required("filename");
    args.ignored("poll_frequency");
    args.ignored("detector");
    let span = args.span("filename");
    args.finish();
    if filename.is_empty() {
        return None;
    }
    let path = building.folder.join(&filename);
    match texts(&path) {
        Ok(texts) => {
            let add = |(name, text)| building.sources.add(name, text);
            Some(texts.into_iter().map(add).collect())
        }
        Err(error) => {
            let message = crate::error::Chain(&error).to_string();
            building.diagnostics.push(Diagnostic::error(span, message));
            None
        }
    }
}

/// The texts of a file, or of the `*.alloy` files of a folder, with their names.
fn texts(path: &Path) -> Result<Vec<(String, String)>, super::ReadError> {
    let files = if path.is_dir() { alloy_files(path)? } else { vec![path.to_owned()] };
    files.into_iter().map(|file| Ok((file.display().to_string(), read(&file)?))).collect()
}
