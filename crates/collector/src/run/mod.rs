//! What components do.

mod ledger;
