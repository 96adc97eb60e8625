//! `html`, `js` and `urlquery`: the escaping functions of `text/template`. Of several arguments
//! they escape what `print` makes of them.

use std::borrow::Cow;

use super::encode::query_escape;
use super::function::{Failure, Function, Param, check_length};
use crate::printf;
use crate::quote;
use crate::value::Value;

use Param::Any;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("html", &[], |_, args| escaped(html(&printed(args)))).and_more(Any),
    Function::new("js", &[], |_, args| escaped(quote::js(&printed(args)))).and_more(Any),
    Function::new("urlquery", &[], |_, args| escaped(query_escape(&printed(args)))).and_more(Any),
];

fn escaped<'a>(text: impl Into<Vec<u8>>) -> Result<Value<'a>, Failure> {
    let text = text.into();
    check_length(text.len())?;
    Ok(Value::owned(text))
}

fn printed<'v>(args: &'v [Value<'_>]) -> Cow<'v, [u8]> {
    match args {
        [Value::Str(text)] => Cow::Borrowed(text),
        // A template shows nil so, and these functions are its last stage.
        [Value::Nil] => Cow::Borrowed(b"<no value>"),
        _ => Cow::Owned(printf::sprint(args)),
    }
}

fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            byte => out.push(byte),
        }
    }
    out
}
