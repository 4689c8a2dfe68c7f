//! Can a stopwatch tell an unknown user from a wrong password? Logs in with both in turn, on the real binary, and prints
//! the two medians. `KITH_BIN=target/release/kith cargo run -p kith-e2e --example measure_login -- 300`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be taken ends with a panic, and its result is for people"
)]

use std::time::{Duration, Instant};

use kith_e2e::{Node, Person};
use kith_sdk::rest::Credentials;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds = std::env::args()
        .nth(1)
        .map_or(300, |it| it.parse().unwrap());
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let api = node.api();
    let names = [ann.username.as_str(), "nobody.here"];
    let mut times = [const { Vec::new() }; 2];

    for round in 0..rounds + 10 {
        // In changing order, so that neither always comes after the other.
        for index in [round % 2, (round + 1) % 2] {
            let credentials = Credentials {
                username: names[index].to_owned(),
                password: "not the password".to_owned(),
                device_name: None,
            };
            let start = Instant::now();
            api.login(&credentials).await.unwrap_err();
            // The first ones warm the connections up.
            if round >= 10 {
                times[index].push(start.elapsed());
            }
        }
    }

    let [known, unknown] = times.map(median);
    let ratio = unknown.as_secs_f64() / known.as_secs_f64();
    println!("{rounds} each: wrong password {known:?}, unknown user {unknown:?}, ratio {ratio:.4}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
