//! Retention in one setting, beside Loki's two.

use std::time::Duration;

use super::{Config, RetentionStream};

impl Config {
    /// Keeps lines for so long; zero for ever. Tenants that say nothing of their own follow.
    pub fn keep_for(&mut self, period: Duration) {
        self.retention_enabled = true;
        let before = std::mem::replace(&mut self.limits.retention_period, period);
        for own in self.overrides.values_mut().filter(|own| own.retention_period == before) {
            own.retention_period = period;
        }
    }

    /// Keeps the lines of some streams for another time. It counts for every tenant that has no
    /// rule of its own for them.
    pub fn keep_streams(&mut self, rule: RetentionStream) {
        self.retention_enabled = true;
        let before = self.limits.retention_stream.clone();
        self.limits.retention_stream.push(rule);
        for own in self.overrides.values_mut().filter(|own| own.retention_stream == before) {
            own.retention_stream.clone_from(&self.limits.retention_stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::TenantId;

    use super::*;
    use crate::config::Limits;

    #[test]
    fn tenants_follow_unless_they_have_their_own() {
        let day = Duration::from_secs(86_400);
        let own = Limits { retention_period: 3 * day, ..Limits::default() };
        let tenants = [("own", own), ("other", Limits::default())];
        let tenants = tenants.map(|(name, limits)| (TenantId::new(name).unwrap(), limits));
        let mut config = Config { overrides: tenants.into(), ..Config::default() };
        config.keep_for(30 * day);
        let selector = "{app=\"x\"}".to_owned();
        config.keep_streams(RetentionStream { selector, priority: 0, period: day });
        let periods = config.overrides.values().map(|own| own.retention_period);
        assert_eq!(periods.collect::<Vec<_>>(), [30 * day, 3 * day]);
        assert!(config.overrides.values().all(|own| own.retention_stream.len() == 1));
        assert!(config.retention_enabled);
    }
}
