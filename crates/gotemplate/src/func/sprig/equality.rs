//! Go's `reflect.DeepEqual`: two values are equal if they are written alike.

use crate::value::Value;

/// Whether two values are of one type and the same throughout. Each NaN equals itself, which it
/// does not in Go.
pub(super) fn deep_equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    identity(a) == identity(b)
}

/// The type and the value, in bytes that no other value has: with it a set finds in one step what
/// would otherwise take as many as there are items.
pub(super) fn identity(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value);
    out
}

fn write(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Nil => out.push(b'0'),
        Value::Bool(truth) => out.extend([b'b', u8::from(*truth)]),
        Value::Int(number) => write_number(out, b'i', *number),
        Value::Int64(number) => write_number(out, b'l', *number),
        Value::Byte(byte) => out.extend([b'y', *byte]),
        // Zero has two signs and one value.
        Value::Float(number) => write_number(out, b'f', (number + 0.0).to_bits().cast_signed()),
        Value::Str(text) => write_text(out, text),
        Value::Time(time) => {
            out.push(b't');
            write_text(out, time.to_string().as_bytes());
        }
        Value::List(items) => {
            write_length(out, b'[', items.len());
            items.iter().for_each(|item| write(out, item));
        }
        Value::Map(entries) => {
            write_length(out, b'{', entries.len());
            for (key, item) in entries.iter() {
                write_text(out, key.as_bytes());
                write(out, item);
            }
        }
        Value::Fields(scope) => {
            let fields = scope.fields();
            write_length(out, b'{', fields.len());
            for (name, text) in fields {
                write_text(out, name.as_bytes());
                write_text(out, text.as_bytes());
            }
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    write_length(out, b's', text.len());
    out.extend_from_slice(text);
}

fn write_length(out: &mut Vec<u8>, tag: u8, length: usize) {
    write_number(out, tag, i64::try_from(length).unwrap_or(i64::MAX));
}

fn write_number(out: &mut Vec<u8>, tag: u8, number: i64) {
    out.push(tag);
    out.extend(number.to_le_bytes());
}
