//! What a configuration says: statements, and the expressions in them, each with its place.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::source::{FileId, Span};
use crate::value::Number;

/// A file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Which source it was read from.
    pub id: FileId,
    /// What it says.
    pub body: Body,
    /// Its comments, for the printer.
    pub comments: Vec<Span>,
}

/// The statements of a file or of a block, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The statements.
    pub statements: Vec<Statement>,
    /// From the brace that opens it to the one that closes it; all of a file.
    pub span: Span,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `name = value`
    Attribute(Attribute),
    /// `name "label" { … }`. Shared, since whoever runs it keeps it longer than its file.
    Block(Arc<Block>),
}

/// `name = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// A name and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// As it is written; the names of blocks have dots.
    pub text: String,
    /// Where it is.
    pub span: Span,
}

/// `name "label" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Its name, with dots: `loki.source.file`.
    pub name: Name,
    /// Its label, without quotes.
    pub label: Option<Name>,
    /// What is in it.
    pub body: Body,
}

impl Block {
    /// `name.label`, or the name alone without a label.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.label {
            Some(label) => format!("{}.{}", self.name.text, label.text),
            None => self.name.text.clone(),
        }
    }

    /// Its name and label: what an error about the whole block points at.
    #[must_use]
    pub fn head(&self) -> Span {
        self.label.as_ref().map_or(self.name.span, |label| self.name.span.to(label.span))
    }
}

impl Body {
    /// The attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.statements.iter().filter_map(|statement| match statement {
            Statement::Attribute(attribute) => Some(attribute),
            Statement::Block(_) => None,
        })
    }

    /// The blocks in their order.
    pub fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.statements.iter().filter_map(|statement| match statement {
            Statement::Attribute(_) => None,
            Statement::Block(block) => Some(block),
        })
    }

    /// Every expression that stands in it, in blocks within it as well.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut out = Vec::new();
        let mut bodies = vec![self];
        while let Some(body) = bodies.pop() {
            out.extend(body.attributes().map(|attribute| &attribute.value));
            bodies.extend(body.blocks().map(|block| &block.body));
        }
        out
    }
}

impl Statement {
    /// Where it is.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Attribute(attribute) => attribute.name.span.to(attribute.value.span),
            Self::Block(block) => block.name.span.to(block.body.span),
        }
    }
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is.
    pub span: Span,
    /// How high its tree is; see [`crate::limits::HEIGHT_MAX`].
    pub(crate) height: u16,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `{ key = value }`
    Object(Vec<Field>),
    /// A name.
    Identifier(String),
    /// `value.name`
    Access {
        /// What has the member.
        value: Box<Expr>,
        /// The member.
        name: Name,
    },
    /// `value[index]`
    Index {
        /// What has the element.
        value: Box<Expr>,
        /// Which element.
        index: Box<Expr>,
    },
    /// `function(arguments)`
    Call {
        /// What is called.
        function: Box<Expr>,
        /// With what.
        arguments: Vec<Expr>,
    },
    /// `!value` or `-value`
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// Its operand.
        value: Box<Expr>,
    },
    /// `left + right` and the like.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Where the operator is.
        at: Span,
        /// What is before it.
        left: Box<Expr>,
        /// What is after it.
        right: Box<Expr>,
    },
    /// `(inner)`
    Parentheses(Box<Expr>),
    /// Where an expression should be and none was; it was told.
    Missing,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, unquoted.
    String(Arc<str>),
}

/// A key of an object and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key, without quotes.
    pub name: Name,
    /// Whether it was written in quotes.
    pub is_quoted: bool,
    /// Its value.
    pub value: Expr,
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `!`
    Not,
    /// `-`
    Negate,
}

impl UnaryOperator {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Not => "!",
            Self::Negate => "-",
        }
    }
}

pub use crate::operator::BinaryOperator;

impl Expr {
    /// An expression of its parts.
    #[must_use]
    pub(crate) fn new(kind: ExprKind, span: Span) -> Self {
        let mut below = 0;
        kind.for_each_child(&mut |child| below = child.height.max(below));
        Self { kind, span, height: below.saturating_add(1) }
    }
}

impl ExprKind {
    /// Calls a function with each expression that this one is made of.
    pub fn for_each_child<'a>(&'a self, call: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Literal(_) | Self::Identifier(_) | Self::Missing => {}
            Self::Array(elements) => elements.iter().for_each(call),
            Self::Object(fields) => fields.iter().for_each(|field| call(&field.value)),
            Self::Access { value, .. } | Self::Unary { value, .. } | Self::Parentheses(value) => {
                call(value);
            }
            Self::Index { value, index } => {
                call(value);
                call(index);
            }
            Self::Call { function, arguments } => {
                call(function);
                arguments.iter().for_each(call);
            }
            Self::Binary { left, right, .. } => {
                call(left);
                call(right);
            }
        }
    }
}

/// A file's tree without its places, one statement a line. Two texts that mean the same in the same
/// words have the same tree.
#[must_use]
pub fn tree(body: &Body) -> String {
    let mut out = String::new();
    body_tree(body, 0, &mut out);
    out
}

fn body_tree(body: &Body, depth: usize, out: &mut String) {
    for statement in &body.statements {
        out.push_str(&"  ".repeat(depth));
        match statement {
            Statement::Attribute(attribute) => {
                let _ = write!(out, "{} = ", attribute.name.text);
                expr_tree(&attribute.value, out);
                out.push('\n');
            }
            Statement::Block(block) => {
                out.push_str(&block.name.text);
                if let Some(label) = &block.label {
                    let _ = write!(out, " {:?}", label.text);
                }
                out.push_str(":\n");
                body_tree(&block.body, depth + 1, out);
            }
        }
    }
}

/// An expression with all its parentheses: `(+ a (* b c))`.
fn expr_tree(expr: &Expr, out: &mut String) {
    match &expr.kind {
        ExprKind::Literal(Literal::Null) => out.push_str("null"),
        ExprKind::Literal(Literal::Bool(value)) => out.push_str(&value.to_string()),
        ExprKind::Literal(Literal::Number(number)) => {
            let _ = write!(out, "{number:?}");
        }
        ExprKind::Literal(Literal::String(text)) => {
            let _ = write!(out, "{text:?}");
        }
        ExprKind::Identifier(name) => out.push_str(name),
        ExprKind::Missing => out.push_str("<missing>"),
        ExprKind::Object(fields) => {
            out.push_str("(object");
            for field in fields {
                let _ = write!(out, " {:?}=", field.name.text);
                expr_tree(&field.value, out);
            }
            out.push(')');
        }
        kind => {
            let head = match kind {
                ExprKind::Array(_) => "array".to_owned(),
                ExprKind::Access { name, .. } => format!(".{}", name.text),
                ExprKind::Index { .. } => "[]".to_owned(),
                ExprKind::Call { .. } => "call".to_owned(),
                ExprKind::Unary { operator, .. } => operator.text().to_owned(),
                ExprKind::Binary { operator, .. } => operator.text().to_owned(),
                _ => "parentheses".to_owned(),
            };
            let _ = write!(out, "({head}");
            kind.for_each_child(&mut |child| {
                out.push(' ');
                expr_tree(child, out);
            });
            out.push(')');
        }
    }
}
