//! How a configuration is put together: several files as one, settings and components, and modules
//! that are declared.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Block, Body, Expr, File};
use crate::decode::Arguments;
use crate::diag::{Diagnostic, Diagnostics};
use crate::scope::Scope;
use crate::source::Span;

/// The names of blocks at the top level that are no components.
const SETTINGS: [&str; 6] = ["logging", "livedebugging", "http", "tracing", "remotecfg", "foreach"];
/// The blocks that make names of modules known.
const IMPORTS: [&str; 4] = ["import.file", "import.git", "import.http", "import.string"];

/// The top level of one file or of several that are loaded as one.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `logging`, `http` and the like.
    pub settings: Vec<Arc<Block>>,
    /// `import.file` and its kin.
    pub imports: Vec<Arc<Block>>,
    /// `declare`: modules.
    pub declares: Vec<Declare>,
    /// `argument`: what a module is given.
    pub arguments: Vec<Argument>,
    /// `export`: what a module gives.
    pub exports: Vec<Export>,
    /// `foreach`: components for each element of a list.
    pub loops: Vec<Arc<Block>>,
    /// Everything else.
    pub components: Vec<Component>,
}

/// A block that is a component, or would be one.
#[derive(Debug, Clone)]
pub struct Component {
    /// `name.label`; the name alone where it has no label.
    pub id: String,
    /// What it says.
    pub block: Arc<Block>,
}

/// `declare "name" { … }`: a module.
#[derive(Debug, Clone)]
pub struct Declare {
    /// Its label, by which components of it are made.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// What is in it.
    pub config: Config,
}

/// `argument "name" { … }`: what whoever uses a module passes to it.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Its label.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// What it is when it is left out.
    pub default: Option<Expr>,
    /// What it is for.
    pub comment: String,
}

/// `export "name" { value = … }`: what a module shows to whoever uses it.
#[derive(Debug, Clone)]
pub struct Export {
    /// Its label.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// Its value.
    pub value: Expr,
}

impl Config {
    /// Takes the top level of files apart. What is wrong is told, duplicates across files too.
    pub fn of_files<'a>(
        files: impl IntoIterator<Item = &'a File>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut reader = Reader::new(diagnostics);
        for file in files {
            reader.body(&file.body);
        }
        reader.refuse_what_modules_have();
        reader.config
    }

    /// Takes the body of a block apart that holds components: `declare`, or the `template` of a
    /// `foreach`.
    pub fn of_body(body: &Body, diagnostics: &mut Diagnostics) -> Self {
        let mut reader = Reader::new(diagnostics);
        reader.body(body);
        reader.config
    }

    /// The block of a setting, if it is there.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&Arc<Block>> {
        self.settings.iter().find(|block| block.name.text == name)
    }
}

struct Reader<'d> {
    config: Config,
    /// Identities that are taken.
    known: HashMap<String, Span>,
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Reader<'d> {
    fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self { config: Config::default(), known: HashMap::new(), diagnostics }
    }

    /// Nobody gives the top level anything, and nobody asks it for anything.
    fn refuse_what_modules_have(&mut self) {
        let arguments = self.config.arguments.iter().map(|it| ("argument", it.span));
        let exports = self.config.exports.iter().map(|it| ("export", it.span));
        for (name, span) in arguments.chain(exports) {
            let problem = Diagnostic::error(span, format!("\"{name}\" stands outside of a module"));
            self.diagnostics.push(problem.hint("put it into a declare block"));
        }
    }

    fn body(&mut self, body: &Body) {
        for attribute in body.attributes() {
            let name = &attribute.name;
            let message = format!("\"{}\" stands outside of every block", name.text);
            let problem = Diagnostic::error(name.span, message);
            self.diagnostics.push(problem.hint("only blocks stand at the top level"));
        }
        for block in body.blocks() {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Arc<Block>) {
        let id = block.id();
        if self.known.insert(id.clone(), block.head()).is_some() {
            let problem = Diagnostic::error(block.head(), format!("\"{id}\" is there already"));
            self.diagnostics.push(problem.hint("give one of the two another label"));
            return;
        }
        match block.name.text.as_str() {
            "declare" => self.declare(block),
            "argument" => self.argument(block),
            "export" => self.export(block),
            "foreach" => {
                self.label(block);
                self.config.loops.push(Arc::clone(block));
            }
            name if IMPORTS.contains(&name) => {
                self.label(block);
                self.config.imports.push(Arc::clone(block));
            }
            name if SETTINGS.contains(&name) => {
                if let Some(label) = &block.label {
                    let message = format!("the block \"{name}\" takes no label");
                    self.diagnostics.push(Diagnostic::error(label.span, message));
                }
                self.config.settings.push(Arc::clone(block));
            }
            _ => self.config.components.push(Component { id, block: Arc::clone(block) }),
        }
    }

    /// The label of a block that needs one.
    fn label(&mut self, block: &Block) -> Option<String> {
        if let Some(label) = &block.label {
            return Some(label.text.clone());
        }
        let name = &block.name.text;
        let problem =
            Diagnostic::error(block.name.span, format!("the block \"{name}\" needs a label"));
        self.diagnostics.push(problem.hint(format!("write {name} \"name\" {{ … }}")));
        None
    }

    fn declare(&mut self, block: &Block) {
        let Some(name) = self.label(block) else { return };
        let config = Config::of_body(&block.body, self.diagnostics);
        for setting in &config.settings {
            let message = format!("\"{}\" cannot stand in a module", setting.name.text);
            self.diagnostics.push(Diagnostic::error(setting.head(), message));
        }
        self.config.declares.push(Declare { name, span: block.head(), config });
    }

    fn argument(&mut self, block: &Block) {
        let Some(name) = self.label(block) else { return };
        let default = attribute(block, "default");
        let scope = Scope::new(Arc::new(crate::scope::NoEnvironment));
        let mut arguments = Arguments::of_block(block, &scope, self.diagnostics);
        let is_optional = arguments.optional("optional", false);
        let comment = arguments.optional("comment", String::new());
        arguments.ignored("default");
        arguments.finish();
        let span = block.head();
        self.config.arguments.push(Argument { name, span, is_optional, default, comment });
    }

    fn export(&mut self, block: &Block) {
        let Some(name) = self.label(block) else { return };
        let scope = Scope::new(Arc::new(crate::scope::NoEnvironment));
        let mut arguments = Arguments::of_block(block, &scope, self.diagnostics);
        arguments.ignored("value");
        arguments.finish();
        match attribute(block, "value") {
            Some(value) => {
                self.config.exports.push(Export { name, span: block.head(), value });
            }
            None => {
                let message = "the argument \"value\" of \"export\" is missing";
                self.diagnostics.push(Diagnostic::error(block.head(), message));
            }
        }
    }
}

fn attribute(block: &Block, name: &str) -> Option<Expr> {
    let mut attributes = block.body.attributes();
    attributes.find(|it| it.name.text == name).map(|it| it.value.clone())
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::diag::Diagnostics;
    use crate::parser::parse;
    use crate::source::Sources;

    #[track_caller]
    fn check(texts: &[&str], expect: &str) {
        let mut sources = Sources::new();
        let mut problems = Diagnostics::new();
        let ids: Vec<_> =
            texts.iter().enumerate().map(|(i, t)| sources.add(format!("{i}"), *t)).collect();
        let files: Vec<_> = ids.into_iter().map(|id| parse(&sources, id, &mut problems)).collect();
        let config = Config::of_files(&files, &mut problems);
        let mut told: Vec<String> =
            config.settings.iter().map(|it| format!("setting {}", it.name.text)).collect();
        told.extend(config.imports.iter().map(|it| format!("import {}", it.id())));
        told.extend(config.loops.iter().map(|it| format!("loop {}", it.id())));
        told.extend(config.components.iter().map(|it| it.id.clone()));
        for it in &config.declares {
            let arguments: Vec<_> = it
                .config
                .arguments
                .iter()
                .map(|it| {
                    format!(
                        "{}{}{}",
                        it.name,
                        if it.is_optional { "?" } else { "" },
                        if it.default.is_some() { "=" } else { "" }
                    )
                })
                .collect();
            let exports: Vec<_> = it.config.exports.iter().map(|it| it.name.as_str()).collect();
            told.push(format!(
                "declare {}({}) -> {}",
                it.name,
                arguments.join(", "),
                exports.join(", ")
            ));
        }
        told.extend(problems.iter().map(|it| format!("{}: {it}", sources.place(it.span))));
        assert_eq!(told.join("\n"), expect);
    }

    #[test]
    fn the_top_level_is_taken_apart() {
        check(
            &[
                "logging {\n}\nimport.file \"lib\" {\n}\nloki.echo \"a\" { }\nforeach \"f\" { }",
                "loki.echo \"b\" { }",
            ],
            "setting logging\nimport import.file.lib\nloop foreach.f\nloki.echo.a\nloki.echo.b",
        );
    }

    #[test]
    fn modules_are_data() {
        check(
            &[
                "declare \"m\" {\n argument \"a\" {\n optional = true\n default = 1\n }\n argument \"b\" { }\n export \"e\" { value = argument.a.value }\n}",
            ],
            "declare m(a?=, b) -> e",
        );
        check(
            &[
                "declare { }\ndeclare \"m\" {\n logging { }\n export \"e\" { }\n argument \"a\" { optinal = true }\n}",
            ],
            "declare m(a) -> \n\
             0:1:1: the block \"declare\" needs a label (write declare \"name\" { … })\n\
             0:4:2: the argument \"value\" of \"export\" is missing\n\
             0:5:17: \"optinal\" is no argument of \"argument\" (did you mean \"optional\"?)\n\
             0:3:2: \"logging\" cannot stand in a module",
        );
    }

    #[test]
    fn the_top_level_is_no_module() {
        check(
            &["argument \"a\" { }\nexport \"e\" { value = 1 }"],
            "0:1:1: \"argument\" stands outside of a module (put it into a declare block)\n\
             0:2:1: \"export\" stands outside of a module (put it into a declare block)",
        );
    }

    #[test]
    fn an_identity_is_taken_once() {
        check(
            &["loki.echo \"a\" { }\nx = 1", "loki.echo \"a\" { }\nlogging \"l\" { }"],
            "setting logging\nloki.echo.a\n\
             0:2:1: \"x\" stands outside of every block (only blocks stand at the top level)\n\
             1:1:1: \"loki.echo.a\" is there already (give one of the two another label)\n\
             1:2:9: the block \"logging\" takes no label",
        );
    }
}
