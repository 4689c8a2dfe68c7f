use std::io;

use uuid::Uuid;

use super::*;
use crate::{device::Device, outbox::Pending};

fn stored() -> Stored {
    let mut device = Device::default();
    let pending = Pending {
        client_id: "c1".to_owned(),
        room_id: Uuid::from_u128(7),
        text: "hello".to_owned(),
        reply_to: None,
    };
    device.say(pending, &mut Vec::new());
    device.track(Uuid::from_u128(7), 12, &mut Vec::new());
    Stored {
        login: Some(Login {
            user: Uuid::from_u128(1),
            access_token: "secret".to_owned(),
            refresh_token: Some("more secret".to_owned()),
            attempt: None,
        }),
        device: device.saved(),
    }
}

async fn keeps_what_it_is_given(mut store: impl Store, mut reopened: impl Store) {
    assert_eq!(store.load().await.unwrap(), Stored::default());

    store.save(&Stored::default(), &[]).await.unwrap();
    store.save(&stored(), &[]).await.unwrap();

    assert_eq!(reopened.load().await.unwrap(), stored());
}

#[tokio::test]
async fn a_memory_keeps_what_it_is_given() {
    let store = MemoryStore::default();

    keeps_what_it_is_given(store.clone(), store).await;
}

#[tokio::test]
async fn a_file_keeps_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.json");

    keeps_what_it_is_given(FileStore::new(&path), FileStore::new(&path)).await;
}

#[tokio::test]
async fn a_save_that_was_cut_short_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.json");
    let mut store = FileStore::new(&path);
    store.save(&stored(), &[]).await.unwrap();

    // What a crash in the middle of the next save leaves.
    std::fs::write(store_beside(&path), b"{\"login\":nu").unwrap();

    assert_eq!(FileStore::new(&path).load().await.unwrap(), stored());
    store.save(&Stored::default(), &[]).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Stored::default());
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.json");
    std::fs::write(&path, b"a letter").unwrap();

    let outcome = FileStore::new(&path).load().await;

    assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(std::fs::read(&path).unwrap(), b"a letter");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device.json");

    FileStore::new(&path).save(&stored(), &[]).await.unwrap();

    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn tokens_do_not_print() {
    assert!(!format!("{:?}", stored()).contains("secret"));
}

fn store_beside(path: &std::path::Path) -> std::path::PathBuf {
    path.with_extension("json.new")
}
