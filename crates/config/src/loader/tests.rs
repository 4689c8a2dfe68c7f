use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::*;
use crate::{DEFAULTS, Database, InternalTls, Limits, Redis, Secrets, Server, Telemetry};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Everything {
    server: Server,
    database: Database,
    redis: Redis,
    internal_tls: InternalTls,
    secrets: Secrets,
    telemetry: Telemetry,
    limits: Limits,
}

fn loader(variables: &[(&str, &str)]) -> Loader {
    let variables = variables
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Loader::new().defaults(DEFAULTS).environment(variables)
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let config: Everything = loader(&[]).load().unwrap();

    assert_eq!(config.server.grace_period, Duration::from_secs(8));
    assert!(config.server.worker_threads.is_none());
    assert!(config.database.url.is_none() && config.redis.url.is_none());
    assert!(config.secrets.key.is_none() && config.telemetry.otlp_endpoint.is_none());
    assert!(config.limits.enabled && !config.internal_tls.is_on());
}

#[test]
fn a_variable_wins_over_the_file_and_a_flag_over_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kith.toml");
    std::fs::write(
        &file,
        "[server]\ngrace_period = \"3s\"\nlisten = \"127.0.0.1:1\"\n[limits]\nenabled = false\n",
    )
    .unwrap();

    let config: Everything = loader(&[
        ("KITH__SERVER__LISTEN", "127.0.0.1:2"),
        ("KITH__REDIS__URL", "redis://r"),
    ])
    .file(Some(&file))
    .flag("server.listen", Some("127.0.0.1:3"))
    .flag("server.internal_listen", None::<String>)
    .load()
    .unwrap();

    assert_eq!(config.server.grace_period, Duration::from_secs(3));
    assert_eq!(config.server.listen.port(), 3);
    assert!(!config.limits.enabled);
    assert_eq!(config.redis.url.unwrap().expose_secret(), "redis://r");
}

#[test]
fn a_hosts_name_may_stand_for_its_address() {
    let at = |address: &str| -> Result<Everything, _> {
        loader(&[("KITH__SERVER__LISTEN", address)]).load()
    };

    let config = at("localhost:8081").unwrap();
    let refused = at("localhost").unwrap_err().to_string();

    assert!(config.server.listen.ip().is_loopback());
    assert_eq!(config.server.listen.port(), 8081);
    assert!(
        refused.contains("server.listen") && refused.contains("localhost:8080"),
        "{refused}"
    );
}

#[test]
fn a_secret_that_looks_like_a_number_stays_what_it_is() {
    let config: Everything = loader(&[("KITH__SECRETS__KEY", "0012345678901234e5")])
        .load()
        .unwrap();

    assert_eq!(
        config.secrets.key.unwrap().expose_secret(),
        "0012345678901234e5"
    );
}

#[test]
fn an_empty_variable_is_none() {
    let config: Everything = loader(&[("KITH__DATABASE__URL", "")]).load().unwrap();

    assert!(config.database.url.is_none());
}

#[test]
fn each_service_may_have_a_database_url_of_its_own() {
    let config: Everything = loader(&[
        ("KITH__DATABASE__URL", "postgres://a"),
        ("KITH__DATABASE__CHAT__URL", "postgres://b"),
    ])
    .load()
    .unwrap();

    assert_eq!(
        config.database.url_of("chat").unwrap().expose_secret(),
        "postgres://b"
    );
    assert_eq!(
        config.database.url_of("friends").unwrap().expose_secret(),
        "postgres://a"
    );
}

#[test]
fn every_bad_key_is_named_at_once() {
    let problems = loader(&[
        ("KITH__SERVER__LISTEN", "nowhere"),
        ("KITH__SERVER__LISTN", "127.0.0.1:1"),
        ("KITH__LIMITS__ENABLED", "perhaps"),
        ("KITH__SREVER__X", "1"),
    ])
    .load::<Everything>()
    .unwrap_err()
    .to_string();

    for key in ["server.listen:", "server.listn", "limits.enabled", "srever"] {
        assert!(problems.contains(key), "{key} is missing in:\n{problems}");
    }
}

#[test]
fn shown_settings_hold_no_secret() {
    let settings = loader(&[
        ("KITH__SECRETS__KEY", "a very secret passphrase"),
        ("KITH__DATABASE__URL", "postgres://kith:hunter2@db/kith"),
    ])
    .settings()
    .unwrap();

    let value = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
    assert_eq!(value("secrets.key").value, r#""(set)""#);
    assert_eq!(
        value("database.url").value,
        r#""postgres://kith:…@db/kith""#
    );
    assert!(value("database.url").changed && !value("telemetry.log").changed);
}

#[test]
fn certificates_are_three_files_or_none() {
    let config: Everything = loader(&[("KITH__INTERNAL_TLS__CERT", "/node.pem")])
        .load()
        .unwrap();

    let problems = config.internal_tls.problems().to_string();

    assert!(problems.contains("internal_tls.ca") && problems.contains("internal_tls.key"));
    assert!(!problems.contains("internal_tls.cert"), "{problems}");
}

#[test]
fn the_addresses_of_a_cluster_show_no_password() {
    let urls = "redis://:a,b@one:7000,rediss://ann:word@two:7000,redis://three";

    assert_eq!(
        crate::redacted_url(urls),
        "redis://:…@one:7000,rediss://ann:…@two:7000,redis://three"
    );
}

#[test]
fn shown_settings_are_toml_that_means_the_same() {
    let changed = loader(&[
        ("KITH__LIMITS__ENABLED", "false"),
        ("KITH__SERVER__GRACE_PERIOD", "20s"),
        ("KITH__TELEMETRY__LOG", "a \"quoted\" \\ one\u{7}"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shown.toml");
    let lines = changed.settings().unwrap().into_iter();
    let lines = lines.map(|setting| format!("{} = {}\n", setting.key, setting.value));
    std::fs::write(&file, lines.collect::<String>()).unwrap();

    let read: Everything = loader(&[]).file(Some(&file)).load().unwrap();

    assert!(!read.limits.enabled);
    assert_eq!(read.server.grace_period, Duration::from_secs(20));
    assert_eq!(read.telemetry.log, "a \"quoted\" \\ one\u{7}");
}

#[test]
fn a_list_comes_from_one_variable() {
    #[derive(Deserialize)]
    struct Lists {
        edge: Edge,
    }
    #[derive(Deserialize)]
    struct Edge {
        origins: Vec<String>,
    }
    let load = |variables: &[(&str, &str)]| {
        let config: Lists = loader(variables)
            .defaults("[edge]\norigins = []\n")
            .load()
            .unwrap();
        config.edge.origins
    };

    assert_eq!(
        load(&[("KITH__EDGE__ORIGINS", "https://a, https://b")]),
        ["https://a", "https://b"]
    );
    assert!(load(&[]).is_empty());
}

#[test]
fn the_keys_of_a_table_are_shown_together() {
    let settings = loader(&[])
        .defaults("[friends]\na = 1\nz = 1\n[friends.contacts]\nb = 1\n")
        .settings()
        .unwrap();

    let keys = settings.iter().map(|setting| setting.key.as_str());
    let friends: Vec<_> = keys.filter(|key| key.starts_with("friends.")).collect();
    assert_eq!(friends, ["friends.a", "friends.z", "friends.contacts.b"]);
}
