//! `regexReplaceAll`, `regexReplaceAllLiteral` and `count`: pattern first, then the text.

use regex::bytes::{NoExpand, Regex, RegexBuilder};

use super::function::{Call, Context, Failure, Function, Param, check_length};
use crate::ast::{Operand, Term};
use crate::limits::{MAX_OUTPUT_BYTES, MAX_REGEX_BYTES};
use crate::pattern;
use crate::value::{Value, lossy};

use Param::Str;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexReplaceAll", &[Str, Str, Str], REPLACE_ALL).with_regex(),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], REPLACE_ALL_LITERAL).with_regex(),
    Function::new("count", &[Str, Str], |context, args| {
        let count = with_compiled(context, args, |regex, args| {
            Ok(regex.find_iter(args[1].bytes()).count())
        })?;
        Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
    })
    .with_regex(),
];

pub(super) const REPLACE_ALL: Call = |context, args| {
    replaced(context, args, |regex, text, replacement| {
        regex.replace_all(text, replacement).into_owned()
    })
};

pub(super) const REPLACE_ALL_LITERAL: Call = |context, args| {
    replaced(context, args, |regex, text, replacement| {
        regex.replace_all(text, NoExpand(replacement)).into_owned()
    })
};

/// A pattern that was compiled when the template was parsed, or why it could not be.
pub(crate) type Compiled = Result<Regex, String>;

/// Compiles the pattern of a regex function, if the command is one and its pattern is a literal.
pub(crate) fn precompile(operands: &[Operand]) -> Option<Compiled> {
    let [function, pattern, ..] = operands else { return None };
    let Term::Function(function) = function.term else { return None };
    let Term::String { value, .. } = &pattern.term else { return None };
    function.compiles_regex.then(|| compile(value))
}

fn compile(pattern: &[u8]) -> Compiled {
    let go = lossy(pattern);
    let translated = pattern::translate(&go);
    RegexBuilder::new(&translated)
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| pattern::explain(&go, &translated, &error))
}

pub(super) fn with_compiled<'a, T>(
    context: &Context<'a>,
    args: &[Value<'a>],
    use_it: impl FnOnce(&Regex, &[Value<'a>]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let compiled;
    let regex = match context.regex {
        Some(regex) => regex,
        None => {
            compiled = compile(args[0].bytes());
            &compiled
        }
    };
    match regex {
        Ok(regex) => use_it(regex, args),
        Err(message) => Err(message.clone().into()),
    }
}

fn replaced<'a>(
    context: &Context<'a>,
    args: &[Value<'a>],
    replace: impl FnOnce(&Regex, &[u8], &[u8]) -> Vec<u8>,
) -> Result<Value<'a>, Failure> {
    with_compiled(context, args, |regex, args| {
        let (text, replacement) = (args[1].bytes(), args[2].bytes());
        // Only a replacement that could be too long is worth a search of its own.
        let references = replacement.iter().filter(|b| **b == b'$').count();
        let longest = replacement.len() + references * text.len();
        if (text.len() + 1).saturating_mul(longest) > MAX_OUTPUT_BYTES {
            check_length(replaced_length(regex, text, replacement.len(), references))?;
        }
        Ok(Value::owned(replace(regex, text, replacement)))
    })
}

/// How long a text gets at most, without building it: each reference may stand for the whole match.
fn replaced_length(regex: &Regex, text: &[u8], replacement: usize, references: usize) -> usize {
    regex
        .find_iter(text)
        .map(|found| replacement + references * found.len())
        .fold(text.len(), usize::saturating_add)
}
