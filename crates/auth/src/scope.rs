//! What a service key opens. One table from the words of `kith key create --scope` to the gRPC services behind them.

/// One of the things that a service key may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything below.
    All,
    /// The REST calls, on behalf of the people it names.
    Rest,
    /// Users.
    Accounts,
    /// The graph, blocks, privacy, contacts.
    Friends,
    /// Rooms and messages.
    Chat,
    /// Who is here.
    Presence,
    /// The durable feed.
    Feed,
    /// Rooms as they are, live.
    Live,
    /// Bringing people and friendships from elsewhere.
    Import,
}

/// What one key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scope {
    /// Every scope.
    pub const EVERY: [Self; 9] = [
        Self::All,
        Self::Rest,
        Self::Accounts,
        Self::Friends,
        Self::Chat,
        Self::Presence,
        Self::Feed,
        Self::Live,
        Self::Import,
    ];

    /// The word that operators write and accounts keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Rest => "rest",
            Self::Accounts => "accounts",
            Self::Friends => "friends",
            Self::Chat => "chat",
            Self::Presence => "presence",
            Self::Feed => "feed",
            Self::Live => "live",
            Self::Import => "import",
        }
    }

    /// The scope with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|scope| scope.word() == word)
    }

    /// What a gRPC path (`/package.Service/Method`) takes. A service that is not in the table takes everything.
    pub fn of_path(path: &str) -> Self {
        let service = path.trim_start_matches('/').split('/').next();
        match service.and_then(|name| name.strip_prefix("kith.")) {
            Some("chat.v1.FeedService") => Self::Feed,
            Some("chat.v1.RoomService") => Self::Live,
            Some("accounts.v1.UserImportService" | "friends.v1.GraphImportService") => Self::Import,
            Some(name) if name.starts_with("accounts.") => Self::Accounts,
            Some(name) if name.starts_with("friends.") => Self::Friends,
            Some(name) if name.starts_with("chat.") => Self::Chat,
            Some(name) if name.starts_with("presence.") => Self::Presence,
            _ => Self::All,
        }
    }
}

impl Scopes {
    /// Reads words. None: everything, as keys had before there were scopes. A word of a newer release opens nothing here.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Self {
        if words.is_empty() {
            return Self(vec![Scope::All]);
        }
        let known = words
            .iter()
            .filter_map(|word| Scope::from_word(word.as_ref()));
        Self(known.collect())
    }

    /// Whether this is among them.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&Scope::All) || self.0.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_takes_the_scope_of_its_service() {
        for (path, scope) in [
            ("/kith.chat.v1.FeedService/Consume", Scope::Feed),
            ("/kith.chat.v1.RoomService/WatchRooms", Scope::Live),
            ("/kith.chat.v1.ChatService/SendMessage", Scope::Chat),
            (
                "/kith.accounts.v1.AccountsService/GetUsers",
                Scope::Accounts,
            ),
            (
                "/kith.accounts.v1.UserImportService/ImportUsers",
                Scope::Import,
            ),
            (
                "/kith.friends.v1.ContactService/MatchContacts",
                Scope::Friends,
            ),
            ("/grpc.health.v1.Health/Check", Scope::All),
            ("", Scope::All),
        ] {
            assert_eq!(Scope::of_path(path), scope, "{path}");
        }
    }

    #[test]
    fn a_key_opens_what_it_names_and_nothing_it_does_not_know() {
        let feed = Scopes::from_words(&["feed", "of-tomorrow"]);

        assert!(feed.allow(Scope::Feed));
        assert!(!feed.allow(Scope::Chat) && !feed.allow(Scope::All));
        assert!(Scopes::from_words(&["all"]).allow(Scope::Import));
        assert!(Scopes::from_words::<&str>(&[]).allow(Scope::Rest));
        assert!(!Scopes::from_words(&["of-tomorrow"]).allow(Scope::Rest));
    }

    #[test]
    fn every_scope_is_known_by_its_word() {
        for scope in Scope::EVERY {
            assert_eq!(Scope::from_word(scope.word()), Some(scope));
        }
    }
}
