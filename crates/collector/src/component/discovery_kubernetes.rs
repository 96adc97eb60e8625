//! `discovery.kubernetes`: what there is in a cluster, as targets.

use std::path::PathBuf;

use alloy::Diagnostic;
use alloy::decode::Arguments;

use crate::component::client;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is looked for.
    pub role: Role,
    /// The address of the API, if it is given.
    pub api_server: Option<String>,
    /// The file that says how the API is reached, if it is given.
    pub kubeconfig_file: Option<PathBuf>,
    /// The namespaces that are looked in; none: all.
    pub namespaces: Vec<String>,
    /// Whether only the namespace of our own pod is looked in.
    pub own_namespace: bool,
    /// Which objects, by their fields.
    pub field: Option<String>,
    /// Which objects, by their labels.
    pub label: Option<String>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The containers of pods.
    Pod,
    /// Nodes.
    Node,
    /// The ports of services.
    Service,
    /// Something that is not followed: nothing is found.
    Other,
}

const ROLES: [(&str, Role); 6] = [
    ("pod", Role::Pod),
    ("node", Role::Node),
    ("service", Role::Service),
    ("endpoints", Role::Other),
    ("endpointslice", Role::Other),
    ("ingress", Role::Other),
];

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let known = |text: String| {
        let found = ROLES.iter().find(|(word, _)| *word == text);
        let words: Vec<_> = ROLES.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let wrong = || format!("must be one of {}, not \"{text}\"", words.join(", "));
        found.map(|(_, role)| *role).ok_or_else(wrong)
    };
    let role = args.required_as("role", known).unwrap_or(Role::Pod);
    if role == Role::Other {
        let span = args.span("role");
        let message = "of this role no targets are found: pods, nodes and services are";
        args.push(Diagnostic::warning(span, message));
    }
    let (namespaces, own_namespace) = namespaces(args);
    let (field, label) = selectors(args, role);
    attach_metadata(args);
    client::ignore(args);
    Settings {
        role,
        api_server: args.given("api_server"),
        kubeconfig_file: args.given("kubeconfig_file").map(|path: String| path.into()),
        namespaces,
        own_namespace,
        field,
        label,
    }
}

fn namespaces(args: &mut Arguments<'_, '_>) -> (Vec<String>, bool) {
    let Some(block) = args.block("namespaces") else { return (Vec::new(), false) };
    let mut nested = args.nested(block);
    let found = (nested.optional("names", Vec::new()), nested.optional("own_namespace", false));
    nested.finish();
    found
}

fn selectors(args: &mut Arguments<'_, '_>, of: Role) -> (Option<String>, Option<String>) {
    let mut found = (None, None);
    for block in args.blocks(&["selectors"]) {
        let mut nested = args.nested(block);
        let role: String = nested.required("role");
        let selectors = (nested.given("field"), nested.given("label"));
        nested.finish();
        if ROLES.iter().any(|(word, role_of)| *word == role && *role_of == of) {
            found = selectors;
        }
    }
    found
}

fn attach_metadata(args: &mut Arguments<'_, '_>) {
    let Some(block) = args.block("attach_metadata") else { return };
    let mut nested = args.nested(block);
    for name in ["node", "namespace"] {
        if nested.optional(name, false) {
            let span = nested.span(name);
            let message = format!("labels of the {name} are not attached to targets");
            nested.push(Diagnostic::warning(span, message));
        }
    }
    nested.finish();
}
