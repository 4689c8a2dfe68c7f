//! Roles in processes of their own, joined over the network: one of two chat nodes may die at any time.

use kith_e2e::{
    Node, Person, Postgres, Redis, Settings, befriend, direct_room, eventually, free_port,
};
use kith_sdk::{outbox::fresh_client_id, rest::MessagePost};

/// Posts in a row after which calls are believed to have left the dead node.
const IN_A_ROW: usize = 10;

/// Where the services of a cluster listen.
struct Plan {
    postgres: String,
    redis: String,
    people: u16,
    chats: [u16; 2],
}

impl Plan {
    fn of(postgres: &Postgres, redis: &Redis) -> Self {
        Self {
            postgres: postgres.url(),
            redis: redis.url(),
            people: free_port(),
            chats: [free_port(), free_port()],
        }
    }

    fn node(&self, roles: &str, internal: u16) -> Settings {
        let people = format!("http://127.0.0.1:{}", self.people);
        let [one, other] = self.chats;
        Settings::default()
            .with_postgres(&self.postgres)
            .with_redis(&self.redis)
            .with("KITH__NODE__ROLES", roles)
            .with(
                "KITH__SERVER__INTERNAL_LISTEN",
                &format!("127.0.0.1:{internal}"),
            )
            .with("KITH__UPSTREAM__ACCOUNTS", &people)
            .with("KITH__UPSTREAM__FRIENDS", &people)
            .with("KITH__UPSTREAM__PRESENCE", &people)
            .with(
                "KITH__UPSTREAM__CHAT",
                &format!("http://127.0.0.1:{one}, http://127.0.0.1:{other}"),
            )
    }
}

#[tokio::test]
async fn either_of_two_chat_nodes_may_die() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let plan = Plan::of(&postgres, &redis);
    let _people = Node::start_with(plan.node("accounts,friends,presence", plan.people)).await;
    let mut one = Node::start_with(plan.node("chat", plan.chats[0])).await;
    let mut other = Node::start_with(plan.node("chat", plan.chats[1])).await;
    let gateway = Node::start_with(plan.node("gateway", free_port())).await;
    let [ann, bob] = Person::sign_up_all(&gateway, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let bobs = bob.device().await;

    for dying in [&mut one, &mut other] {
        dying.kill().await;
        let mut in_a_row = 0;
        let newest = eventually("calls leave the dead node", async || {
            let post = MessagePost {
                client_id: fresh_client_id(),
                text: "is anybody there".to_owned(),
                reply_to: None,
            };
            let posted = ann.api.post_message(room, &post).await.ok();
            in_a_row = posted.as_ref().map_or(0, |_| in_a_row + 1);
            posted.filter(|_| in_a_row >= IN_A_ROW)
        })
        .await
        .message;
        bobs.wait_event(room, newest.seq).await;
        let sent = ann.device().await.send(room, "over the stream").await;
        bobs.wait_event(room, sent.unwrap().message.seq).await;
        let settings = dying.settings().clone();
        *dying = Node::start_with(settings).await;
    }
    bobs.assert_sound();
}
