//! A bot that answers what it is told. It may be killed at any time: it goes on where it was, and no answer is given twice.
//!
//! `cargo run -p kith-sdk --example echo -- http://127.0.0.1:8080 USERNAME PASSWORD`

use kith_sdk::{
    client::{Client, StartError, Update},
    rest::{Api, Credentials},
    store::FileStore,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, username, password] = &arguments[..] else {
        return Err("usage: echo SERVER USERNAME PASSWORD".into());
    };
    let servers = [Api::new(base)?];
    let store = FileStore::new(format!("{username}.json"));
    let (client, mut updates) = match Client::restore(&servers, store.clone()).await {
        Err(StartError::NobodyLoggedIn) => {
            let credentials = Credentials {
                username: username.clone(),
                password: password.clone(),
                device_name: Some("echo".to_owned()),
            };
            let session = servers[0].login(&credentials).await?;
            Client::sign_in(&servers, &session, store).await?
        }
        started => started?,
    };
    while let Some(update) = updates.next().await {
        let Update::Event(event) = update else {
            continue;
        };
        if let Some(message) = event.message()
            && message.sender_id != client.user()
            && let Some(text) = message.text
        {
            let answer = format!("You said: {text}");
            client.reply(message.room_id, answer, message.id).await?;
        }
    }
    Err(format!("the device has ended: {:?}", client.ended().await).into())
}
