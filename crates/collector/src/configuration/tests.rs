//! Configurations, and what is wrong with them.

use std::path::Path;

use super::*;

/// What a check tells of a text: each problem's first line.
#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let machine = Machine {
        variables: [("LOKI_URL".to_owned(), "http://loki:3100".to_owned())].into(),
        hostname: "node-1".to_owned(),
        ..Machine::default()
    };
    let checked = super::check(&of_text("c", text, Path::new("")), &machine);
    let told: Vec<String> = checked
        .diagnostics
        .sorted()
        .into_iter()
        .map(|it| {
            let is_warning = it.severity == alloy::Severity::Warning;
            let word = if is_warning { "warning: " } else { "" };
            format!("{}: {word}{it}", checked.sources.place(it.span))
        })
        .collect();
    assert_eq!(told, expect, "for {text}");
}

const WRITE: &str = "loki.write \"w\" {\n endpoint { url = \"http://x/loki/api/v1/push\" }\n}\n";

#[test]
fn a_whole_configuration_is_right() {
    check(include_str!("../../../alloy/tests/data/recipe.alloy"), &[]);
    check(
        r#"
logging { level = "info" }
livedebugging { enabled = true }
discovery.kubernetes "pods" {
  role = "pod"
  selectors {
    role  = "pod"
    field = "spec.nodeName=" + coalesce(sys.env("NODE_NAME"), constants.hostname)
  }
}
discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
  rule {
    source_labels = ["__meta_kubernetes_namespace"]
    target_label  = "namespace"
  }
}
local.file_match "pods" { path_targets = discovery.relabel.pods.output }
loki.source.file "pods" {
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}
loki.process "pods" {
  stage.cri { }
  stage.airflow { }
  forward_to = [loki.write.default.receiver, loki.echo.e.receiver]
}
loki.echo "e" { }
loki.write "default" {
  endpoint {
    url       = sys.env("LOKI_URL") + "/loki/api/v1/push"
    tenant_id = "fake"
    basic_auth {
      username = "u"
      password = local.file.key.content
    }
  }
}
local.file "key" {
  filename  = "/etc/key"
  is_secret = true
}
"#,
        &[],
    );
}

#[test]
fn every_problem_is_told_at_once() {
    check(
        "loki.proces \"a\" {\n forward_to = []\n}\nloki.process \"b\" {\n foward_to = [loki.write.v.receiver]\n stage.regx { }\n}\nloki.source.file \"c\" {\n targets = 5\n forward_to = [loki.process.b.reciver]\n}\nloki.write \"w\" {\n endpoint { urll = \"x\" }\n}",
        &[
            "c:1:1: there is no component \"loki.proces\" (did you mean \"loki.process\"?)",
            "c:4:1: the argument \"forward_to\" of \"loki.process\" is missing",
            "c:5:2: \"foward_to\" is no argument of \"loki.process\" (did you mean \"forward_to\"?)",
            "c:5:15: there is no loki.write called \"v\"",
            "c:6:2: there is no stage.regx (did you mean stage.regex?)",
            "c:9:12: \"targets\": expected array, found number 5",
            "c:10:31: \"loki.process.b\" has no member \"reciver\" (did you mean \"receiver\"?)",
            "c:13:2: the argument \"url\" of \"endpoint\" is missing",
            "c:13:13: \"urll\" is no argument of \"endpoint\" (did you mean \"url\"?)",
        ],
    );
}

#[test]
fn references() {
    check(
        &format!(
            "{WRITE}loki.echo \"e\" {{ }}\nloki.process \"a\" {{\n forward_to = [loki.write.v.receiver, loki.echo.e.receiver, loki.write.w]\n}}\n"
        ),
        &[
            "c:6:15: \"forward_to\": at [2]: expected capsule(\"loki.LogsReceiver\"), found object",
            "c:6:16: there is no loki.write called \"v\"",
        ],
    );
    check(
        "loki.process \"a\" { forward_to = [loki.process.b.receiver] }\nloki.process \"b\" { forward_to = [loki.process.a.receiver] }",
        &[
            "c:1:34: components need each other: \"loki.process.a\" needs \"loki.process.b\" (c:1:34), \"loki.process.b\" needs \"loki.process.a\" (c:2:34)",
        ],
    );
}

#[test]
fn components_that_are_not_run() {
    check(
        &format!(
            "{WRITE}prometheus.exporter.unix \"d\" {{ }}\notelcol.receiver.otlp \"s\" {{\n targets = prometheus.exporter.unix.d.targets\n forward_to = []\n}}\nloki.source.gelf \"j\" {{ forward_to = [loki.write.w.receiver] }}\nloki.secretfilter \"f\" {{ forward_to = [] }}\ndiscovery.kubernetes \"n\" {{ role = \"ingress\" }}\n"
        ),
        &[
            "c:4:1: warning: prometheus.exporter.unix is not run: barogram collects logs, and what Prometheus scrapes",
            "c:5:1: warning: otelcol.receiver.otlp is not run: barogram collects logs, and what Prometheus scrapes",
            "c:9:1: warning: loki.source.gelf is not run, what it finds is not collected: barogram has no such",
            "c:10:1: barogram has no loki.secretfilter, and what depends on it cannot do without",
            "c:11:35: warning: of this role no targets are found: pods, nodes and services are",
        ],
    );
}

#[test]
fn metrics() {
    let scrape = |more: &str| {
        format!(
            "prometheus.exporter.self \"x\" {{ }}\nprometheus.scrape \"s\" {{\n targets = prometheus.exporter.self.x.targets\n forward_to = [prometheus.remote_write.w.receiver]\n{more}}}\n"
        )
    };
    let write = |more: &str| {
        format!(
            "prometheus.remote_write \"w\" {{\n endpoint {{\n url = \"http://x/w\"\n{more} }}\n}}\n"
        )
    };
    check(&(scrape("") + &write("")), &[]);
    // What Alloy knows besides is taken.
    let full = " job_name = \"j\"\n scrape_interval = \"15s\"\n scrape_timeout = \"5s\"\n metrics_path = \"/m\"\n scheme = \"https\"\n params = {a = [\"1\", \"2\"]}\n honor_labels = true\n honor_timestamps = false\n sample_limit = 10\n body_size_limit = \"1MiB\"\n scrape_protocols = [\"OpenMetricsText1.0.0\"]\n extra_metrics = true\n bearer_token_file = \"/t\"\n clustering { enabled = false }\n";
    let of_write = " name = \"n\"\n remote_timeout = \"5s\"\n send_exemplars = true\n headers = {a = \"b\"}\n basic_auth {\n username = \"u\"\n password = \"p\"\n }\n queue_config {\n capacity = 1\n max_shards = 1\n max_samples_per_send = 100\n batch_send_deadline = \"1s\"\n }\n metadata_config { send = false }\n write_relabel_config {\n source_labels = [\"a\"]\n action = \"drop\"\n }\n";
    check(&(scrape(full) + &write(of_write)), &[]);
    check(
        &(scrape(" scrape_interval = \"5s\"\n scheme = \"ftp\"\n jobname = \"j\"\n")
            + &write(
                " queue_config { max_samples_per_send = 0 }\n sigv4 { }\n write_relabel_config { regex = \"(\" }\n protobuf_message = \"io.prometheus.write.v2.Request\"\n",
            )),
        &[
            "c:5:20: \"scrape_timeout\" (10s) must not be longer than \"scrape_interval\" (5s)",
            "c:6:11: \"scheme\" must be one of \"http\", \"https\", not \"ftp\"",
            "c:7:2: \"jobname\" is no argument of \"prometheus.scrape\" (did you mean \"job_name\"?)",
            "c:12:40: it must be between 1 and 20000",
            "c:13:2: barogram has no sigv4: use a token in a file",
            "c:14:2: \"target_label\": is needed for replace",
            "c:15:21: warning: samples are sent as prometheus.WriteRequest",
        ],
    );
    check(
        "prometheus.remote_write \"w\" {\n wal { truncate_frequency = \"1h\" }\n endpoint { url = \"x\" }\n}\n",
        &["c:3:19: the store's url \"x\" is no http or https address: relative URL without a base"],
    );
    // Entries and samples go their own ways.
    check(
        &format!(
            "{WRITE}{}loki.source.file \"f\" {{\n targets = []\n forward_to = [prometheus.remote_write.w.receiver]\n}}\nprometheus.scrape \"s\" {{\n targets = []\n forward_to = [loki.write.w.receiver]\n}}\n",
            write("")
        ),
        &[
            "c:11:15: \"forward_to\": at [0]: expected capsule(\"loki.LogsReceiver\"), found capsule(\"storage.Appendable\")",
            "c:15:15: \"forward_to\": at [0]: expected capsule(\"storage.Appendable\"), found capsule(\"loki.LogsReceiver\")",
        ],
    );
}

#[test]
fn docker() {
    let text = |discovery: &str, source: &str| {
        format!(
            "{WRITE}discovery.docker \"d\" {{\n{discovery}}}\nloki.source.docker \"s\" {{\n forward_to = [loki.write.w.receiver]\n targets = discovery.docker.d.targets\n{source}}}\n"
        )
    };
    let host = " host = \"unix:///var/run/docker.sock\"\n";
    let discovery = format!(
        "{host} port = 8080\n host_networking_host = \"h\"\n match_first_network = false\n refresh_interval = \"5s\"\n filter {{\n name = \"label\"\n values = [\"a=b\"]\n }}\n"
    );
    let source = format!(
        "{host} labels = {{a = \"b\"}}\n relabel_rules = loki.relabel.r.rules\n refresh_interval = \"5s\"\n}}\nloki.relabel \"r\" {{\n forward_to = []\n"
    );
    check(&text(&discovery, &source), &[]);
    check(
        &text(
            " host = \"https://x\"\n refresh_interval = \"0s\"\n bearer_token = \"t\"\n filter { name = \"a\" }\n",
            " host = \"docker.sock\"\n label = {}\n",
        ),
        &[
            "c:4:1: warning: an engine is asked without credentials: these have no effect",
            "c:5:9: \"host\": an engine is not reached over TLS: use its socket",
            "c:6:21: \"refresh_interval\" must be 100ms at least",
            "c:8:2: the argument \"values\" of \"filter\" is missing",
            "c:13:9: \"host\": \"docker.sock\" is no address of an engine, write one like \"unix:///var/run/docker.sock\" or \"tcp://localhost:2375\"",
            "c:14:2: \"label\" is no argument of \"loki.source.docker\" (did you mean \"labels\"?)",
        ],
    );
}

#[test]
fn syslog() {
    let source = |listener: &str| {
        format!(
            "{WRITE}loki.source.syslog \"s\" {{\n forward_to = [loki.write.w.receiver]\n{listener}}}\n"
        )
    };
    check(&source(" listener { address = \"0.0.0.0:1514\"\n labels = {job = \"s\"} }\n"), &[]);
    check(
        &source(
            " listener {\n address = \"localhost\"\n }\n listener {\n address = \":1\"\n protocol = \"sctp\"\n max_message_length = 0\n tls_config { }\n }\n",
        ),
        &[
            "c:7:12: \"address\": \"localhost\" is no address, write one like \"0.0.0.0:1514\"",
            "c:9:2: warning: entries will have no labels, which stores refuse: give labels or relabel_rules",
            "c:11:13: \"protocol\" must be one of \"tcp\", \"udp\", not \"sctp\"",
            "c:12:23: it must be between 1 and 1048576",
            "c:13:2: it cannot listen by TLS: let a proxy before it end that",
        ],
    );
    check(&source(""), &["c:4:1: warning: it listens nowhere: give it a block \"listener\""]);
}

#[test]
fn sources_of_a_cluster_and_its_nodes() {
    let to = "forward_to = [loki.write.w.receiver]";
    check(
        &format!(
            "{WRITE}loki.source.podlogs \"p\" {{\n{to}\ntail_from_end = true\nselector {{\n match_expression {{\n key = \"a\"\n operator = \"Like\"\n }}\n }}\nnode_filter {{\n enabled = true\n }}\n}}\nloki.source.journal \"j\" {{\n{to}\nmatches = \"A=1 + B=2\"\n}}\nremote.kubernetes.secret \"s\" {{\n name = \"s\"\n poll_frequency = \"0s\"\n}}\nloki.process \"x\" {{\n forward_to = []\n stage.static_labels {{ values = {{a = remote.kubernetes.secret.s.dat}} }}\n}}\ndiscovery.file \"f\" {{ files = [\"/a*/b.yml\", \"/a/b.txt\", \"/a/*.json\"] }}\n"
        ),
        &[
            "c:6:17: warning: \"tail_from_end\" has no effect: logs are read from their beginning",
            "c:10:13: \"operator\": must be one of \"In\", \"NotIn\", \"Exists\", \"DoesNotExist\"",
            "c:19:11: \"matches\": \"+\" is not supported: write a component for each alternative",
            "c:21:1: the argument \"namespace\" of \"remote.kubernetes.secret\" is missing",
            "c:23:19: \"poll_frequency\" must be 100ms at least",
            "c:27:65: \"remote.kubernetes.secret.s\" has no member \"dat\" (did you mean \"data\"?)",
            "c:29:30: \"/a*/b.yml\": only the last name of a path may have a \"*\"",
            "c:29:30: \"/a/b.txt\": a file of targets ends with .json, .yml or .yaml",
        ],
    );
}

#[test]
fn modules() {
    let module = "declare \"m\" {\n argument \"to\" { }\n argument \"n\" {\n optional = true\n default = 4\n }\n loki.process \"p\" {\n stage.limit {\n rate = argument.n.value\n burst = 1\n }\n forward_to = argument.to.value\n }\n export \"receiver\" { value = loki.process.p.receiver }\n}\n";
    check(
        &format!(
            "{WRITE}{module}m \"x\" {{ to = [loki.write.w.receiver] }}\nloki.source.file \"f\" {{\n targets = []\n forward_to = [m.x.receiver]\n}}\n"
        ),
        &[],
    );
    check(
        &format!(
            "{WRITE}{module}m \"x\" {{ too = 1 }}\nm \"y\" {{\n to = [loki.write.w.receiver]\n n = \"a lot\"\n}}\nloki.source.file \"f\" {{\n targets = []\n forward_to = [m.z.receiver, m.y.reciever]\n}}\n"
        ),
        &[
            "c:12:9: \"rate\": expected number, found string \"a lot\"",
            "c:19:1: the argument \"to\" of \"m\" is missing",
            "c:19:9: \"too\" is no argument of \"m\" (did you mean \"to\"?)",
            "c:26:16: there is no m called \"z\"",
            "c:26:34: \"m.y\" has no member \"reciever\" (did you mean \"receiver\"?)",
        ],
    );
    check(
        "declare \"unused\" {\n argument \"a\" { }\n loki.process \"p\" {\n forward_to = argument.b.value\n }\n}",
        &["c:4:24: \"argument\" has no member \"b\""],
    );
    check(
        "import.string \"lib\" { content = \"declare \\\"d\\\" {\\n loki.echo \\\"e\\\" { }\\n export \\\"r\\\" { value = loki.echo.e.receiver }\\n}\" }\nlib.d \"x\" { }\nloki.source.file \"f\" {\n targets = []\n forward_to = [lib.d.x.r, lib.d.y.r]\n}\nlib.e \"y\" { }\n",
        &[
            "c:5:27: there is no lib.d called \"y\"",
            "c:7:1: there is no component \"lib.e\" (did you mean \"lib.d\"?)",
        ],
    );
    check(
        "declare \"again\" { again \"a\" { } }\nagain \"b\" { }",
        &["c:1:19: the module \"again\" uses itself"],
    );
}

#[test]
fn modules_do_not_wait_for_components() {
    check(
        "local.file \"m\" { filename = \"m.alloy\" }\nimport.string \"x\" { content = local.file.m.content }\n",
        &[
            "c:2:31: modules are read before any component runs, so none can be referred to here (write the file's name into import.file { filename = … })",
        ],
    );
}

#[test]
fn what_is_wrong_is_told_beside_what_is_not_there() {
    check(
        "loki.process \"p\" {\n forward_to = [loki.echo.nope.receiver]\n stage.regex { expression = \"(\" }\n}\n",
        &[
            "c:2:16: there is no loki.echo called \"nope\"",
            "c:3:29: \"expression\": error parsing regexp: missing closing ): `(`",
        ],
    );
}

#[test]
fn credentials_of_clients() {
    let endpoint = |rest: &str| {
        format!("loki.write \"w\" {{\n endpoint {{\n url = \"https://x\"\n{rest}\n }}\n}}\n")
    };
    let file = "remote.kubernetes.secret \"s\" {\n namespace = \"a\"\n name = \"b\"\n}\n";
    let ca = "tls_config { ca_pem = remote.kubernetes.secret.s.data[\"ca.crt\"] }";
    check(&format!("{}{file}", endpoint(ca)), &[]);
    check(&endpoint("basic_auth {\n username = \"u\"\n password_file = \"/p\"\n}"), &[]);
    check(&endpoint("authorization {\n type = \"Token\"\n credentials = \"x\"\n}"), &[]);
    check(
        &endpoint(
            "tls_config {\n cert_pem = \"c\"\n server_name = \"x\"\n ca_pem = \"a\"\n ca_file = \"b\"\n}",
        ),
        &[
            "c:4:1: a certificate and its key belong together: one of them is missing",
            "c:6:2: warning: \"server_name\" has no effect",
            "c:8:12: there may be one of \"ca_pem\" and \"ca_file\" only",
        ],
    );
    check(
        &endpoint("authorization {\n type = \"Basic\"\n credentials = \"x\"\n}"),
        &["c:5:9: a name and a password are no token: write basic_auth { … }"],
    );
}

#[test]
fn settings_and_the_text_itself() {
    check(
        "logging {\n write_to = [loki.echo.e.receiver]\n rate_limiting { enabled = false }\n}\nloki.echo \"e\" { }\n",
        &[
            "c:2:2: warning: \"write_to\" has no effect: our own log goes to the standard error only: its pod's log is collected",
            "c:3:2: warning: \"rate_limiting\" has no effect: our own log is not limited",
        ],
    );
    check(
        "logging { level = \"loud\" }\nhttp { }\nlogging \"x\" { }",
        &[
            "c:1:19: \"level\" must be one of \"error\", \"warn\", \"info\", \"debug\", not \"loud\"",
            "c:2:1: warning: \"http\" has no effect: barogram has no such setting",
            "c:3:9: the block \"logging\" takes no label",
        ],
    );
    check(
        "loki.write \"w\" {\n endpoint {\n url = 'http://x'\n }\n}",
        &["c:3:8: a string stands in double quotes, not in single ones (write \"http://x\")"],
    );
}

#[test]
fn configurations_in_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    std::fs::write(&path, "kind: ConfigMap\ndata:\n  config.alloy: |\n    loki.ecko \"e\" { }\n")
        .unwrap();
    let found = load(&path).unwrap();
    let told = super::check(&found[0], &Machine::default()).rendered(false);
    let expect = format!(
        "{}:4:5: there is no component \"loki.ecko\"\n  loki.ecko \"e\" {{ }}\n  ^^^^^^^^^^^^^\n  hint: did you mean \"loki.echo\"?\n",
        path.display()
    );
    assert_eq!(told, expect);
    std::fs::write(&path, "kind: Secret\n").unwrap();
    assert!(load(&path).unwrap_err().to_string().starts_with("there is no configuration in"));
    std::fs::write(folder.path().join("a.alloy"), "loki.echo \"e\" { }").unwrap();
    std::fs::write(folder.path().join("b.alloy"), "loki.echo \"e\" { }").unwrap();
    let found = load(folder.path()).unwrap();
    assert!(
        super::check(&found[0], &Machine::default()).diagnostics.has_errors(),
        "one of two files"
    );
}
