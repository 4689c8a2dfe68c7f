//! Who may call which service of the internal port, by the roles that a peer's certificate names. What a call may do beyond that is decided by what it
//! carries: the caller context of a node, or a service key.

use crate::config::{Config, Role};

/// Ends the names of a certificate that stand for roles: `chat.kith.internal`.
const ROLE_DOMAIN: &str = ".kith.internal";
/// The role of other backends, which come with service keys.
const BACKEND: &str = "backend";

/// Who calls what, beside those who have the same role and backends. The first row whose beginning fits a path holds; ARCHITECTURE.md tells why each asks.
const CALLERS: &[(&str, &[&str])] = &[
    (
        "/kith.accounts.v1.",
        &["gateway", "friends", "chat", "presence"],
    ),
    (
        "/kith.friends.v1.",
        &["gateway", "accounts", "chat", "presence"],
    ),
    ("/kith.chat.v1.IngestService/", &["accounts", "friends"]),
    ("/kith.chat.v1.", &["gateway"]),
    ("/kith.presence.v1.", &["gateway", "friends"]),
];

/// Refuses to start with a certificate that lacks one of the node's roles: whom it calls as such would refuse it.
pub(super) fn judge(config: &Config) -> anyhow::Result<()> {
    // What is wrong with the files themselves has been said by whoever loaded the configuration.
    let Some(certificates) = config.certificates().ok().flatten() else {
        return Ok(());
    };
    let names = certificates.names();
    let roles = Role::ALL.into_iter();
    let lacking: Vec<String> = roles
        .filter(|role| config.node.roles.contains(*role))
        .map(|role| format!("{}{ROLE_DOMAIN}", role.name()))
        .filter(|name| !names.contains(name))
        .collect();
    anyhow::ensure!(
        lacking.is_empty(),
        "internal_tls.cert: must name {}, because this node has these roles",
        lacking.join(", ")
    );
    Ok(())
}

/// Whether a peer with these names may call this path at all.
pub(super) fn may_call(names: &[String], path: &str) -> bool {
    let roles: Vec<&str> = roles(names).collect();
    let Some((service, callers)) = CALLERS.iter().find(|(start, _)| path.starts_with(start)) else {
        // Reflection, and what is answered by nobody.
        return !roles.is_empty();
    };
    let own = service.trim_start_matches("/kith.").split('.').next();
    let may = |role: &str| role == BACKEND || own == Some(role) || callers.contains(&role);
    roles.into_iter().any(may)
}

/// The roles among the names.
fn roles(names: &[String]) -> impl Iterator<Item = &str> {
    names
        .iter()
        .filter_map(|name| name.strip_suffix(ROLE_DOMAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(role: &str, path: &str) -> bool {
        may_call(
            &["localhost".to_owned(), format!("{role}{ROLE_DOMAIN}")],
            path,
        )
    }

    #[test]
    fn each_role_calls_what_it_needs_and_no_more() {
        let table = [
            ("gateway", "/kith.chat.v1.DeliveryService/Send", true),
            (
                "gateway",
                "/kith.chat.v1.IngestService/AppendUserEvents",
                false,
            ),
            (
                "accounts",
                "/kith.chat.v1.IngestService/AppendUserEvents",
                true,
            ),
            ("accounts", "/kith.chat.v1.DeliveryService/Send", false),
            (
                "accounts",
                "/kith.presence.v1.PresenceService/Attach",
                false,
            ),
            (
                "presence",
                "/kith.friends.v1.FriendsService/FilterVisible",
                true,
            ),
            ("presence", "/kith.chat.v1.ChatService/SendMessage", false),
            ("chat", "/kith.chat.v1.ChatService/SendMessage", true),
            ("backend", "/kith.chat.v1.FeedService/Consume", true),
            ("stranger", "/kith.chat.v1.FeedService/Consume", false),
            (
                "chat",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                true,
            ),
        ];

        for (role, path, holds) in table {
            assert_eq!(may(role, path), holds, "{role} {path}");
        }
    }

    #[test]
    fn a_certificate_without_a_role_opens_nothing() {
        let names = ["chat".to_owned(), "localhost".to_owned()];

        for path in [
            "/kith.chat.v1.ChatService/SendMessage",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        ] {
            assert!(!may_call(&names, path), "{path}");
        }
    }
}
