//! The lines of each tenant that are to be seen no more: its delete requests, read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use logql::ast::{Expr, LogExpr, Stage};
use model::TenantId;
use query::Deletion;
use store::{DeleteRequest, Store};

use crate::refusal::Refusal;

/// The deletions of each tenant, as long as its requests are the same.
#[derive(Debug, Default)]
pub(crate) struct Deletions(Mutex<HashMap<TenantId, Read>>);

#[derive(Debug)]
struct Read {
    requests: Arc<[DeleteRequest]>,
    deletions: Arc<[Deletion]>,
}

impl Deletions {
    /// What a tenant has asked for to be deleted.
    pub(crate) fn of(&self, tenant: &TenantId, store: &Store) -> Arc<[Deletion]> {
        let requests = store.delete_requests(tenant);
        if requests.is_empty() {
            return Arc::default();
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known.get(tenant).filter(|read| Arc::ptr_eq(&read.requests, &requests))
        {
            return Arc::clone(&read.deletions);
        }
        let deletions: Arc<[Deletion]> = requests.iter().filter_map(hiding).collect();
        let read = Read { requests, deletions: Arc::clone(&deletions) };
        known.insert(tenant.clone(), read);
        deletions
    }
}

/// Reads the query of a deletion: a selector with line and label filters, nothing else, so that
/// what is meant stays plain.
pub(crate) fn parse(text: &str) -> Result<LogExpr, Refusal> {
    let Expr::Log(log) = logql::parse(text)? else {
        return Err(Refusal::bad_request("only a query for lines says what to delete"));
    };
    let filters = |stage: &Stage| matches!(stage, Stage::LineFilter(_) | Stage::LabelFilter(_));
    if !log.stages.iter().all(filters) {
        return Err(Refusal::bad_request(
            "only line filters and label filters may follow the selector of what to delete",
        ));
    }
    Ok(log)
}

/// What a request hides; nothing any more once its lines are erased.
fn hiding(request: &DeleteRequest) -> Option<Deletion> {
    if request.erased_at.is_some() {
        return None;
    }
    match parse(&request.query) {
        Ok(log) => Some(Deletion { log, start: request.start, end: request.end }),
        Err(error) => {
            // It was read when it was made, so a newer program has made it.
            let error = error.text();
            tracing::error!(id = %request.id, error, "a delete request cannot be read: upgrade");
            None
        }
    }
}
