//! Whose data a request is about.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use model::TenantId;

use crate::app::App;
use crate::refusal::Refusal;

/// The header that names a tenant.
pub(crate) const HEADER: &str = "X-Scope-OrgID";

/// The tenant of a request: named by its header where tenants are told apart, else the one there
/// is.
pub(crate) struct Tenant(pub(crate) TenantId);

impl FromRequestParts<Arc<App>> for Tenant {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        if !app.config.multi_tenant {
            return Ok(Self(TenantId::default()));
        }
        let name = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
            Refusal::new(StatusCode::UNAUTHORIZED, "no org id; send the header X-Scope-OrgID")
        })?;
        TenantId::new(name).map(Self).map_err(|error| Refusal::bad_request(error.to_string()))
    }
}
