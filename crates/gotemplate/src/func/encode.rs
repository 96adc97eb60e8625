//! Base64 and the escaping of URLs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::function::{Function, Param, check_length};
use crate::quote::quote;
use crate::value::Value;

use Param::Str;

pub(super) const FUNCTIONS: &[Function] =
    &[
        Function::new("b64enc", &[Str], |_, args| {
            check_length(args[0].bytes().len() / 3 * 4)?;
            Ok(Value::owned(STANDARD.encode(args[0].bytes())))
        }),
        Function::new("b64dec", &[Str], |_, args| {
            // The function has no error to return: sprig hands out its text as the result.
            Ok(Value::owned(decode_base64(args[0].bytes()).unwrap_or_else(|at| {
                format!("illegal base64 data at input byte {at}").into_bytes()
            })))
        }),
        Function::new("urlencode", &[Str], |_, args| {
            check_length(args[0].bytes().len().saturating_mul(3))?;
            Ok(Value::owned(query_escape(args[0].bytes())))
        }),
        Function::new("urldecode", &[Str], |_, args| {
            Ok(Value::owned(query_unescape(args[0].bytes())?))
        }),
    ];

/// `url.QueryEscape`.
pub(super) fn query_escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `url.QueryUnescape`.
fn query_unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'+' => out.push(b' '),
            b'%' => {
                let escape = &text[at..(at + 3).min(text.len())];
                let digits = std::str::from_utf8(&escape[1..]).ok().filter(|digits| {
                    digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())
                });
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                out.push(
                    byte.ok_or_else(|| format!("invalid URL escape {}", quote(escape, false)))?,
                );
                at += 2;
            }
            byte => out.push(byte),
        }
        at += 1;
    }
    Ok(out)
}

/// Go's standard decoder: newlines are skipped, padding is required, bits that are left over are
/// dropped. An error is the offset that Go names, which the decoder of the `base64` crate does not.
fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut quantum = [0_u8; 4];
    let mut filled = 0;
    let mut bytes = text.iter().enumerate().filter(|(_, b)| !matches!(b, b'\n' | b'\r'));
    while let Some((at, &byte)) = bytes.next() {
        if byte == b'=' {
            let rest: Vec<(usize, &u8)> = bytes.collect();
            check_padding(&rest, at, filled, text.len())?;
            push_quantum(&mut out, quantum, filled);
            return Ok(out);
        }
        quantum[filled] = sextet(byte).ok_or(at)?;
        filled += 1;
        if filled == 4 {
            push_quantum(&mut out, quantum, filled);
            filled = 0;
            quantum = [0; 4];
        }
    }
    if filled > 0 { Err(text.len() - filled) } else { Ok(out) }
}

/// What must follow the first `=`: one more after two characters, then nothing.
fn check_padding(
    rest: &[(usize, &u8)],
    at: usize,
    filled: usize,
    length: usize,
) -> Result<(), usize> {
    let rest = match filled {
        0 | 1 => return Err(at),
        2 => match rest.split_first() {
            None => return Err(length),
            Some(((_, b'='), rest)) => rest,
            Some(((wrong, _), _)) => return Err(*wrong),
        },
        _ => rest,
    };
    rest.first().map_or(Ok(()), |(garbage, _)| Err(*garbage))
}

fn push_quantum(out: &mut Vec<u8>, quantum: [u8; 4], filled: usize) {
    let bits = quantum.iter().fold(0_u32, |bits, sextet| bits << 6 | u32::from(*sextet));
    let bytes = bits.to_be_bytes();
    out.extend_from_slice(&bytes[1..filled]);
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
