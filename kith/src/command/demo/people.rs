//! Who lives in the demo.

/// One person.
pub(super) struct Person {
    pub(super) username: &'static str,
    pub(super) display_name: &'static str,
    pub(super) bio: &'static str,
    pub(super) interests: &'static [&'static str],
}

/// A group: its name, its owner and its other members, by place in [`PEOPLE`].
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) members: &'static [usize],
    pub(super) exchanges: usize,
}

const fn person(
    username: &'static str,
    display_name: &'static str,
    bio: &'static str,
    interests: &'static [&'static str],
) -> Person {
    Person {
        username,
        display_name,
        bio,
        interests,
    }
}

/// Those of [`PEOPLE`] who know their neighbours; the rest came later and know a few.
const CORE: usize = 20;

/// Everybody, in an order in which neighbours know each other. Names of several scripts, and interests that more than one has: searching and
/// suggestions have something to find.
pub(super) const PEOPLE: [Person; 28] = [
    person(
        "ada",
        "Ada Lindqvist",
        "Trail runner. Slow but stubborn.",
        &["running", "maps", "rye bread"],
    ),
    person(
        "bilal",
        "Bilal Haddad",
        "Physio by day, drummer by night.",
        &["drums", "recovery", "coffee"],
    ),
    person(
        "chiara",
        "Chiara Moretti",
        "Will bike there.",
        &["cycling", "ceramics"],
    ),
    person(
        "dmitri",
        "Dmitri Volkov",
        "Bouldering, badly.",
        &["climbing", "chess"],
    ),
    person(
        "esther",
        "Esther Okafor",
        "Reads on the tram.",
        &["novels", "trams", "sourdough"],
    ),
    person(
        "farid",
        "Farid Rahimi",
        "Cooking for too many people.",
        &["cooking", "markets"],
    ),
    person(
        "grace",
        "Grace Nakamura",
        "Yoga teacher, cat person.",
        &["yoga", "cats", "tea"],
    ),
    person(
        "hugo",
        "Hugo Almeida",
        "Board games on Thursdays.",
        &["board games", "surf"],
    ),
    person(
        "ines",
        "Inês Carvalho",
        "Architect. Ask me about stairs.",
        &["sketching", "stairs"],
    ),
    person(
        "jonas",
        "Jonas Weber",
        "Half marathon in spring, allegedly.",
        &["running", "podcasts"],
    ),
    person(
        "kavya",
        "Kavya Iyer",
        "Data, dogs, dosa.",
        &["dogs", "statistics", "cricket"],
    ),
    person(
        "liam",
        "Liam O'Brien",
        "Keeper for the Tuesday team.",
        &["football", "stout"],
    ),
    person(
        "mei",
        "林美 Mei Lin",
        "Film photography, mostly fog.",
        &["photography", "hiking"],
    ),
    person(
        "nadia",
        "Nadia Petrova",
        "Swims in cold water on purpose.",
        &["swimming", "sauna"],
    ),
    person(
        "omar",
        "عمر Omar Said",
        "Translator. Three languages before breakfast.",
        &["languages", "oud"],
    ),
    person(
        "priya",
        "Priya Sharma",
        "Strength coach.",
        &["lifting", "meal prep"],
    ),
    person(
        "quentin",
        "Quentin Dubois",
        "I know a place.",
        &["restaurants", "vinyl"],
    ),
    person(
        "rosa",
        "Rosa Jiménez",
        "Growing tomatoes on a balcony.",
        &["plants", "salsa"],
    ),
    person(
        "sven",
        "Sven Halvorsen",
        "Skis until May.",
        &["skiing", "carpentry"],
    ),
    person(
        "tara",
        "Tara Williams",
        "Organises things. Sorry in advance.",
        &["lists", "quizzes"],
    ),
    person(
        "xiaolong",
        "李小龙",
        "Runs up stairs, takes the lift down.",
        &["running", "photography"],
    ),
    person(
        "haruka",
        "佐藤 遥",
        "Paper, scissors, glue.",
        &["ceramics", "tea"],
    ),
    person(
        "layla",
        "ليلى الحداد",
        "Oud and old maps.",
        &["oud", "maps"],
    ),
    person(
        "soren",
        "Søren Kjærgård",
        "Bakes rye bread at night.",
        &["rye bread", "carpentry"],
    ),
    person(
        "zofia",
        "Żofia Łuczak",
        "Climbs anything.",
        &["climbing", "hiking"],
    ),
    person(
        "andreea",
        "Andreea Șerban",
        "Half of every quiz team.",
        &["quizzes", "novels"],
    ),
    person("minsu", "김민수", "Coffee first.", &["coffee", "chess"]),
    person(
        "adaeze",
        "Adaeze Obi",
        "New in town, tell me where to run.",
        &["running", "cooking"],
    ),
];

/// Whom those who came later know, by place in [`PEOPLE`]: mostly friends of others' friends.
const ACQUAINTED: [(usize, usize); 15] = [
    (20, 1),
    (20, 2),
    (20, 3),
    (21, 2),
    (21, 6),
    (22, 14),
    (22, 13),
    (23, 1),
    (23, 18),
    (24, 3),
    (24, 15),
    (25, 19),
    (25, 4),
    (26, 1),
    (26, 3),
];

/// The groups. Owners know everybody whom they add: [`friends`] makes sure of it.
pub(super) const GROUPS: [Group; 6] = [
    Group {
        name: "Sunday long run",
        members: &[0, 1, 2, 3, 9, 13, 15],
        exchanges: 46,
    },
    Group {
        name: "Book club",
        members: &[4, 5, 6, 8, 12, 14],
        exchanges: 38,
    },
    Group {
        name: "Game night",
        members: &[7, 3, 4, 5, 6, 10, 11, 19],
        exchanges: 44,
    },
    Group {
        name: "Climbing Wednesday",
        members: &[3, 0, 1, 2, 15, 18],
        exchanges: 32,
    },
    Group {
        name: "Balcony gardeners",
        members: &[17, 16, 15, 18, 19, 8],
        exchanges: 28,
    },
    Group {
        name: "Tara's birthday 🎉",
        members: &[19, 16, 17, 18, 0, 7, 12, 13, 14],
        exchanges: 30,
    },
];

/// The pairs who are friends: neighbours up to three places away, whoever shares a group with its owner, and later acquaintances.
pub(super) fn friends() -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = (0..CORE)
        .flat_map(|one| (1..=3).map(move |step| ordered(one, (one + step) % CORE)))
        .collect();
    pairs.extend(ACQUAINTED.map(|(one, other)| ordered(one, other)));
    for group in &GROUPS {
        let owner = group.members[0];
        pairs.extend(
            group.members[1..]
                .iter()
                .map(|member| ordered(owner, *member)),
        );
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Requests that wait for an answer: from, to.
pub(super) const PENDING: [(usize, usize, &str); 5] = [
    (10, 0, "We met at the start line on Sunday!"),
    (14, 0, ""),
    (5, 12, "Loved your fog pictures."),
    (11, 16, "You promised me that restaurant list."),
    (2, 8, ""),
];

fn ordered(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_left_to_be_suggested_to_the_first() {
        let friends = friends();
        let knows = |one, other| friends.contains(&ordered(one, other));

        let suggested = (CORE..PEOPLE.len()).filter(|other| {
            let shared = (1..CORE).filter(|friend| knows(0, *friend) && knows(*friend, *other));
            !knows(0, *other) && shared.count() > 0
        });

        assert!(suggested.count() >= 5);
    }

    #[test]
    fn owners_know_whom_they_add_and_pending_ones_are_strangers() {
        let friends = friends();

        for group in &GROUPS {
            for member in &group.members[1..] {
                assert!(
                    friends.contains(&ordered(group.members[0], *member)),
                    "{}",
                    group.name
                );
            }
        }
        for (from, to, _) in PENDING {
            assert!(!friends.contains(&ordered(from, to)), "{from} {to}");
        }
    }
}
