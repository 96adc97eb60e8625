//! Go's `fmt`: `Sprintf` with its verbs and flags, `Sprint`, `Sprintln`, and how a value looks
//! where a template prints it.

use crate::float;
use crate::limits::MAX_OUTPUT_BYTES;
use crate::quote;
use crate::value::{Value, lossy, rune_count, rune_offset};

/// The widest padding and the longest precision that Go honours.
const MAX_WIDTH: usize = 1_000_000;

/// `fmt.Sprintf`; `None` if the result would be longer than a string may be.
pub(crate) fn sprintf(format: &[u8], arguments: &[Value<'_>]) -> Option<Vec<u8>> {
    let mut printer = Printer { arguments, next: 0, reordered: false, out: Vec::new() };
    let mut rest = format;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        printer.out.extend_from_slice(&rest[..at]);
        rest = printer.directive(&rest[at + 1..]);
        if is_full(&printer.out) {
            return None;
        }
    }
    printer.out.extend_from_slice(rest);
    printer.extra();
    (!is_full(&printer.out)).then_some(printer.out)
}

/// `fmt.Sprint`: a space between two operands when neither is a string. The caller checks the
/// length; what is too long ends early.
pub(crate) fn sprint(arguments: &[Value<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_string = true;
    for (i, argument) in arguments.iter().enumerate() {
        if is_full(&out) {
            break;
        }
        let is_string = matches!(argument, Value::Str(_));
        if i > 0 && !is_string && !after_string {
            out.push(b' ');
        }
        write_value(&mut out, argument);
        after_string = is_string;
    }
    out
}

/// `fmt.Sprintln`: a space between all operands, a newline at the end.
pub(crate) fn sprintln(arguments: &[Value<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, argument) in arguments.iter().enumerate() {
        if is_full(&out) {
            break;
        }
        if i > 0 {
            out.push(b' ');
        }
        write_value(&mut out, argument);
    }
    out.push(b'\n');
    out
}

/// A value as `%v` shows it. A container ends early once the output is too long for any use.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    Flags::default().write(out, value, 'v');
}

/// Whether more output would be in vain: whoever asked for it refuses what is too long.
fn is_full(out: &[u8]) -> bool {
    out.len() > MAX_OUTPUT_BYTES
}

struct Printer<'p, 'a> {
    arguments: &'p [Value<'a>],
    next: usize,
    /// Whether an explicit index (`%[2]d`) was used: then left-over arguments are no mistake.
    reordered: bool,
    out: Vec<u8>,
}

impl Printer<'_, '_> {
    /// One directive, after its `%`; returns what follows it.
    fn directive<'f>(&mut self, format: &'f [u8]) -> &'f [u8] {
        let mut flags = Flags::default();
        let mut rest = flags.read(format);
        let mut good_index = self.index(&mut rest);
        if let Some(after) = rest.strip_prefix(b"*") {
            rest = after;
            match self.star() {
                Some(width) if width < 0 => {
                    flags.minus = true;
                    flags.zero = false;
                    flags.width = usize::try_from(-width).ok();
                }
                Some(width) => flags.width = usize::try_from(width).ok(),
                None => self.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
        } else {
            flags.width = number(&mut rest);
        }
        if let Some(after) = rest.strip_prefix(b".") {
            rest = after;
            good_index &= self.index(&mut rest);
            if let Some(after) = rest.strip_prefix(b"*") {
                rest = after;
                match self.star() {
                    Some(precision) => flags.precision = usize::try_from(precision).ok(),
                    None => self.out.extend_from_slice(b"%!(BADPREC)"),
                }
            } else {
                flags.precision = Some(number(&mut rest).unwrap_or(0));
            }
        }
        good_index &= self.index(&mut rest);
        let end = rune_offset(rest, 1);
        let verb = lossy(&rest[..end]).chars().next();
        self.verb(&flags, verb, good_index);
        &rest[end..]
    }

    fn verb(&mut self, flags: &Flags, verb: Option<char>, good_index: bool) {
        match verb {
            None => self.out.extend_from_slice(b"%!(NOVERB)"),
            Some('%') => self.out.push(b'%'),
            Some(verb) if !good_index => {
                self.out.extend_from_slice(format!("%!{verb}(BADINDEX)").as_bytes());
            }
            Some(verb) => match self.arguments.get(self.next) {
                Some(argument) => {
                    self.next += 1;
                    flags.write_argument(&mut self.out, argument, verb);
                }
                None => self.out.extend_from_slice(format!("%!{verb}(MISSING)").as_bytes()),
            },
        }
    }

    /// An explicit argument index, `[n]`; says whether it was a good one.
    fn index(&mut self, rest: &mut &[u8]) -> bool {
        if !rest.starts_with(b"[") {
            return true;
        }
        self.reordered = true;
        let Some(close) = rest.iter().position(|b| *b == b']') else {
            *rest = &rest[1..];
            return false;
        };
        let mut digits = &rest[1..close];
        let index = number(&mut digits).filter(|_| digits.is_empty());
        *rest = &rest[close + 1..];
        match index {
            Some(index) if (1..=self.arguments.len()).contains(&index) => {
                self.next = index - 1;
                true
            }
            _ => false,
        }
    }

    /// A width or a precision that is taken from the arguments.
    fn star(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(n) | Value::Int64(n) if n.unsigned_abs() <= MAX_WIDTH as u64 => Some(*n),
            Value::Byte(n) => Some(i64::from(*n)),
            _ => None,
        }
    }

    /// What Go says about arguments that no verb used.
    fn extra(&mut self) {
        if self.reordered || self.next >= self.arguments.len() {
            return;
        }
        self.out.extend_from_slice(b"%!(EXTRA ");
        for (i, argument) in self.arguments[self.next..].iter().enumerate() {
            if is_full(&self.out) {
                return;
            }
            if i > 0 {
                self.out.extend_from_slice(b", ");
            }
            write_typed(&mut self.out, argument);
        }
        self.out.push(b')');
    }
}

/// `type=value`, the way Go shows operands that were out of place.
fn write_typed(out: &mut Vec<u8>, value: &Value<'_>) {
    out.extend_from_slice(value.type_name().as_bytes());
    if !matches!(value, Value::Nil) {
        out.push(b'=');
        write_value(out, value);
    }
}

/// A decimal number at the start of the format, too large ones dropped as Go does.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = std::str::from_utf8(&rest[..digits]).ok()?;
    *rest = &rest[digits..];
    text.parse().ok().filter(|n| *n <= MAX_WIDTH)
}

/// The flags, width and precision of a directive.
#[derive(Debug, Default, Clone)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Flags {
    /// Reads the flags at the start of the format; returns what follows them.
    fn read<'f>(&mut self, format: &'f [u8]) -> &'f [u8] {
        for (at, b) in format.iter().enumerate() {
            match b {
                b'+' => self.plus = true,
                b'-' => self.minus = true,
                b'#' => self.sharp = true,
                b' ' => self.space = true,
                b'0' => self.zero = true,
                _ => return &format[at..],
            }
        }
        b""
    }

    /// A top-level operand: `%T` and `nil` are special only there.
    fn write_argument(&self, out: &mut Vec<u8>, value: &Value<'_>, verb: char) {
        match (value, verb) {
            (_, 'T') => self.pad(out, value.type_name().as_bytes()),
            (Value::Nil, 'v') => self.pad(out, b"<nil>"),
            _ => self.write(out, value, verb),
        }
    }

    fn write(&self, out: &mut Vec<u8>, value: &Value<'_>, verb: char) {
        match value {
            Value::Nil if verb == 'v' && self.sharp => self.pad(out, b"interface {}(nil)"),
            Value::Nil if verb == 'v' => self.pad(out, b"<nil>"),
            Value::Nil => out.extend_from_slice(format!("%!{verb}(<nil>)").as_bytes()),
            Value::Bool(truth) if matches!(verb, 't' | 'v') => {
                self.pad(out, truth.to_string().as_bytes());
            }
            Value::Int(_) | Value::Int64(_) | Value::Byte(_) => self.integer(out, value, verb),
            Value::Float(number) => self.float(out, *number, verb),
            Value::Str(text) => self.string(out, text, verb),
            Value::Time(time) if matches!(verb, 'v' | 's') => {
                self.string(out, time.to_string().as_bytes(), 's');
            }
            Value::Time(time) if verb == 'q' => self.string(out, time.to_string().as_bytes(), 'q'),
            Value::List(items) => self.list(out, items, verb),
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.as_str(), value.clone()));
                self.map(out, value.type_name(), entries, verb);
            }
            Value::Fields(scope) => {
                let fields = scope.fields();
                let entries = fields.iter().map(|(name, text)| (*name, Value::borrowed(text)));
                self.map(out, value.type_name(), entries, verb);
            }
            _ => bad_verb(out, value, verb),
        }
    }

    fn list(&self, out: &mut Vec<u8>, items: &[Value<'_>], verb: char) {
        let go_syntax = self.sharp && verb == 'v';
        out.extend_from_slice(if go_syntax { b"[]interface {}{" } else { b"[" });
        for (i, item) in items.iter().enumerate() {
            if is_full(out) {
                return;
            }
            if i > 0 {
                out.extend_from_slice(if go_syntax { b", " } else { b" " });
            }
            self.write(out, item, verb);
        }
        out.push(if go_syntax { b'}' } else { b']' });
    }

    fn map<'k, 'v>(
        &self,
        out: &mut Vec<u8>,
        type_name: &str,
        entries: impl Iterator<Item = (&'k str, Value<'v>)>,
        verb: char,
    ) {
        let go_syntax = self.sharp && verb == 'v';
        if go_syntax {
            out.extend_from_slice(type_name.as_bytes());
        }
        out.extend_from_slice(if go_syntax { b"{" } else { b"map[" });
        for (i, (key, value)) in entries.enumerate() {
            if is_full(out) {
                return;
            }
            if i > 0 {
                out.extend_from_slice(if go_syntax { b", " } else { b" " });
            }
            self.string(out, key.as_bytes(), verb);
            out.push(b':');
            self.write(out, &value, verb);
        }
        out.push(if go_syntax { b'}' } else { b']' });
    }

    fn string(&self, out: &mut Vec<u8>, text: &[u8], verb: char) {
        match verb {
            'v' if self.sharp => self.pad(out, quote::quote(text, false).as_bytes()),
            's' | 'v' => self.pad(out, self.truncated(text)),
            'q' => {
                let text = self.truncated(text);
                let quoted = if self.sharp && quote::can_backquote(text) {
                    format!("`{}`", lossy(text))
                } else {
                    quote::quote(text, self.plus)
                };
                self.pad(out, quoted.as_bytes());
            }
            'x' | 'X' => self.pad(out, &self.hex(text, verb == 'X')),
            _ => bad_verb(out, &Value::owned(text), verb),
        }
    }

    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        self.precision.map_or(text, |length| &text[..rune_offset(text, length)])
    }

    fn hex(&self, text: &[u8], upper: bool) -> Vec<u8> {
        let text = &text[..self.precision.unwrap_or(text.len()).min(text.len())];
        let prefix = if upper { "0X" } else { "0x" };
        let mut out = String::with_capacity(text.len() * 2);
        for (i, byte) in text.iter().enumerate() {
            if self.space && i > 0 {
                out.push(' ');
            }
            if self.sharp && (i == 0 || self.space) {
                out.push_str(prefix);
            }
            out.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
        }
        out.into_bytes()
    }

    fn integer(&self, out: &mut Vec<u8>, value: &Value<'_>, verb: char) {
        let n = value.integer();
        let digits = match verb {
            // A byte is shown in hexadecimal where Go source is asked for.
            'v' if self.sharp && matches!(value, Value::Byte(_)) => format!("0x{n:x}"),
            'd' | 'v' => n.unsigned_abs().to_string(),
            'b' => format!("{:b}", n.unsigned_abs()),
            'o' | 'O' => format!("{:o}", n.unsigned_abs()),
            'x' => format!("{:x}", n.unsigned_abs()),
            'X' => format!("{:X}", n.unsigned_abs()),
            'c' => return self.pad(out, rune(n).to_string().as_bytes()),
            'q' => return self.pad(out, quote::quote_rune(rune(n), self.plus).as_bytes()),
            'U' => return self.pad(out, self.code_point(n).as_bytes()),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 's' | 't' => return bad_verb(out, value, verb),
            _ => return bad_verb(out, value, verb),
        };
        let prefix = match verb {
            'b' if self.sharp => "0b",
            'o' if self.sharp && !digits.starts_with('0') => "0",
            'O' => "0o",
            'x' if self.sharp => "0x",
            'X' if self.sharp => "0X",
            _ => "",
        };
        self.signed(out, n < 0, prefix, &self.with_precision(digits));
    }

    /// A precision is the least number of digits; with 0, zero has none.
    fn with_precision(&self, digits: String) -> String {
        match self.precision {
            Some(0) if digits == "0" => String::new(),
            Some(precision) => format!("{digits:0>precision$}"),
            None => digits,
        }
    }

    fn code_point(&self, n: i64) -> String {
        let c = rune(n);
        let precision = self.precision.unwrap_or(4).max(4);
        let code = format!("U+{n:0>precision$X}");
        if self.sharp { format!("{code} '{c}'") } else { code }
    }

    fn float(&self, out: &mut Vec<u8>, value: f64, verb: char) {
        let magnitude = value.abs();
        let digits = match (verb, self.precision) {
            ('e' | 'E', precision) => float::exponential(magnitude, precision.unwrap_or(6)),
            ('f' | 'F', precision) => float::fixed(magnitude, precision.unwrap_or(6)),
            ('g' | 'G' | 'v', None) => float::shortest(magnitude),
            ('g' | 'G' | 'v', Some(precision)) => float::significant(magnitude, precision),
            _ => return bad_verb(out, &Value::Float(value), verb),
        };
        if let Some(name) = float::special(value) {
            // Neither infinity nor NaN has digits to pad with zeros, and only `+` shows its sign.
            let name = if name == "+Inf" || name == "-Inf" || self.plus { name } else { "NaN" };
            let name = if name == "NaN" && self.plus { "+NaN" } else { name };
            let plain = Self { zero: false, ..self.clone() };
            return plain.pad(out, name.as_bytes());
        }
        let digits = if matches!(verb, 'E' | 'G') { digits.to_uppercase() } else { digits };
        let unlimited = Self { precision: None, ..self.clone() };
        unlimited.signed(out, value.is_sign_negative(), "", &digits);
    }

    /// A number: zeros go between its sign and its digits.
    fn signed(&self, out: &mut Vec<u8>, negative: bool, prefix: &str, digits: &str) {
        let sign = match negative {
            true => "-",
            false if self.plus => "+",
            false if self.space => " ",
            false => "",
        };
        if self.zero && !self.minus && self.precision.is_none() {
            let width = self.width.unwrap_or(0).saturating_sub(sign.len());
            let text = format!("{sign}{prefix}{digits:0>width$}");
            out.extend_from_slice(text.as_bytes());
        } else {
            let plain = Self { zero: false, ..self.clone() };
            plain.pad(out, format!("{sign}{prefix}{digits}").as_bytes());
        }
    }

    /// Pads to the width, which counts characters.
    fn pad(&self, out: &mut Vec<u8>, text: &[u8]) {
        let padding = match self.width {
            Some(width) => width.saturating_sub(rune_count(text)),
            None => 0,
        };
        let fill = if self.zero && !self.minus { b'0' } else { b' ' };
        if !self.minus {
            out.resize(out.len() + padding, fill);
        }
        out.extend_from_slice(text);
        if self.minus {
            out.resize(out.len() + padding, fill);
        }
    }
}

/// What Go prints when a verb does not fit its operand: `%!d(string=x)`.
fn bad_verb(out: &mut Vec<u8>, value: &Value<'_>, verb: char) {
    out.extend_from_slice(format!("%!{verb}(").as_bytes());
    write_typed(out, value);
    out.push(b')');
}

fn rune(n: i64) -> char {
    u32::try_from(n).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
