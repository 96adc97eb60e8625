//! Whom a client trusts, and the certificate that it shows.

use std::fs;

use reqwest::{Certificate, ClientBuilder, Identity};

use crate::Error;
use crate::write::auth::{Credential, Secret};

/// Whom a client trusts, and the certificate that it shows. All of it is PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates to trust besides the system's.
    pub authorities: Option<Credential>,
    /// Whether any certificate is trusted.
    pub is_insecure: bool,
    /// What a server may ask for.
    pub identity: Option<ClientCertificate>,
}

/// The certificate of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those of its authorities after it.
    pub certificate: Credential,
    /// Its private key.
    pub key: Credential,
}

impl Tls {
    /// A client that is set up so.
    ///
    /// # Errors
    /// When a file cannot be read, or has no PEM of the kind that is needed.
    pub fn apply(&self, builder: ClientBuilder) -> Result<ClientBuilder, Error> {
        let mut builder = builder.danger_accept_invalid_certs(self.is_insecure);
        if let Some(authorities) = &self.authorities {
            let failed = |source| Error::Pem { place: authorities.place(), source };
            for certificate in Certificate::from_pem_bundle(&read(authorities)?).map_err(failed)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some(ClientCertificate { certificate, key }) = &self.identity {
            let mut pem = read(certificate)?;
            pem.push(b'\n');
            pem.extend(read(key)?);
            let place = format!("{} and {}", certificate.place(), key.place());
            let identity = Identity::from_pem(&pem);
            builder = builder.identity(identity.map_err(|source| Error::Pem { place, source })?);
        }
        Ok(builder)
    }
}

fn read(credential: &Credential) -> Result<Vec<u8>, Error> {
    match credential {
        Credential::Text(Secret(text)) => Ok(text.clone().into_bytes()),
        Credential::File(path) => {
            fs::read(path).map_err(|source| Error::PemFile { path: path.clone(), source })
        }
    }
}
