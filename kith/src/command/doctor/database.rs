//! PostgreSQL and Redis: the machine's own, or those that were given.

use std::time::Duration;

use futures::future::try_join_all;
use secrecy::ExposeSecret;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Finding;
use crate::config::{Config, Role};
use crate::embedded::{self, DataFolder, MINIMUM_MAJOR, Owner, locate};

const PATIENCE: Duration = Duration::from_secs(3);
/// What friends needs besides PostgreSQL itself.
const TRIGRAMS: &str = "pg_trgm";

/// What the private PostgreSQL needs.
pub(super) async fn embedded(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = kith_config::search_path();
    let found = locate(path.as_deref()).await;
    match found.first() {
        Some(newest) => {
            findings.push(Finding::fine(format!(
                "PostgreSQL {} in {}",
                newest.major,
                newest.folder.display()
            )));
            if newest.has_extension(TRIGRAMS).await == Some(false) {
                findings.push(Finding::missing(
                    format!("the extension {TRIGRAMS} of that PostgreSQL, for the user search"),
                    contrib_command(),
                ));
            }
        }
        None => findings.push(Finding::missing(
            format!("PostgreSQL {MINIMUM_MAJOR} or newer (postgres and initdb)"),
            format!(
                "{}\nor set KITH__DATABASE__URL to a PostgreSQL elsewhere",
                install_command()
            ),
        )),
    }
    let folder = config.folder();
    match Owner::choose(&embedded::database_of(&folder)).await {
        Ok(owner) if owner.handed_over => {
            findings.push(Finding::fine(format!(
                "an unprivileged user for the database (id {})",
                owner.uid
            )));
        }
        Ok(_) => {}
        Err(error) => findings.push(Finding::missing(
            error.to_string(),
            "useradd --system --no-create-home postgres",
        )),
    }
    findings.push(data_folder(&folder));
    findings
}

fn data_folder(path: &std::path::Path) -> Finding {
    let shown = path.display();
    let is_new = !path.exists();
    let opened = DataFolder::open(path);
    if is_new && opened.is_ok() {
        // Nothing should stay of a mere look.
        let _ = std::fs::remove_file(path.join("kith.lock"));
        let _ = std::fs::remove_dir(path);
    }
    match opened {
        Ok(_) if is_new => Finding::fine(format!("the data folder {shown} can be made")),
        Ok(_) => Finding::fine(format!("the data folder {shown}")),
        Err(error @ embedded::Error::InUse { .. }) => Finding::better(
            error.to_string(),
            "nothing, if that is the instance you mean",
        ),
        Err(error) => Finding::missing(
            format!(
                "{error}: {}",
                std::error::Error::source(&error)
                    .map(ToString::to_string)
                    .unwrap_or_default()
            ),
            "kith --data FOLDER, with a folder that this user may write",
        ),
    }
}

/// The databases that were given.
pub(super) async fn given(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    for service in config.node.roles.services() {
        let Some(url) = config
            .database
            .url_of(service)
            .map(ExposeSecret::expose_secret)
        else {
            findings.push(Finding::missing(
                format!("a database for {service}"),
                format!(
                    "set KITH__DATABASE__URL or KITH__DATABASE__{}__URL",
                    service.to_uppercase()
                ),
            ));
            continue;
        };
        if !asked.contains(&url) {
            asked.push(url);
            let of_friends = config.node.roles.contains(Role::Friends)
                && config
                    .database
                    .url_of("friends")
                    .is_some_and(|its| its.expose_secret() == url);
            findings.push(ask_postgres(url, of_friends).await);
        }
    }
    findings
}

async fn ask_postgres(url: &str, of_friends: bool) -> Finding {
    let shown = kith_config::redacted_url(url);
    let ask = async {
        let mut db = PgConnection::connect(url).await?;
        let answer: (String, bool, bool) = sqlx::query_as(
            "SELECT current_setting('server_version_num'), has_database_privilege(current_database(), 'CREATE'),
                    EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)",
        )
        .bind(TRIGRAMS)
        .fetch_one(&mut db)
        .await?;
        Ok::<_, sqlx::Error>(answer)
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(Ok((version, may_create, has_trigrams))) => {
            let major: u32 = version.parse::<u32>().unwrap_or(0) / 10_000;
            if major < MINIMUM_MAJOR {
                return Finding::missing(
                    format!("PostgreSQL {MINIMUM_MAJOR} or newer at {shown} (it is {major})"),
                    "upgrade that server",
                );
            }
            if !may_create {
                return Finding::missing(
                    format!("the right to create schemas at {shown}"),
                    "GRANT CREATE ON DATABASE … TO … (as its owner)",
                );
            }
            if of_friends && !has_trigrams {
                return Finding::missing(
                    format!("the extension {TRIGRAMS} at {shown}, for the user search"),
                    "install that server's contrib package: `postgresql-contrib` in most distributions, part of `postgresql-15` in Debian",
                );
            }
            Finding::fine(format!("PostgreSQL {major} with what it needs at {shown}"))
        }
        Ok(Err(error)) => Finding::missing(
            format!("an answer from {shown}: {error}"),
            "check KITH__DATABASE__URL and that server",
        ),
        Err(_) => Finding::missing(
            format!("an answer from {shown} within 3 s"),
            "check KITH__DATABASE__URL and the way to that server",
        ),
    }
}

/// Redis, if one was given.
pub(super) async fn redis(config: &Config) -> Finding {
    let Some(url) = &config.redis.url else {
        return Finding::fine("no Redis: this node is alone and needs none");
    };
    let url = url.expose_secret();
    let shown = kith_config::redacted_url(url);
    let pings = url.split(',').map(|url| ping(url.trim()));
    match tokio::time::timeout(PATIENCE, try_join_all(pings)).await {
        Ok(Ok(_)) => Finding::fine(format!("Redis at {shown}")),
        Ok(Err(error)) => Finding::missing(
            format!("an answer from {shown}: {error}"),
            "check KITH__REDIS__URL and that server",
        ),
        Err(_) => Finding::missing(
            format!("an answer from {shown} within 3 s"),
            "check KITH__REDIS__URL and the way to that server",
        ),
    }
}

/// Asks for a sign of life; a refusal for want of a password is one. Over TLS only the connection is tried.
async fn ping(url: &str) -> std::io::Result<()> {
    let invalid = || std::io::Error::other("not an address such as redis://host:6379");
    let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
    let place = rest
        .rsplit('@')
        .next()
        .unwrap_or(rest)
        .split(['/', '?'])
        .next()
        .ok_or_else(invalid)?;
    let place = if place
        .rsplit(':')
        .next()
        .is_some_and(|port| port.parse::<u16>().is_ok())
    {
        place.to_owned()
    } else {
        format!("{place}:6379")
    };
    let mut stream = TcpStream::connect(&place).await?;
    if scheme == "rediss" {
        return Ok(());
    }
    stream.write_all(b"PING\r\n").await?;
    let mut first = [0; 1];
    stream.read_exact(&mut first).await?;
    // `+PONG`, or `-NOAUTH …`.
    if b"+-".contains(&first[0]) {
        Ok(())
    } else {
        Err(std::io::Error::other("it does not speak like Redis"))
    }
}

/// How this distribution installs what comes with PostgreSQL.
fn contrib_command() -> &'static str {
    if runs_on(&["debian", "ubuntu"]) {
        "apt-get install -y postgresql postgresql-contrib"
    } else if runs_on(&["alpine"]) {
        "apk add postgresql-contrib"
    } else if runs_on(&["fedora", "rhel", "centos"]) {
        "dnf install -y postgresql-contrib"
    } else if runs_on(&["suse"]) {
        "zypper install postgresql-contrib"
    } else {
        "install the contrib package of that PostgreSQL, mostly called postgresql-contrib"
    }
}

/// Whether this distribution is one of these, or like one.
fn runs_on(names: &[&str]) -> bool {
    let release = std::fs::read_to_string("/etc/os-release")
        .unwrap_or_default()
        .to_lowercase();
    release
        .lines()
        .filter(|line| line.starts_with("id=") || line.starts_with("id_like="))
        .any(|line| names.iter().any(|name| line.contains(name)))
}

/// How this distribution installs PostgreSQL.
fn install_command() -> &'static str {
    if runs_on(&["debian", "ubuntu"]) {
        "apt-get install -y postgresql"
    } else if runs_on(&["alpine"]) {
        "apk add postgresql postgresql-contrib"
    } else if runs_on(&["fedora", "rhel", "centos"]) {
        "dnf install -y postgresql-server postgresql-contrib"
    } else if runs_on(&["arch"]) {
        "pacman -S postgresql"
    } else if runs_on(&["suse"]) {
        "zypper install postgresql-server postgresql-contrib"
    } else {
        "install PostgreSQL with your package manager, so that `postgres` and `initdb` are in the PATH"
    }
}
