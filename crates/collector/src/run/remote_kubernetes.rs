//! `remote.kubernetes.secret` and `remote.kubernetes.configmap` at work: an object is asked for
//! again and again. Who needs what it holds waits until it is known; what was known stays in force
//! while the API is away.

use std::sync::Arc;
use std::time::Duration;

use alloy::{Secret as Hidden, Value};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::component::remote_kubernetes::{Settings, Sort};
use crate::error::Chain;
use crate::kubernetes::connect;
use crate::limits::{API_PAUSE_MAX, API_PAUSE_MIN};
use crate::run::exports::Exports;
use crate::run::running::Kubernetes;
use crate::run::stats::Stats;
use crate::write::Backoff;

/// Asks until it is told to end.
pub async fn run(
    mut settings: watch::Receiver<Settings>,
    around: Kubernetes,
    seed: u64,
    (exports, stats, cancel): (Exports, Arc<Stats>, CancellationToken),
) {
    let mut is_failing = false;
    loop {
        let current = settings.borrow_and_update().clone();
        let mut backoff = Backoff::new(API_PAUSE_MIN, API_PAUSE_MAX, seed);
        let asking = async {
            loop {
                let pause: Duration = match data(&current, &around).await {
                    Ok(data) => {
                        is_failing = false;
                        backoff.reset();
                        stats.note(None);
                        exports.tell(Value::object([("data", data)])).await;
                        current.poll_frequency
                    }
                    Err(problem) => {
                        if !std::mem::replace(&mut is_failing, true) {
                            tracing::warn!(problem, "what an object holds cannot be had for now");
                        }
                        stats.note(Some(problem));
                        backoff.next().min(current.poll_frequency)
                    }
                };
                sleep(pause).await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = asking => {}
        }
    }
}

/// What the object holds now. The error is for people, and has nothing of what is hidden.
async fn data(settings: &Settings, around: &Kubernetes) -> Result<Value, String> {
    let Settings { sort, namespace, name, poll_timeout, .. } = settings;
    let (file, url) = (settings.kubeconfig_file.as_deref(), settings.api_server.as_deref());
    let access = around.reached(file, url).ok_or_else(|| {
        "no Kubernetes is here to ask: give api_server or kubeconfig_file".to_owned()
    })?;
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
