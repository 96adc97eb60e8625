//! What stands inside an action: pipelines of commands, and their operands.

use super::stream::{Parse, Parser};
use crate::ast::{Command, Operand, Pipe, Term};
use crate::func;
use crate::lexer::{Kind, Token};
use crate::literal;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parse<Pipe> {
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
            Kind::Identifier => match func::lookup(source, self.dialect) {
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

    pub(super) fn unquote(&self, token: Token) -> Parse<Vec<u8>> {
        literal::unquote(self.source(token)).ok_or((token.start, "invalid syntax".into()))
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
