//! A configuration put together: built once, evaluated when it begins and whenever a component
//! exports something new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use alloy::ast::Block;
use alloy::config::Config;
use alloy::{Diagnostics, Environment, Scope, Sources, Value, parse};

use crate::component::{Kind, Logging, Settings, check_setting};
use crate::configuration::Configuration;
use crate::configuration::level::Level;
use crate::configuration::module::{Building, Modules};

/// What components export that they did not before, by their identities.
pub type News = BTreeMap<String, Value>;

/// Whoever is told what components are told.
pub trait Host {
    /// A component has these settings from now on. Returns what it exports.
    fn apply(&mut self, id: &str, kind: &'static Kind, settings: Settings) -> Value;

    /// A component needs what another will tell some time and has not yet: what it was told before
    /// stays in force. Returns what it exports all the same; what is sent to it must wait.
    fn wait(&mut self, id: &str, kind: &'static Kind) -> Value;

    /// Something is wrong with what a component is told: what it was told before stays in force.
    /// Returns what it exports all the same; what is sent to it must wait.
    fn wrong(&mut self, id: &str, kind: &'static Kind) -> Value;
}

/// A component as it is known.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its identity, with the modules around it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The identities of those that it needs.
    pub needs: Vec<String>,
    /// What it exports.
    pub exports: Value,
    /// What it says.
    pub block: Arc<Block>,
    /// Whether it is run at all.
    pub is_run: bool,
}

/// A configuration, put together.
pub struct Program {
    /// Its texts, for whoever tells of places in them.
    pub sources: Sources,
    /// What it says about our own log.
    pub logging: Option<Logging>,
    root: Level,
    modules: Arc<Modules>,
    environment: Arc<dyn Environment>,
}

/// What a configuration may ask of the machine: as plain data, which the command line reads.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// The variables of the environment.
    pub variables: BTreeMap<String, String>,
    /// The machine's name.
    pub hostname: String,
    /// The folder of the configuration.
    pub folder: String,
}

impl Environment for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn hostname(&self) -> String {
        self.hostname.clone()
    }

    fn module_path(&self) -> String {
        self.folder.clone()
    }
}

impl Machine {
    /// The same for a configuration in this folder.
    #[must_use]
    pub fn in_folder(&self, folder: &Path) -> Self {
        Self { folder: folder.display().to_string(), ..self.clone() }
    }
}

impl Program {
    /// Puts a configuration together. What is wrong with it as it stands is told; what is wrong
    /// with values, when it is evaluated.
    #[must_use]
    pub fn build(configuration: &Configuration, machine: &Machine) -> (Self, Diagnostics) {
        let Configuration { sources, files, folder, .. } = configuration;
        let (mut sources, mut diagnostics) = (sources.clone(), Diagnostics::new());
        let files: Vec<_> =
            files.iter().map(|file| parse(&sources, *file, &mut diagnostics)).collect();
        let config = Config::of_files(&files, &mut diagnostics);
        let environment: Arc<dyn Environment> = Arc::new(machine.in_folder(folder));
        let scope = Scope::new(Arc::clone(&environment));
        let mut logging = None;
        for block in &config.settings {
            logging = check_setting(block, &scope, &mut diagnostics).or(logging);
        }
        let mut building = Building {
            sources: &mut sources,
            diagnostics: &mut diagnostics,
            environment: Arc::clone(&environment),
            folder: folder.clone(),
            around: Vec::new(),
            imports: 0,
        };
        let modules = Modules::of(&config, None, &mut building);
        let root = Level::build(&config, String::new(), &modules, &mut building);
        (Self { sources, logging, root, modules, environment }, diagnostics)
    }

    /// Evaluates what was not evaluated yet, and what depends on these news.
    pub fn evaluate(&mut self, news: &News, host: &mut dyn Host) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        self.root.evaluate(news, host, &mut diagnostics);
        diagnostics
    }

    /// Evaluates each module once without knowing what it is given: what is wrong with it is told
    /// even if nobody uses it.
    pub(super) fn check_modules(&mut self, host: &mut dyn Host) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let names: BTreeSet<String> = self.modules.names().cloned().collect();
        for name in names {
            let Some((config, home)) = self.modules.find(&name) else { continue };
            let mut building = Building {
                sources: &mut self.sources,
                diagnostics: &mut diagnostics,
                environment: Arc::clone(&self.environment),
                folder: std::path::PathBuf::new(),
                around: vec![Arc::clone(&config)],
                imports: 0,
            };
            let inner = Modules::of(&config, Some(home), &mut building);
            let mut level = Level::build(&config, format!("{name}/"), &inner, &mut building);
            level.give_unknown();
            level.evaluate(&News::new(), host, &mut diagnostics);
        }
        diagnostics
    }

    /// Every component.
    #[must_use]
    pub fn known(&self) -> Vec<Known> {
        let mut out = Vec::new();
        self.root.known(&mut out);
        out
    }
}
