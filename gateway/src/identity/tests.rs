//! Tokens and their ends.

use std::time::Duration;

use kith_api::accounts::v1::{
    GetPublicKeysResponse, Revocation, RevocationCause, WatchRevocationsResponse,
};

use super::*;
use crate::testing::{ANN, BOB, Bed, SESSION};

const KEYS: &str = "accounts.v1.AccountsService/GetPublicKeys";
const WATCH: &str = "accounts.v1.AccountsService/WatchRevocations";

#[tokio::test]
async fn a_token_names_its_user_session_and_end() {
    let bed = Bed::new().await;

    let verified = bed.state.identity.verify(&bed.token()).await.unwrap();

    assert_eq!(verified.user_id.to_string(), ANN);
    assert_eq!(verified.session_id.to_string(), SESSION);
    let lives = verified.expires_at - bed.clock.now();
    assert_eq!(lives.num_seconds(), 900);
}

#[tokio::test]
async fn without_keys_nobody_is_judged() {
    let bed = Bed::new().await;
    let token = bed.token();
    let away = Failure::unavailable(Duration::from_secs(1));
    bed.services.fail(KEYS, away);

    let first = bed.state.identity.verify(&token).await.unwrap_err();
    let second = bed.state.identity.verify(&token).await.unwrap_err();

    assert_eq!(first.reason, Reason::Unavailable);
    assert_eq!(second.reason, Reason::Unavailable);
    assert_eq!(bed.services.count(KEYS), 1, "asked at most once a second");
}

#[tokio::test]
async fn made_up_keys_do_not_become_load() {
    let bed = Bed::new().await;
    bed.services
        .answer(KEYS, &GetPublicKeysResponse { keys: Vec::new() });
    let token = bed.token();

    let asked = (0..20).map(|_| bed.state.identity.verify(&token));
    let answers = futures::future::join_all(asked).await;

    for answer in answers {
        assert_eq!(answer.unwrap_err().reason, Reason::Unauthenticated);
    }
    assert_eq!(bed.services.count(KEYS), 1);
}

#[tokio::test]
async fn the_ended_sessions_of_other_nodes_are_learned_and_announced() {
    let bed = Bed::new().await;
    let mut news = bed.state.identity.subscribe();
    let ended = |position, session_id: &str, cause: RevocationCause| Revocation {
        position,
        user_id: ANN.to_owned(),
        session_id: session_id.to_owned(),
        cause: cause.into(),
        revoke_time: None,
    };
    bed.services.answer(
        WATCH,
        &WatchRevocationsResponse {
            revocations: vec![
                ended(4, SESSION, RevocationCause::Ended),
                ended(7, BOB, RevocationCause::AccountDisabled),
            ],
        },
    );

    bed.state.identity.start(&bed.state.tasks);

    let (first, second) = (news.recv().await.unwrap(), news.recv().await.unwrap());
    assert_eq!(
        (first.session_id.to_string().as_str(), first.cause),
        (SESSION, Cause::Ended)
    );
    assert_eq!(second.cause, Cause::AccountDisabled);
    assert!(bed.state.identity.revocation(first.session_id).is_some());
    let refused = bed.state.identity.verify(&bed.token()).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Unauthenticated);
    // The stream of the test ends at once; it is opened again where it ended, and nothing is announced twice.
    let resumed = async {
        loop {
            let calls = bed
                .services
                .calls::<kith_api::accounts::v1::WatchRevocationsRequest>(WATCH);
            if let Some((_, call)) = calls.get(1) {
                return call.after_position;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let position = tokio::time::timeout(Duration::from_secs(5), resumed).await;
    assert_eq!(position.unwrap(), 7);
    assert!(news.try_recv().is_err());
    bed.state.tasks.shutdown().signal();
}

#[tokio::test]
async fn an_ended_session_is_forgotten_when_no_token_of_it_can_live() {
    let bed = Bed::new().await;
    let user = ANN.parse().unwrap();
    let old: SessionId = SESSION.parse().unwrap();
    bed.state.identity.revoke_locally(user, &[old]);
    bed.clock.advance(chrono::TimeDelta::hours(3));

    for _ in 0..100 {
        let fresh = bed.clock.new_id().into();
        bed.state.identity.revoke_locally(user, &[fresh]);
    }

    assert!(bed.state.identity.revocation(old).is_none());
}

#[tokio::test]
async fn a_service_key_is_believed_for_a_moment() {
    let bed = Bed::new().await;
    let method = "accounts.v1.AccountsService/VerifyServiceKey";
    let identity = &bed.state.identity;

    for _ in 0..3 {
        let name = identity.verify_service_key("kith_sk_test").await;
        assert_eq!(name.unwrap(), "trainer");
    }
    let unknown = identity.verify_service_key("kith_sk_no").await.unwrap_err();

    assert_eq!(bed.services.count(method), 2);
    assert_eq!(unknown.reason, Reason::Unauthenticated);
    assert!(!identity.remembers_service_key("kith_sk_no"));
}
