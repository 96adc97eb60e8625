//! Resources of the kind `PodLogs`, and the targets that they make of pods: pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::stage::relabel::{ACTIONS, Config, Rules};
use alloy::Target;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::Resource;
use serde::Deserialize;

use crate::component::selector::{OPERATORS, Operator, Requirement, Selector, matches};
use crate::kubernetes::targets::{all, put, targets_of};

/// The resource.
#[derive(Debug, Clone, Deserialize)]
pub struct PodLogs {
    /// Its name and labels.
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(default)]
    pub spec: Spec,
}

/// What it says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Which pods, by their labels,
    pub selector: LabelSelector,
    /// and by those of their namespaces.
    pub namespace_selector: LabelSelector,
    /// Rules for the labels of their lines.
    pub relabelings: Vec<Relabeling>,
}

/// A rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Relabeling {
    pub action: Option<String>,
    pub source_labels: Vec<String>,
    pub separator: Option<String>,
    pub regex: Option<String>,
    pub target_label: Option<String>,
    pub replacement: Option<String>,
    pub modulus: u64,
}

impl Resource for PodLogs {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "PodLogs".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "monitoring.grafana.com".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1alpha2".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "podlogs".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// What is known of a resource.
#[derive(Debug, Clone)]
pub struct Wish {
    namespace: String,
    labels: Labelled,
    selector: Selector,
    namespace_selector: Selector,
    /// What targets are told of the resource.
    meta: Target,
    /// The rules, or what is wrong with them.
    rules: Result<Rules, String>,
}

/// What is known of a pod: a target for each of its containers.
#[derive(Debug, Clone)]
pub struct Containers {
    namespace: String,
    labels: Labelled,
    targets: Vec<Target>,
}

/// What is known of a namespace.
#[derive(Debug, Clone)]
pub struct Space {
    name: String,
    labels: Labelled,
    meta: Target,
}

type Labelled = BTreeMap<String, String>;

/// What a resource asks for.
pub fn wish(object: &PodLogs) -> Wish {
    let PodLogs { metadata, spec } = object;
    let namespace = metadata.namespace.clone().unwrap_or_default();
    let name = metadata.name.clone().unwrap_or_default();
    let mut meta = Target::from([("job".to_owned(), format!("{namespace}/{name}"))]);
    put(&mut meta, "podlogs_namespace", &namespace);
    put(&mut meta, "podlogs_name", &name);
    all(&mut meta, "podlogs_label", metadata.labels.as_ref());
    all(&mut meta, "podlogs_annotation", metadata.annotations.as_ref());
    Wish {
        labels: metadata.labels.clone().unwrap_or_default(),
        selector: selector(&spec.selector),
        namespace_selector: selector(&spec.namespace_selector),
        rules: rules(&spec.relabelings).map_err(|why| format!("PodLogs {namespace}/{name}: {why}")),
        namespace,
        meta,
    }
}

/// The containers of a pod.
pub fn containers(pod: &Pod) -> Containers {
    let name = |target: &Target| target.get("__meta_kubernetes_pod_container_name").cloned();
    let mut targets: Vec<Target> = targets_of(pod);
    // There is one for each port.
    targets.dedup_by_key(|target| name(target));
    for target in &mut targets {
        target.retain(|name, _| {
            name != "__address__" && !name.starts_with("__meta_kubernetes_pod_container_port")
        });
        for (own, discovered) in [
            ("__pod_namespace__", "__meta_kubernetes_namespace"),
            ("__pod_name__", "__meta_kubernetes_pod_name"),
            ("__pod_container_name__", "__meta_kubernetes_pod_container_name"),
            ("__pod_uid__", "__meta_kubernetes_pod_uid"),
        ] {
            let value = target.get(discovered).cloned().unwrap_or_default();
            target.insert(own.to_owned(), value);
        }
    }
    Containers {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        labels: pod.metadata.labels.clone().unwrap_or_default(),
        targets,
    }
}

/// What is known of a namespace.
pub fn space(namespace: &Namespace) -> Space {
    let metadata = &namespace.metadata;
    let mut meta = Target::new();
    all(&mut meta, "namespace_label", metadata.labels.as_ref());
    all(&mut meta, "namespace_annotation", metadata.annotations.as_ref());
    let labels = metadata.labels.clone().unwrap_or_default();
    Space { name: metadata.name.clone().unwrap_or_default(), labels, meta }
}

/// The targets of all resources that count, and what is wrong with some.
pub fn targets(
    wishes: &[Wish],
    (selector, namespace_selector): (&Selector, &Selector),
    pods: &[Containers],
    spaces: &[Space],
) -> (Vec<Target>, Vec<String>) {
    let spaces: BTreeMap<&str, &Space> = spaces.iter().map(|it| (it.name.as_str(), it)).collect();
    let in_space = |name: &str, selector: &Selector| {
        let labels = spaces.get(name).map(|it| &it.labels);
        matches(selector, |key| labels.and_then(|it| it.get(key)).map(String::as_str))
    };
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    for wish in wishes {
        if !has(&wish.labels, selector) || !in_space(&wish.namespace, namespace_selector) {
            continue;
        }
        let rules = match &wish.rules {
            Ok(rules) => rules,
            Err(why) => {
                problems.push(why.clone());
                continue;
            }
        };
        for pod in pods {
            if !has(&pod.labels, &wish.selector)
                || !in_space(&pod.namespace, &wish.namespace_selector)
            {
                continue;
            }
            let meta = spaces.get(pod.namespace.as_str()).map(|it| &it.meta);
            for target in &pod.targets {
                let mut full = wish.meta.clone();
                full.extend(meta.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
                full.extend(target.iter().map(|(k, v)| (k.clone(), v.clone())));
                out.extend(rules.apply_target(&full));
            }
        }
    }
    (out, problems)
}

fn has(labels: &Labelled, selector: &Selector) -> bool {
    matches(selector, |key| labels.get(key).map(String::as_str))
}

fn selector(of: &LabelSelector) -> Selector {
    let labels = of.match_labels.iter().flatten().map(|(key, value)| Requirement {
        key: key.clone(),
        operator: Operator::In,
        values: vec![value.clone()],
    });
    let expressions = of.match_expressions.iter().flatten().map(|it| {
        let known = OPERATORS.iter().find(|(word, _)| *word == it.operator);
        // What nobody knows matches nothing.
        let unknown = (Operator::In, Vec::new());
        let (operator, values) = known
            .map_or(unknown, |(_, operator)| (*operator, it.values.clone().unwrap_or_default()));
        Requirement { key: it.key.clone(), operator, values }
    });
    labels.chain(expressions).collect()
}

fn rules(of: &[Relabeling]) -> Result<Rules, String> {
    let mut configs = Vec::new();
    for it in of {
        let default = Config::default();
        let word = it.action.clone().unwrap_or_else(|| "replace".to_owned()).to_lowercase();
        let action = ACTIONS.iter().find(|(name, _)| *name == word);
        let (_, action) = action.ok_or_else(|| format!("{word:?} is no action of a rule"))?;
        configs.push(Config {
            action: *action,
            source_labels: it.source_labels.clone(),
            separator: it.separator.clone().unwrap_or(default.separator),
            regex: it.regex.clone().unwrap_or(default.regex),
            target_label: it.target_label.clone().unwrap_or_default(),
            replacement: it.replacement.clone().unwrap_or(default.replacement),
            modulus: it.modulus,
        });
    }
    Rules::build(&configs).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The labels of the targets that a resource makes of two pods in two namespaces.
    #[track_caller]
    fn check(spec: &Value, selectors: (&Selector, &Selector), expect: &[&str]) {
        let pod = |name: &str, namespace: &str, labels: Value| {
            let pod = json!({
                "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": labels},
                "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 1},
                    {"containerPort": 2}]}]},
            });
            containers(&serde_json::from_value(pod).unwrap())
        };
        let pods = [pod("p1", "a", json!({"app": "x"})), pod("p2", "b", json!({"app": "y"}))];
        let of = |name: &str, tier: &str| {
            let space_of = json!({"metadata": {"name": name, "labels": {"tier": tier}}});
            space(&serde_json::from_value(space_of).unwrap())
        };
        let spaces = [of("a", "front"), of("b", "back")];
        let resource = json!({"metadata": {"name": "r", "namespace": "a", "labels": {"team": "t"}},
            "spec": spec});
        let wishes = [wish(&serde_json::from_value(resource).unwrap())];
        let (found, problems) = targets(&wishes, selectors, &pods, &spaces);
        let shown = |target: &Target| {
            let shown = target.iter().filter(|(name, _)| !name.starts_with("__meta"));
            let pairs: Vec<_> = shown.map(|(k, v)| format!("{k}={v}")).collect();
            pairs.join(" ")
        };
        let all: Vec<String> = found.iter().map(shown).chain(problems).collect();
        assert_eq!(all, expect, "for {spec}");
    }

    const P1: &str =
        "__pod_container_name__=c __pod_name__=p1 __pod_namespace__=a __pod_uid__=p1 job=a/r";
    const P2: &str =
        "__pod_container_name__=c __pod_name__=p2 __pod_namespace__=b __pod_uid__=p2 job=a/r";

    #[test]
    fn resources_name_pods() {
        let any = Selector::new();
        check(&json!({}), (&any, &any), &[P1, P2]);
        check(&json!({"selector": {"matchLabels": {"app": "x"}}}), (&any, &any), &[P1]);
        let back = json!({"namespaceSelector": {"matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["front"]}]}});
        check(&back, (&any, &any), &[P2]);
        let odd = json!({"selector": {"matchExpressions": [{"key": "app", "operator": "Gt"}]}});
        check(&odd, (&any, &any), &[]);
        let is = |key: &str, value: &str| -> Selector {
            let values = vec![value.to_owned()];
            vec![Requirement { key: key.to_owned(), operator: Operator::In, values }]
        };
        check(&json!({}), (&is("team", "t"), &is("tier", "front")), &[P1, P2]);
        check(&json!({}), (&is("team", "u"), &any), &[]);
        check(&json!({}), (&any, &is("tier", "back")), &[]);
    }

    #[test]
    fn rules_of_resources() {
        let any = Selector::new();
        let rules = json!({"selector": {"matchLabels": {"app": "x"}}, "relabelings": [
            {"sourceLabels": ["__meta_kubernetes_pod_label_app",
                "__meta_kubernetes_namespace_label_tier"], "separator": "-", "targetLabel": "app"},
            {"action": "LabelDrop", "regex": "__pod_uid__|job"}]});
        let expect = "__pod_container_name__=c __pod_name__=p1 __pod_namespace__=a app=x-front";
        check(&rules, (&any, &any), &[expect]);
        let odd = json!({"relabelings": [{"action": "replce"}]});
        check(&odd, (&any, &any), &["PodLogs a/r: \"replce\" is no action of a rule"]);
    }
}
