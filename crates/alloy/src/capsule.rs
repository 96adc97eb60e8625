//! Values that only components understand, such as receivers of logs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A value that the language passes on without looking into it.
#[derive(Clone)]
pub struct Capsule {
    type_name: &'static str,
    inner: Arc<dyn Any + Send + Sync>,
}

impl Capsule {
    /// Puts a value into a capsule. The name is the one that users know: `loki.LogsReceiver`.
    pub fn new<T: Any + Send + Sync>(type_name: &'static str, inner: Arc<T>) -> Self {
        Self { type_name, inner }
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// What is in it, if it is of that type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.inner).downcast().ok()
    }
}

/// Equal if it is the same.
impl PartialEq for Capsule {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl fmt::Debug for Capsule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(capsule {})", self.type_name)
    }
}
