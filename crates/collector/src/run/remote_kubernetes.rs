//! `remote.kubernetes.secret` and `remote.kubernetes.configmap` at work: an object is asked for
//! again and again.

use std::sync::Arc;

use alloy::{Secret as Hidden, Value};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::component::remote_kubernetes::{Settings, Sort};
use crate::error::Chain;
use crate::kubernetes::connect;
use crate::run::exports::Exports;
use crate::run::remote::{self, Subject};
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;

/// Asks until it is told to end.
pub async fn run(
    settings: watch::Receiver<Settings>,
    around: Kubernetes,
    seed: u64,
    parts: (Exports, Arc<Stats>, CancellationToken),
) {
    let (what, export) = ("what an object holds", "data");
    let subject = Subject { what, export, frequency: |it: &Settings| it.poll_frequency };
    let ask = |settings: Settings| data(settings, around.clone());
    remote::run(settings, subject, ask, seed, parts).await;
}

/// What the object holds now. The error is for people, and has nothing of what is hidden.
async fn data(settings: Settings, around: Kubernetes) -> Result<Value, String> {
    let Settings { sort, namespace, name, poll_timeout, .. } = &settings;
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let access = around.reached(file, url)?;
    let asked = async {
        let client = connect(&access).await.map_err(|error| Chain(&error).to_string())?;
        let data = match sort {
            Sort::Secret => secret(client, namespace, name).await,
            Sort::ConfigMap => config_map(client, namespace, name).await,
        };
        data.map_err(|error| format!("{namespace}/{name}: {}", Chain(&error)))
    };
    let answer = timeout(*poll_timeout, asked).await;
    answer.unwrap_or_else(|_| Err(format!("{namespace}/{name}: no answer in {poll_timeout:?}")))
}

async fn secret(client: Client, namespace: &str, name: &str) -> kube::Result<Value> {
    let object = Api::<Secret>::namespaced(client, namespace).get(name).await?;
    let data = object.data.unwrap_or_default().into_iter();
    let hidden =
        |text: Vec<u8>| Value::Secret(Hidden::new(String::from_utf8_lossy(&text).into_owned()));
    Ok(Value::object(data.map(|(name, text)| (name, hidden(text.0)))))
}

async fn config_map(client: Client, namespace: &str, name: &str) -> kube::Result<Value> {
    let object = Api::<ConfigMap>::namespaced(client, namespace).get(name).await?;
    let data = object.data.unwrap_or_default().into_iter();
    Ok(Value::object(data.map(|(name, text)| (name, Value::string(text)))))
}
