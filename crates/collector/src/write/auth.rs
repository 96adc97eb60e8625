//! How a client proves who it is.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// How the collector proves who it is: the header `Authorization`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    #[default]
    None,
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Credential,
    },
    /// A token.
    Token {
        /// What stands before it, `Bearer` as a rule.
        scheme: String,
        /// The token.
        token: Credential,
    },
}

/// A password, a token, a key or certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// As it is.
    Text(Secret),
    /// In a file, which is read whenever it is needed because it may be exchanged.
    File(PathBuf),
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl Auth {
    /// A bearer's token.
    #[must_use]
    pub fn bearer(token: Credential) -> Self {
        Self::Token { scheme: "Bearer".to_owned(), token }
    }
}

impl Credential {
    /// The text, without what is around it in a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn read(&self) -> io::Result<String> {
        match self {
            Self::Text(Secret(text)) => Ok(text.clone()),
            Self::File(path) => Ok(tokio::fs::read_to_string(path).await?.trim().to_owned()),
        }
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Text(_) => "the configuration".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
