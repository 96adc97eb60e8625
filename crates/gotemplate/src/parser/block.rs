//! What bodies are made of: text, actions, and the blocks that hold bodies themselves.

use std::collections::HashMap;

use super::stream::{Parse, Parser};
use crate::ast::{Branch, Invocation, Node, Tree};
use crate::dialect::Dialect;
use crate::error::ParseError;
use crate::lexer::{self, Failure, Kind, Token};
use crate::limits::MAX_DEPTH;

/// Parses a template. `name` is what errors call it.
pub(crate) fn parse(name: &str, text: &str, dialect: Dialect) -> Result<Tree, ParseError> {
    let fail = |(offset, message): Failure| {
        let line = 1 + text[..offset].matches('\n').count();
        ParseError { name: name.to_owned(), line, offset, message }
    };
    let mut parser = Parser {
        text,
        dialect,
        tokens: lexer::tokens(text).map_err(fail)?,
        next: 0,
        variables: vec!["$".into()],
        definitions: HashMap::new(),
        depth: 0,
        ranges: 0,
    };
    let root = parser.top_level().map_err(fail)?;
    let definitions = parser.definitions;
    Ok(Tree { name: name.to_owned(), text: text.to_owned(), root, definitions })
}

/// What ended a list of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

/// A block with a condition or a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }

    fn with(self, branch: Branch) -> Node {
        match self {
            Self::If => Node::If(branch),
            Self::With => Node::With(branch),
            Self::Range => Node::Range(branch),
        }
    }
}

impl Parser<'_> {
    fn top_level(&mut self) -> Parse<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::End {
            if self.at_define() {
                self.define()?;
                continue;
            }
            match self.node()? {
                Ok(node) => nodes.push(node),
                Err((Ending::End, at)) => return Err((at, "unexpected {{end}}".into())),
                Err((Ending::Else, at)) => return Err((at, "unexpected {{else}}".into())),
            }
        }
        Ok(nodes)
    }

    fn at_define(&self) -> bool {
        let mut ahead = self.tokens[self.next..].iter().filter(|token| token.kind != Kind::Space);
        ahead.next().is_some_and(|token| token.kind == Kind::LeftDelimiter)
            && ahead.next().is_some_and(|token| self.source(*token) == "define")
    }

    fn define(&mut self) -> Parse<()> {
        self.next_solid();
        self.next_solid();
        let name = self.template_name("define clause")?;
        self.expect(Kind::RightDelimiter, "define clause")?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let (body, ending) = self.list()?;
        self.variables = outer;
        if ending == Ending::Else {
            return Err((self.peek().start, "unexpected {{else}} in define clause".into()));
        }
        self.definitions.insert(name, body);
        Ok(())
    }

    /// Nodes up to an `end` or an `else`.
    fn list(&mut self) -> Parse<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::End {
            match self.node()? {
                Ok(node) => nodes.push(node),
                Err((ending, _)) => return Ok((nodes, ending)),
            }
        }
        Err((self.peek().start, "unexpected EOF".into()))
    }

    /// The next node, or what ends the list here and where.
    fn node(&mut self) -> Parse<Result<Node, (Ending, usize)>> {
        let token = self.take();
        if token.kind == Kind::Text {
            return Ok(Ok(Node::Text(self.source(token).into())));
        }
        let first = self.peek_solid();
        if first.kind != Kind::Keyword {
            return Ok(Ok(self.action()?));
        }
        self.next_solid();
        Ok(Ok(match self.source(first) {
            "if" => self.nested(|p| p.control(Control::If))?,
            "with" => self.nested(|p| p.control(Control::With))?,
            "range" => self.nested(|p| p.control(Control::Range))?,
            "template" => self.invocation()?,
            "block" => self.nested(Self::block)?,
            word @ ("break" | "continue") => self.jump(first, word)?,
            "end" => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Err((Ending::End, first.start)));
            }
            "else" => {
                // What follows an else decides whether it opens a branch of its own.
                if !self.at_else_branch() {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Err((Ending::Else, first.start)));
            }
            word => return Err((first.start, format!("unexpected <{word}> in command"))),
        }))
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth == MAX_DEPTH {
            return Err((self.peek().start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn action(&mut self) -> Parse<Node> {
        Ok(Node::Action(self.pipeline("command", Kind::RightDelimiter)?))
    }

    fn control(&mut self, control: Control) -> Parse<Node> {
        let in_scope = self.variables.len();
        let pipe = self.pipeline(control.name(), Kind::RightDelimiter)?;
        self.ranges += usize::from(control == Control::Range);
        let (body, ending) = self.list()?;
        self.ranges -= usize::from(control == Control::Range);
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else => self.otherwise(control)?,
        };
        self.variables.truncate(in_scope);
        Ok(control.with(Branch { pipe, body, otherwise }))
    }

    fn otherwise(&mut self, control: Control) -> Parse<Vec<Node>> {
        let keyword = self.peek_solid();
        if keyword.kind == Kind::Keyword {
            if self.source(keyword) != control.name() || control == Control::Range {
                return Err((keyword.start, self.unexpected(keyword, "else")));
            }
            self.next_solid();
            return Ok(vec![self.nested(|p| p.control(control))?]);
        }
        let (nodes, ending) = self.list()?;
        if ending == Ending::Else {
            return Err((self.peek().start, "expected end; found {{else}}".into()));
        }
        Ok(nodes)
    }

    /// After `else`: `if` or `with` instead of the closing delimiter. A keyword of the text that
    /// follows `{{else}}` cannot be meant, since the delimiter stands before it.
    fn at_else_branch(&self) -> bool {
        let token = self.peek_solid();
        token.kind == Kind::Keyword && matches!(self.source(token), "if" | "with")
    }

    fn jump(&mut self, token: Token, word: &str) -> Parse<Node> {
        self.expect(Kind::RightDelimiter, word)?;
        if self.ranges == 0 {
            return Err((token.start, format!("{{{{{word}}}}} outside {{{{range}}}}")));
        }
        Ok(if word == "break" { Node::Break } else { Node::Continue })
    }

    fn invocation(&mut self) -> Parse<Node> {
        let start = self.peek_solid().start;
        let name = self.template_name("template clause")?;
        let pipe = if self.peek_solid().kind == Kind::RightDelimiter {
            self.next_solid();
            None
        } else {
            Some(self.pipeline("template clause", Kind::RightDelimiter)?)
        };
        Ok(Node::Template(Invocation { start, name, pipe }))
    }

    fn block(&mut self) -> Parse<Node> {
        let start = self.peek_solid().start;
        let name = self.template_name("block clause")?;
        let pipe = Some(self.pipeline("block clause", Kind::RightDelimiter)?);
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, ending) = self.list()?;
        self.variables = outer;
        self.ranges = ranges;
        if ending == Ending::Else {
            return Err((self.peek().start, "unexpected {{else}} in block clause".into()));
        }
        self.definitions.insert(name.clone(), body);
        Ok(Node::Template(Invocation { start, name, pipe }))
    }

    fn template_name(&mut self, context: &str) -> Parse<String> {
        let token = self.next_solid();
        let bytes = match token.kind {
            Kind::String | Kind::RawString => self.unquote(token)?,
            _ => return Err((token.start, self.unexpected(token, context))),
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
