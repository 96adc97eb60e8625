//! Checksums of text and its form in base 32.

use data_encoding::BASE32;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::func::function::{Function, Param, check_length};
use crate::func::hash::hash;
use crate::value::Value;

use Param::Str;

/// The prime of Adler-32.
const ADLER_MODULUS: u32 = 65_521;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("sha1sum", &[Str], |_, args| Ok(hash::<Sha1>(args))),
    Function::new("sha256sum", &[Str], |_, args| Ok(hash::<Sha256>(args))),
    Function::new("sha512sum", &[Str], |_, args| Ok(hash::<Sha512>(args))),
    Function::new("adler32sum", &[Str], |_, args| {
        Ok(Value::owned(adler32(args[0].bytes()).to_string()))
    }),
    Function::new("b32enc", &[Str], |_, args| {
        check_length(args[0].bytes().len().saturating_mul(8) / 5)?;
        Ok(Value::owned(BASE32.encode(args[0].bytes())))
    }),
    Function::new("b32dec", &[Str], |_, args| {
        let newline = |b: &u8| !matches!(b, b'\r' | b'\n');
        let text: Vec<u8> = args[0].bytes().iter().copied().filter(newline).collect();
        // The function has no error to return: sprig hands out its text as the result.
        Ok(Value::owned(BASE32.decode(&text).unwrap_or_else(|error| {
            format!("illegal base32 data at input byte {}", error.position).into_bytes()
        })))
    }),
];

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % ADLER_MODULUS;
        (a, (b + a) % ADLER_MODULUS)
    });
    b << 16 | a
}
