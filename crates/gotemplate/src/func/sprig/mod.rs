//! sprig's functions that Alloy offers and Loki does not, one file a family.
//!
//! Where ours differ from sprig's:
//!
//! - All lists are `[]interface {}` and all dictionaries `map[string]interface {}`: sprig's
//!   `splitList` returns a `[]string`, `split` a `map[string]string`, `until` an `[]int`, and an
//!   empty `rest` is nil there.
//! - `set`, `unset` and `merge` return a changed copy; in Go they change the dictionary in place as
//!   well. `{{ $d = set $d "k" 1 }}` works in both, `{{ $_ := set $d "k" 1 }}` only there.
//! - `keys` and `values` are sorted by key; Go's order is random.
//! - `initials` and `nospace` read characters; sprig reads bytes and garbles what is not ASCII.
//!
//! Not there, so that a template that calls them does not parse:
//!
//! - `env`, `expandenv`, `getHostByName`: a template reads nothing but its line, least of all the
//!   secrets of the process or what a name server says.
//! - `randAlpha`, `randAlphaNum`, `randAscii`, `randBytes`, `randInt`, `randNumeric`, `shuffle`,
//!   `uuidv4`: the same line gives the same text.
//! - `bcrypt`, `htpasswd`, `derivePassword`, `encryptAES`, `decryptAES`, `genPrivateKey`, `genCA`,
//!   `genCAWithKey`, `genSelfSignedCert`, `genSelfSignedCertWithKey`, `genSignedCert`,
//!   `genSignedCertWithKey`, `buildCustomCert`: keys are not made from lines, and each takes as
//!   long as thousands of lines.
//! - `semver`, `semverCompare`, `urlParse`, `urlJoin`: each needs a parser that has to fail as
//!   Go's does; nobody has asked.

mod cases;
mod checksums;
mod conversion;
mod dates;
mod defaults;
mod dicts;
mod equality;
mod json;
mod lists;
mod math;
mod merge;
mod paths;
mod reflection;
mod regex;
mod split;
mod strings;

use super::function::Function;

/// What Alloy's templates have beside Loki's, with Alloy's own.
pub(super) const FAMILIES: &[&[Function]] = &[
    cases::FUNCTIONS,
    checksums::FUNCTIONS,
    conversion::FUNCTIONS,
    dates::FUNCTIONS,
    defaults::FUNCTIONS,
    dicts::FUNCTIONS,
    json::FUNCTIONS,
    lists::FUNCTIONS,
    math::FUNCTIONS,
    merge::FUNCTIONS,
    paths::FUNCTIONS,
    reflection::FUNCTIONS,
    regex::FUNCTIONS,
    split::FUNCTIONS,
    strings::FUNCTIONS,
    super::hash::FUNCTIONS,
];
