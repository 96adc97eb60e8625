//! Whose data it is.

use std::fmt;
use std::sync::Arc;

/// A tenant's name: a legal part of a path, at most 150 bytes (Loki's rule for `X-Scope-OrgID`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

/// The longest tenant name, in bytes.
pub const TENANT_BYTES_MAX: usize = 150;

/// Why a text cannot name a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// The name is empty.
    #[error("the tenant's name is empty")]
    Empty,
    /// The name is longer than [`TENANT_BYTES_MAX`].
    #[error("the tenant's name is longer than {TENANT_BYTES_MAX} bytes")]
    TooLong,
    /// A character that could leave the tenant's own folder, or that the header does not carry.
    #[error("the tenant's name has the character {0:?}; letters, digits and !-_.*'() are allowed")]
    BadCharacter(char),
    /// `.` and `..` name folders.
    #[error("the tenant's name is {0:?}, which names a folder")]
    Dots(String),
}

impl TenantId {
    /// The name of the one tenant when tenants are off, as in Loki.
    pub const FAKE: &'static str = "fake";

    /// The tenant of this name.
    ///
    /// # Errors
    /// When the name is empty, too long, or not safe in a path.
    pub fn new(name: &str) -> Result<Self, TenantError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()".contains(c);
        match name {
            "" => Err(TenantError::Empty),
            "." | ".." => Err(TenantError::Dots(name.to_owned())),
            _ if name.len() > TENANT_BYTES_MAX => Err(TenantError::TooLong),
            _ => match name.chars().find(|c| !allowed(*c)) {
                Some(c) => Err(TenantError::BadCharacter(c)),
                None => Ok(Self(name.into())),
            },
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    /// The one tenant when tenants are off.
    fn default() -> Self {
        Self(Self::FAKE.into())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, ok: bool) {
        assert_eq!(TenantId::new(name).is_ok(), ok, "for {name:?}");
    }

    #[test]
    fn no_tenant_can_leave_its_folder() {
        check("fake", true);
        check("team-a_1.(x)", true);
        check("", false);
        check("..", false);
        check("a/b", false);
        check("a\\b", false);
        check("a|b", false);
        check(&"x".repeat(151), false);
    }
}
