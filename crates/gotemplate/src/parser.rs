//! Tokens to tree. Names of functions and of variables are resolved here, so that a template that
//! parses can only fail on values.

use std::collections::HashMap;

use crate::ast::{Branch, Command, Invocation, Node, Operand, Pipe, Term, Tree};
use crate::error::ParseError;
use crate::func;
use crate::lexer::{self, Failure, Kind, Token};
use crate::limits::MAX_DEPTH;
use crate::literal;

/// Parses a template. `name` is what errors call it.
pub(crate) fn parse(name: &str, text: &str) -> Result<Tree, ParseError> {
    let fail = |(offset, message): Failure| {
        let line = 1 + text[..offset].matches('\n').count();
        ParseError { name: name.to_owned(), line, offset, message }
    };
    let mut parser = Parser {
        text,
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

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    next: usize,
    /// The variables in scope, innermost last.
    variables: Vec<Box<str>>,
    definitions: HashMap<String, Vec<Node>>,
    depth: usize,
    /// How many `range` bodies are open: `break` and `continue` need one.
    ranges: usize,
}

/// What ended a list of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

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

    fn node(self, branch: Branch) -> Node {
        match self {
            Self::If => Node::If(branch),
            Self::With => Node::With(branch),
            Self::Range => Node::Range(branch),
        }
    }
}

type Parse<T> = Result<T, Failure>;

impl<'t> Parser<'t> {
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

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
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
        Ok(control.node(Branch { pipe, body, otherwise }))
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

    fn pipeline(&mut self, context: &str, end: Kind) -> Parse<Pipe> {
        let start = self.peek_solid().start;
        let (variables, assigns) = self.declarations(context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.peek_solid();
            match token.kind {
                _ if token.kind == end => {
                    self.next_solid();
                    break;
                }
                kind if starts_operand(kind) => commands.push(self.command()?),
                _ => return Err((token.start, self.unexpected(token, context))),
            }
        }
        if commands.is_empty() {
            return Err((start, format!("missing value for {context}")));
        }
        for (stage, command) in commands.iter().enumerate().skip(1) {
            if !is_executable(&command.operands[0].term) {
                let message = format!("non executable command in pipeline stage {}", stage + 1);
                return Err((command.start, message));
            }
        }
        // A variable is in scope after the pipeline that declares it.
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipe { start, variables, assigns, commands })
    }

    /// `$x :=`, `$x =` or, in a range, `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Parse<(Vec<Box<str>>, bool)> {
        let mut variables: Vec<Box<str>> = Vec::new();
        loop {
            let before = self.next;
            let variable = self.peek_solid();
            if variable.kind != Kind::Variable {
                return Ok((variables, false));
            }
            self.next_solid();
            let name = self.source(variable);
            match self.peek_solid().kind {
                kind @ (Kind::Declare | Kind::Assign) => {
                    self.next_solid();
                    variables.push(name.into());
                    let assigns = kind == Kind::Assign;
                    if assigns {
                        variables.iter().try_for_each(|v| self.check_variable(v, variable))?;
                    }
                    return Ok((variables, assigns));
                }
                Kind::Comma => {
                    self.next_solid();
                    variables.push(name.into());
                    if context != "range" || variables.len() > 1 {
                        let message = format!("too many declarations in {context}");
                        return Err((variable.start, message));
                    }
                    if self.peek_solid().kind != Kind::Variable {
                        let message = "range can only initialize variables".into();
                        return Err((variable.start, message));
                    }
                }
                _ => {
                    self.next = before;
                    return Ok((variables, false));
                }
            }
        }
    }

    fn command(&mut self) -> Parse<Command> {
        let start = self.peek_solid().start;
        let mut operands = Vec::new();
        loop {
            self.peek_solid_advancing();
            operands.push(self.operand()?);
            let token = self.peek();
            match token.kind {
                Kind::Space => {
                    let next = self.peek_solid();
                    match next.kind {
                        kind if starts_operand(kind) => {}
                        Kind::RightDelimiter | Kind::RightParen => break,
                        Kind::Pipe => {
                            self.next_solid();
                            break;
                        }
                        _ => return Err((next.start, self.unexpected(next, "operand"))),
                    }
                }
                Kind::RightDelimiter | Kind::RightParen => break,
                Kind::Pipe => {
                    self.take();
                    break;
                }
                _ => return Err((token.start, self.unexpected(token, "operand"))),
            }
        }
        let regex = func::regex::precompile(&operands);
        Ok(Command { start, operands, regex })
    }

    /// A term and the fields that follow it.
    fn operand(&mut self) -> Parse<Operand> {
        let token = self.take();
        let start = token.start;
        let term = self.term(token)?;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let field = self.take();
            fields.push(self.source(field)[1..].into());
        }
        if fields.is_empty() {
            return Ok(Operand { start, term });
        }
        let term = match term {
            Term::Field(mut path) => {
                path.extend(fields);
                Term::Field(path)
            }
            Term::Variable { name, .. } => Term::Variable { name, fields },
            Term::Function(_) | Term::Pipe(_) => {
                Term::Chain { of: Box::new(Operand { start, term }), fields }
            }
            _ => {
                let shown = Operand { start, term };
                return Err((start, format!("unexpected . after term {:?}", shown.to_string())));
            }
        };
        Ok(Operand { start, term })
    }

    fn term(&mut self, token: Token) -> Parse<Term> {
        let source = self.source(token);
        Ok(match token.kind {
            Kind::Bool => Term::Bool(source == "true"),
            Kind::Nil => Term::Nil,
            Kind::Dot => Term::Dot,
            Kind::Field => Term::Field(vec![source[1..].into()]),
            Kind::Variable => {
                self.check_variable(source, token)?;
                Term::Variable { name: source.into(), fields: Vec::new() }
            }
            Kind::Identifier => match func::lookup(source) {
                Some(function) => Term::Function(function),
                None => return Err((token.start, format!("function {source:?} not defined"))),
            },
            Kind::Number => {
                Term::Number(literal::number(source).map_err(|message| (token.start, message))?)
            }
            Kind::Character => {
                Term::Number(literal::character(source).map_err(|message| (token.start, message))?)
            }
            Kind::String | Kind::RawString => {
                let value = self.unquote(token)?.into();
                Term::String { source: source.into(), value }
            }
            Kind::LeftParen => {
                let pipe =
                    self.nested(|p| p.pipeline("parenthesized pipeline", Kind::RightParen))?;
                Term::Pipe(Box::new(pipe))
            }
            _ => return Err((token.start, self.unexpected(token, "operand"))),
        })
    }

    fn check_variable(&self, name: &str, token: Token) -> Parse<()> {
        if self.variables.iter().any(|known| **known == *name) {
            return Ok(());
        }
        Err((token.start, format!("undefined variable {name:?}")))
    }

    fn unquote(&self, token: Token) -> Parse<Vec<u8>> {
        literal::unquote(self.source(token)).ok_or((token.start, "invalid syntax".into()))
    }

    fn source(&self, token: Token) -> &'t str {
        &self.text[token.start..token.end]
    }

    fn unexpected(&self, token: Token, context: &str) -> String {
        match token.kind {
            Kind::End => "unexpected EOF".into(),
            Kind::Keyword => format!("unexpected <{}> in {context}", self.source(token)),
            _ => format!("unexpected {:?} in {context}", self.source(token)),
        }
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parse<()> {
        let token = self.next_solid();
        if token.kind == kind {
            return Ok(());
        }
        Err((token.start, self.unexpected(token, context)))
    }

    fn peek(&self) -> Token {
        self.tokens[self.next]
    }

    /// The next token; the last one, which marks the end, comes again and again.
    fn take(&mut self) -> Token {
        let token = self.tokens[self.next];
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    /// The next token that is not a space, without taking it.
    fn peek_solid(&self) -> Token {
        let ahead = self.tokens[self.next];
        if ahead.kind == Kind::Space { self.tokens[self.next + 1] } else { ahead }
    }

    fn peek_solid_advancing(&mut self) {
        if self.peek().kind == Kind::Space {
            self.take();
        }
    }

    fn next_solid(&mut self) -> Token {
        self.peek_solid_advancing();
        self.take()
    }
}

fn starts_operand(kind: Kind) -> bool {
    use Kind::{
        Bool, Character, Dot, Field, Identifier, LeftParen, Nil, Number, RawString, String,
        Variable,
    };
    matches!(
        kind,
        Bool | Character
            | Dot
            | Field
            | Identifier
            | Number
            | Nil
            | RawString
            | String
            | Variable
            | LeftParen
    )
}

/// Whether a command can take the value that the one before it hands on.
fn is_executable(term: &Term) -> bool {
    !matches!(term, Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String { .. })
}
