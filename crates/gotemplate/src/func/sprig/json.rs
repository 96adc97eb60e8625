//! `toJson` and its relatives: values as Go's `encoding/json` writes them.

use crate::func::function::{Failure, Function, Param, check_length};
use crate::func::json::value;
use crate::layout;
use crate::value::Value;

use Param::{Any, Str};

/// Go's layout of a time in JSON.
const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::weighed("toJson", &[Any], |_, args| written(Style::HTML, args, true)),
    Function::weighed("mustToJson", &[Any], |_, args| written(Style::HTML, args, false)),
    Function::weighed("toRawJson", &[Any], |_, args| written(Style::RAW, args, true)),
    Function::weighed("mustToRawJson", &[Any], |_, args| written(Style::RAW, args, false)),
    Function::weighed("toPrettyJson", &[Any], |_, args| written(Style::PRETTY, args, true)),
    Function::weighed("mustToPrettyJson", &[Any], |_, args| written(Style::PRETTY, args, false)),
    Function::new("mustFromJson", &[Str], |_, args| {
        serde_json::from_slice(args[0].bytes()).map(value).map_err(|error| error.to_string().into())
    }),
];

/// How JSON is to look.
#[derive(Clone, Copy)]
struct Style {
    /// Whether `<`, `>` and `&` are escaped, so that the text may stand in HTML.
    html: bool,
    pretty: bool,
}

impl Style {
    const HTML: Self = Self { html: true, pretty: false };
    const RAW: Self = Self { html: false, pretty: false };
    const PRETTY: Self = Self { html: true, pretty: true };
}

fn written<'a>(style: Style, args: &[Value<'_>], lenient: bool) -> Result<Value<'a>, Failure> {
    let mut writer = Writer { style, out: String::new(), depth: 0 };
    match writer.value(&args[0]) {
        Ok(()) => {}
        // Without `must`, sprig drops the error and has no text.
        Err(Failure::Message(_)) if lenient => writer.out.clear(),
        Err(failure) => return Err(failure),
    }
    check_length(writer.out.len())?;
    Ok(Value::owned(writer.out))
}

struct Writer {
    style: Style,
    out: String,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        check_length(self.out.len())?;
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(_) | Value::Int64(_) | Value::Byte(_) => {
                self.out.push_str(&value.integer().to_string());
            }
            Value::Float(number) => self.out.push_str(&float(*number)?),
            Value::Str(_) => self.text(&value.text()),
            Value::Time(time) => self.text(&layout::format(time, RFC3339_NANO)),
            Value::List(items) => {
                let items = items.iter().map(|item| (None, item.clone()));
                return self.container('[', ']', items);
            }
            Value::Map(_) | Value::Fields(_) => {
                let entries = super::dicts::entries(value).into_iter();
                return self.container('{', '}', entries.map(|(key, item)| (Some(key), item)));
            }
        }
        Ok(())
    }

    fn container<'a>(
        &mut self,
        open: char,
        close: char,
        items: impl Iterator<Item = (Option<String>, Value<'a>)>,
    ) -> Result<(), Failure> {
        self.out.push(open);
        self.depth += 1;
        let mut is_empty = true;
        for (key, item) in items {
            if !std::mem::replace(&mut is_empty, false) {
                self.out.push(',');
            }
            self.break_line();
            if let Some(key) = key {
                self.text(&key);
                self.out.push_str(if self.style.pretty { ": " } else { ":" });
            }
            self.value(&item)?;
        }
        self.depth -= 1;
        if !is_empty {
            self.break_line();
        }
        self.out.push(close);
        Ok(())
    }

    fn break_line(&mut self) {
        if self.style.pretty {
            self.out.push('\n');
            (0..self.depth).for_each(|_| self.out.push_str("  "));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\x08' => self.out.push_str("\\b"),
                '\x0c' => self.out.push_str("\\f"),
                '<' | '>' | '&' if self.style.html => self.escape(c),
                // These two end a line of JavaScript.
                '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => self.escape(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        self.out.push_str(&format!("\\u{:04x}", u32::from(c)));
    }
}

/// A number as JavaScript shows it: with an exponent if it is very small or large.
fn float(number: f64) -> Result<String, Failure> {
    if !number.is_finite() {
        let name = crate::float::shortest(number);
        return Err(format!("json: unsupported value: {name}").into());
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        return Ok(format!("{number:e}").replace('e', if magnitude < 1.0 { "e" } else { "e+" }));
    }
    Ok(format!("{number}"))
}
