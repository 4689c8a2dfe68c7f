//! What a node does.

use serde::Deserialize;

/// One of the things that a node can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Accounts,
    Friends,
    Chat,
    Presence,
    Gateway,
}

/// A choice of roles, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Roles(Vec<Role>);

impl Role {
    pub(crate) const ALL: [Self; 5] = [
        Self::Accounts,
        Self::Friends,
        Self::Chat,
        Self::Presence,
        Self::Gateway,
    ];

    /// The word of the command line; of a service, also its schema's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Friends => "friends",
            Self::Chat => "chat",
            Self::Presence => "presence",
            Self::Gateway => "gateway",
        }
    }
}

impl Roles {
    pub(crate) fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The names of the services among them: the roles that keep data.
    pub(crate) fn services(&self) -> impl Iterator<Item = &'static str> {
        self.0
            .iter()
            .filter(|role| **role != Role::Gateway)
            .map(|role| role.name())
    }
}

impl TryFrom<Vec<String>> for Roles {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let mut chosen = Vec::new();
        for word in words
            .iter()
            .flat_map(|word| word.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            if word == "all" {
                chosen.extend(Role::ALL);
                continue;
            }
            let role = Role::ALL.into_iter().find(|role| role.name() == word);
            chosen.push(role.ok_or_else(|| {
                format!("`{word}` is no role: accounts, friends, chat, presence, gateway or all")
            })?);
        }
        if chosen.is_empty() {
            return Err(
                "at least one role is needed: accounts, friends, chat, presence, gateway or all"
                    .to_owned(),
            );
        }
        Ok(Self(
            Role::ALL
                .into_iter()
                .filter(|role| chosen.contains(role))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Result<Roles, String> {
        Roles::try_from(vec![text.to_owned()])
    }

    #[test]
    fn roles_are_read_from_words() {
        assert_eq!(roles("all"), Ok(Roles(Role::ALL.to_vec())));
        assert_eq!(
            roles("gateway, chat"),
            Ok(Roles(vec![Role::Chat, Role::Gateway]))
        );
        assert_eq!(roles("chat,chat"), Ok(Roles(vec![Role::Chat])));
        assert!(roles("chats").is_err() && roles("").is_err());
    }
}
