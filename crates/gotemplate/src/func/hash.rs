//! The hashes of Alloy's templates: of a salt and a text, in hex.

use sha2::Sha256;
use sha3::{Digest, Sha3_256};

use super::function::{Function, Param};
use crate::value::Value;

use Param::Str;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("Hash", &[Str, Str], |_, args| Ok(hash::<Sha3_256>(args))),
    Function::new("Sha2Hash", &[Str, Str], |_, args| Ok(hash::<Sha256>(args))),
];

/// The digest of all of these together, in hex.
pub(super) fn hash<'a, D: Digest>(texts: &[Value<'a>]) -> Value<'a> {
    let digest = texts.iter().fold(D::new(), |digest, text| digest.chain_update(text.bytes()));
    let digest = digest.finalize();
    Value::owned(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, Template};

    #[test]
    fn only_alloys_templates_hash() {
        let text = "{{ Hash `salt` `x` }} {{ Sha2Hash `salt` `x` }}";
        assert!(Template::parse_for("x", text, Dialect::Alloy).is_ok());
        let error = Template::parse(text).unwrap_err();
        assert_eq!(error.message(), "function \"Hash\" not defined");
    }
}
