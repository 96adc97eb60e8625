//! An event of Kubernetes → a line, with the names that Alloy gives to its parts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Event;
use model::Timestamp;
use serde_json::Value;

/// When it happened: last, if it happened several times.
pub fn time(event: &Event) -> Option<Timestamp> {
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let first = event.event_time.as_ref().map(|time| time.0);
    let made = event.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let nanos = last.or(first).or(made)?.as_nanosecond();
    i64::try_from(nanos).ok().map(Timestamp)
}

/// Names and values, as logfmt has them but for the quotes: only the message has any.
pub fn logfmt(event: &Event) -> String {
    let mut line = String::new();
    for (name, value) in parts(event) {
        let value = match value {
            Value::String(text) if name == "msg" => alloy::quote(&text),
            Value::String(text) => text,
            other => other.to_string(),
        };
        line.push_str(&format!("{name}={value} "));
    }
    line
}

/// An object whose names are sorted.
pub fn json(event: &Event) -> String {
    let parts: BTreeMap<&str, Value> = parts(event).into_iter().collect();
    let line = serde_json::to_string(&parts).expect("plain data with text keys is always JSON");
    // As Go writes it, so that filters for what is escaped go on working.
    line.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// What is told, in this order; what is empty is left out.
fn parts(event: &Event) -> Vec<(&'static str, Value)> {
    let object = &event.involved_object;
    let source = event.source.as_ref();
    let texts = [
        ("name", object.name.as_deref()),
        ("kind", object.kind.as_deref()),
        ("action", event.action.as_deref()),
        ("objectAPIversion", object.api_version.as_deref()),
        ("objectRV", object.resource_version.as_deref()),
        ("eventRV", event.metadata.resource_version.as_deref()),
        ("reportinginstance", event.reporting_instance.as_deref()),
        ("reportingcontroller", event.reporting_component.as_deref()),
        ("sourcecomponent", source.and_then(|it| it.component.as_deref())),
        ("sourcehost", source.and_then(|it| it.host.as_deref())),
        ("reason", event.reason.as_deref()),
        ("type", event.type_.as_deref()),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let texts = texts.filter(|(_, text)| !text.is_empty());
    let mut parts: Vec<_> = texts.map(|(name, text)| (name, Value::from(text))).collect();
    if let Some(count) = event.count.filter(|count| *count != 0) {
        parts.push(("count", Value::from(count)));
    }
    parts.push(("msg", Value::from(event.message.clone().unwrap_or_default())));
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(changes: &Value) -> Event {
        let mut object = json!({
            "metadata": {"name": "p.1", "namespace": "airflow", "resourceVersion": "7",
                "creationTimestamp": "2026-11-22T08:28:43Z"},
            "involvedObject": {"name": "p", "kind": "Pod", "apiVersion": "v1",
                "resourceVersion": "5", "namespace": "airflow"},
            "message": "Back-off \"a\" <b>", "reason": "BackOff", "type": "Warning", "count": 2,
            "source": {"component": "kubelet", "host": "node-1"}, "reportingComponent": "kubelet",
            "reportingInstance": "node-1",
        });
        let changes = changes.as_object().unwrap().clone();
        object.as_object_mut().unwrap().extend(changes);
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn lines() {
        let full = event(&json!({}));
        assert_eq!(
            logfmt(&full),
            "name=p kind=Pod objectAPIversion=v1 objectRV=5 eventRV=7 reportinginstance=node-1 \
             reportingcontroller=kubelet sourcecomponent=kubelet sourcehost=node-1 reason=BackOff \
             type=Warning count=2 msg=\"Back-off \\\"a\\\" <b>\" "
        );
        assert_eq!(
            json(&full),
            r#"{"count":2,"eventRV":"7","kind":"Pod","msg":"Back-off \"a\" \u003cb\u003e","name":"p","objectAPIversion":"v1","objectRV":"5","reason":"BackOff","reportingcontroller":"kubelet","reportinginstance":"node-1","sourcecomponent":"kubelet","sourcehost":"node-1","type":"Warning"}"#
        );
    }

    #[test]
    fn times() {
        let check = |changes: &Value, expect: i64| {
            assert_eq!(time(&event(changes)).map(|time| time.0), Some(expect * 1_000_000_000));
        };
        check(&json!({}), 1_795_336_123);
        check(&json!({"eventTime": "2026-11-22T08:28:45.000000Z"}), 1_795_336_125);
        let both = json!({"eventTime": "2026-11-22T08:28:45.000000Z",
            "lastTimestamp": "2026-11-22T08:28:46Z"});
        check(&both, 1_795_336_126);
    }
}
