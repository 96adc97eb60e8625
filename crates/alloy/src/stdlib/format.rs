//! `string.format`: what Go's `fmt.Sprintf` makes of the verbs that Alloy documents. Where Go
//! prints its complaint into the text, this is an error.

use std::fmt::Write as _;

use super::function::{Call, CallError, bounded, check_length, text};
use crate::limits::FORMAT_WIDTH_MAX;
use crate::quote::quote;
use crate::value::{Number, Value};

pub(super) fn format(call: &Call<'_>) -> Result<Value, CallError> {
    let pattern = call.text(0)?;
    let mut out = String::new();
    let mut next = 1;
    let mut highest = 0;
    let mut is_indexed = false;
    let mut rest: &str = &pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (directive, after) = Directive::parse(&rest[at + 1..])?;
        rest = after;
        if directive.verb == '%' {
            out.push('%');
            continue;
        }
        is_indexed |= directive.index.is_some();
        let index = directive.index.unwrap_or(next);
        let value = call.values.get(index).filter(|_| index > 0).ok_or_else(|| {
            CallError::at(0, format!("there is no argument for \"%{}\"", directive.verb))
        })?;
        next = index + 1;
        highest = highest.max(index);
        let text = directive.apply(value).ok_or_else(|| {
            let found = value.type_name();
            CallError::at(index, format!("\"%{}\" cannot show a {found}", directive.verb))
        })?;
        out.push_str(&directive.pad(text));
        check_length(out.len())?;
    }
    out.push_str(rest);
    if !is_indexed && highest + 1 < call.values.len() {
        return Err(CallError::at(highest + 1, "there is no verb for this argument"));
    }
    bounded(out)
}

/// What stands between a percent sign and its verb.
#[derive(Default)]
struct Directive {
    is_left: bool,
    has_sign: bool,
    has_zeros: bool,
    has_space: bool,
    is_alternate: bool,
    width: usize,
    precision: Option<usize>,
    index: Option<usize>,
    verb: char,
}

impl Directive {
    fn parse(text: &str) -> Result<(Self, &str), CallError> {
        let mut directive = Self::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => directive.is_left = true,
                '+' => directive.has_sign = true,
                '0' => directive.has_zeros = true,
                ' ' => directive.has_space = true,
                '#' => directive.is_alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        directive.width = number(&mut rest)?.unwrap_or(0);
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            directive.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        if let Some(after) = rest.strip_prefix('[') {
            rest = after;
            directive.index = number(&mut rest)?;
            let closed = rest.strip_prefix(']').filter(|_| directive.index.is_some());
            rest = closed.ok_or_else(|| CallError::at(0, "\"%[\" must be followed by \"n]\""))?;
        }
        let verb = rest.chars().next();
        let verb = verb.ok_or_else(|| CallError::at(0, "the text ends within a verb"))?;
        if !"%tbdoxXeEfFgGsqv".contains(verb) {
            return Err(CallError::at(0, format!("\"%{verb}\" is no verb")));
        }
        directive.verb = verb;
        Ok((directive, &rest[verb.len_utf8()..]))
    }

    /// The value as the verb shows it; `None` if the verb cannot.
    fn apply(&self, value: &Value) -> Option<String> {
        match (self.verb, value) {
            ('v', Value::Number(Number::Float(_))) => self.float('g', value),
            ('v', Value::Secret(_) | Value::Function(_) | Value::Capsule(_)) => None,
            ('v', value) => Some(text(value).map_or_else(|| value.to_string(), |t| t.to_string())),
            ('t', Value::Bool(value)) => Some(value.to_string()),
            ('s', Value::Bool(value)) => Some(value.to_string()),
            ('s' | 'q', value) => {
                let text = text(value)?;
                let shown: String = match self.precision {
                    Some(length) => text.chars().take(length).collect(),
                    None => text.to_string(),
                };
                Some(if self.verb == 'q' { quote(&shown) } else { shown })
            }
            ('x' | 'X', Value::String(text)) => {
                let mut out = String::new();
                for byte in text.bytes() {
                    let _ = write!(out, "{byte:02x}");
                }
                Some(if self.verb == 'X' { out.to_uppercase() } else { out })
            }
            ('b' | 'd' | 'o' | 'x' | 'X', value) => self.integer(value),
            ('e' | 'E' | 'f' | 'F' | 'g' | 'G', value) => self.float(self.verb, value),
            _ => None,
        }
    }

    fn integer(&self, value: &Value) -> Option<String> {
        let number = numeric(value)?.to_i128()?;
        let magnitude = number.unsigned_abs();
        let (prefix, digits) = match self.verb {
            'b' => ("0b", format!("{magnitude:b}")),
            'o' => ("0", format!("{magnitude:o}")),
            'x' => ("0x", format!("{magnitude:x}")),
            'X' => ("0X", format!("{magnitude:X}")),
            _ => ("", magnitude.to_string()),
        };
        let prefix = if self.is_alternate { prefix } else { "" };
        let least = self.precision.unwrap_or(0);
        Some(format!("{}{prefix}{digits:0>least$}", self.sign(number < 0)))
    }

    fn float(&self, verb: char, value: &Value) -> Option<String> {
        let number = numeric(value)?.to_f64();
        let magnitude = number.abs();
        let digits = match verb {
            'f' | 'F' => format!("{magnitude:.*}", self.precision.unwrap_or(6)),
            'e' | 'E' => exponent(&format!("{magnitude:.*e}", self.precision.unwrap_or(6))),
            _ => general(magnitude, self.precision),
        };
        let digits = if matches!(verb, 'E' | 'G') { digits.to_uppercase() } else { digits };
        Some(format!("{}{digits}", self.sign(number.is_sign_negative())))
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.has_sign, self.has_space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    /// The text as wide as it must be.
    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.is_left {
            return text + &" ".repeat(missing);
        }
        let is_number = !matches!(self.verb, 's' | 'q' | 't' | 'v');
        if !(self.has_zeros && is_number) {
            return " ".repeat(missing) + &text;
        }
        let sign = usize::from(text.starts_with(['-', '+', ' ']));
        format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
    }
}

fn numeric(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => crate::scanner::parse_number(text),
        _ => None,
    }
}

/// A number at the beginning of a text, which is taken off.
fn number(rest: &mut &str) -> Result<Option<usize>, CallError> {
    let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let digits = &rest[..length];
    *rest = &rest[length..];
    if digits.is_empty() {
        return Ok(None);
    }
    let value = digits.parse().ok().filter(|value| *value <= FORMAT_WIDTH_MAX);
    let message = || CallError::at(0, format!("a width or index is at most {FORMAT_WIDTH_MAX}"));
    value.map(Some).ok_or_else(message)
}

/// Rust's exponent as Go writes it: a sign and at least two digits.
fn exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: the shortest text, with an exponent where it is large.
fn general(magnitude: f64, precision: Option<usize>) -> String {
    if !magnitude.is_finite() {
        return if magnitude.is_nan() { "NaN" } else { "+Inf" }.to_owned();
    }
    let scientific = match precision {
        Some(digits) => format!("{magnitude:.*e}", digits.max(1) - 1),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let limit = precision.map_or(21, |digits| i32::try_from(digits.max(1)).unwrap_or(21));
    let trim = |text: &str| {
        let is_fraction = text.contains('.');
        if is_fraction { text.trim_end_matches('0').trim_end_matches('.') } else { text }.to_owned()
    };
    if power < -4 || power >= limit {
        return exponent(&format!("{}e{power}", trim(mantissa)));
    }
    match precision {
        Some(digits) => {
            let digits = i32::try_from(digits.max(1)).unwrap_or(i32::MAX);
            let decimals = usize::try_from(digits - 1 - power).unwrap_or(0);
            trim(&format!("{magnitude:.decimals$}"))
        }
        None => format!("{magnitude}"),
    }
}
