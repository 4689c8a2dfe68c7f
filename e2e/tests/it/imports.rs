//! `kith import friends`: another product's people and friendships come in, once, and what is wrong with them is told.

use kith_e2e::{Node, Person, direct_room, post};
use kith_sdk::rest::{Credentials, Paging};

/// The bcrypt hash of `U*U`, from the algorithm's own test vectors.
const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }
}

/// The counts of a summary line: new, there already, refused.
fn counts(printed: &str, subject: &str) -> Vec<u64> {
    let line = printed
        .lines()
        .find(|line| line.starts_with(subject))
        .unwrap_or_else(|| panic!("no line about {subject}:\n{printed}"));
    line.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

async fn log_in(node: &Node, username: &str, password: &str) -> Option<Person> {
    let credentials = Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
        device_name: None,
    };
    let session = node.api().login(&credentials).await.ok()?;
    Some(Person {
        api: node.api().with_token(&session.access_token),
        session,
        username: username.to_owned(),
        password: password.to_owned(),
    })
}

#[tokio::test]
async fn people_and_friendships_of_another_product_come_in_once() {
    let node = Node::start().await;
    Person::sign_up(&node, "dora").await;
    let files = Files::new();
    let mut users = format!(
        "id,username,display_name,password_hash\n1,Ann,Ann Lee,{HASH}\n2,ben,,\n3,cat,Cát,\n"
    )
    .into_bytes();
    // Taken, no user name, the same id again, not UTF-8, too long, a hash that nobody can check.
    users.extend_from_slice(b"4,dora,,\n5,no spaces,,\n1,ann2,,\n6,\xff\xfe,,\n");
    users.extend_from_slice(format!("7,eve,{},\n8,fay,,md5:abc\n", "x".repeat(65)).as_bytes());
    let users = files.write("users.csv", &users);
    let links = files.write(
        "links.jsonl",
        b"{\"id\":1,\"friend_id\":2,\"since\":\"2020-02-29T12:00:00Z\"}\n{\"id\":2,\"friend_id\":1}\n\
          {\"id\":1,\"friend_id\":1}\n{\"id\":1,\"friend_id\":99}\n{\"id\":4,\"friend_id\":1}\n\
          {\"type\":\"request\",\"id\":3,\"friend_id\":1,\"note\":\"Remember me?\"}\n",
    );
    let report = files.path("refused.csv");
    let import = ["import", "friends", &users, &links, "--report", &report];

    let tried = node.operate(&[&import[..], &["--dry-run"]].concat()).await;
    let nobody = log_in(&node, "ann", "U*U").await;
    let first = node.operate(&import).await;
    let refused = std::fs::read_to_string(&report).unwrap();
    let second = node.operate(&import).await;

    assert!(nobody.is_none(), "a dry run writes nothing");
    assert_eq!(counts(&tried, "users"), [3, 0, 5]);
    // A dry run judges each row by itself: the friendship with somebody who is refused still counts.
    assert_eq!(counts(&tried, "friendships"), [3, 0, 1]);
    assert_eq!(counts(&first, "users"), [3, 0, 5]);
    assert_eq!(counts(&first, "friendships"), [1, 1, 2]);
    assert_eq!(counts(&first, "requests"), [1, 0, 0]);
    assert_eq!(counts(&second, "users"), [0, 3, 5]);
    assert_eq!(counts(&second, "friendships"), [0, 2, 2]);
    assert_eq!(counts(&second, "requests"), [0, 1, 0]);
    let mut flaws: Vec<(&str, &str, &str)> = refused
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let file = if cells[0].contains("users") {
                "users"
            } else {
                "links"
            };
            assert!(!line.contains("no spaces"), "nothing is echoed");
            (file, cells[1], cells[3])
        })
        .collect();
    flaws.sort_unstable();
    assert_eq!(
        flaws,
        [
            ("links", "3", "cannot_target_self"),
            ("links", "4", "not_found"),
            ("links", "5", "not_found"),
            ("users", "10", "invalid"),
            ("users", "5", "username_taken"),
            ("users", "6", "invalid"),
            ("users", "7", "duplicate"),
            ("users", "8", "invalid"),
            ("users", "9", "too_long"),
        ]
    );

    let ann = log_in(&node, "ann", "U*U")
        .await
        .expect("with the old password");
    assert!(
        log_in(&node, "ben", "!").await.is_none(),
        "he has no password yet"
    );
    let password = node.operate(&["user", "password", "ben"]).await;
    let ben = log_in(&node, "ben", password.trim()).await.unwrap();
    let friends = ann.api.friends(None, &Paging::default()).await.unwrap();
    assert_eq!(friends.items[0].user.id, ben.id());
    assert_eq!(friends.items[0].user.friends_count, 1);
    assert!(
        friends.items[0]
            .since_at
            .to_string()
            .starts_with("2020-02-29")
    );
    let asked = ann
        .api
        .friend_requests(None, &Paging::default())
        .await
        .unwrap()
        .items;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (
            asked[0].user.display_name.as_str(),
            asked[0].note.as_deref()
        ),
        ("Cát", Some("Remember me?"))
    );
    let room = direct_room(&ann, &ben).await;
    post(&ben, room.id, "here we are again").await;
    let names: Vec<_> = room
        .participants
        .iter()
        .map(|participant| participant.user.username.as_str())
        .collect();
    assert!(
        names.contains(&"ann") && names.contains(&"ben"),
        "{names:?}"
    );
}
