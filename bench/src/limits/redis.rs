//! What a Redis of its own publishes: 200 bytes, one channel, by `redis-benchmark` on the same processors, with as many subscribers as there would
//! be nodes.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use kith_e2e::{Redis, installed};

use crate::{
    findings::{Bar, Kind, Plot, Row, Section, Table},
    numbers::figure,
    workloads::{Bench, say},
};

const CHANNEL: &str = "bench";
const CLIENTS: &str = "32";
const BYTES: usize = 200;
/// Subscribers, publishes under way on each connection, and how many publishes that takes some seconds.
const FORMS: [(usize, u32, u32); 4] = [
    (0, 1, 300_000),
    (0, 16, 3_000_000),
    (2, 1, 300_000),
    (2, 16, 2_000_000),
];

pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let redis = Redis::start().await;
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    for (subscribers, pipeline, count) in FORMS {
        let count = if bench.plan.quick { count / 20 } else { count };
        let listening: Vec<Subscriber> = (0..subscribers)
            .map(|_| Subscriber::begin(redis.address()))
            .collect::<anyhow::Result<_>>()?;
        let rate = publish(redis.address(), pipeline, count)?;
        drop(listening);
        bench
            .findings
            .set(&format!("redis.{subscribers}.{pipeline}"), rate);
        let name = format!("{subscribers} subscribers, {pipeline} under way on a connection");
        say(&format!("{name}: {} publishes/s", figure(rate)));
        rows.push(vec![
            subscribers.to_string(),
            pipeline.to_string(),
            figure(rate),
        ]);
        bars.push(Bar::of(name, Kind::Redis, rate));
    }
    Ok(Section {
        title: "Limit: Redis publish".to_owned(),
        about: "redis-benchmark, 32 connections, no persistence.".to_owned(),
        rows: bench
            .findings
            .base("redis.2.16")
            .map(|rate| Row::of("publishes with two subscribers, pipelined", rate, "/s"))
            .into_iter()
            .collect(),
        tables: vec![Table {
            title: "Publishes a second".to_owned(),
            head: ["subscribers", "under way on a connection", "publishes/s"]
                .map(str::to_owned)
                .to_vec(),
            rows,
        }],
        plots: vec![Plot::Bars {
            title: "Publishes a second".to_owned(),
            unit: "publishes/s".to_owned(),
            bars,
        }],
        ..Section::default()
    })
}

fn publish(address: SocketAddr, pipeline: u32, count: u32) -> anyhow::Result<f64> {
    let output = Command::new(installed("redis-benchmark"))
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &address.port().to_string(),
            "-c",
            CLIENTS,
        ])
        .args([
            "-P",
            &pipeline.to_string(),
            "-n",
            &count.to_string(),
            "--csv",
        ])
        .args(["PUBLISH", CHANNEL, &"x".repeat(BYTES)])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("running redis-benchmark")?;
    ensure!(
        output.status.success(),
        "redis-benchmark: {}",
        output.status
    );
    let text = String::from_utf8(output.stdout)?;
    // A head, then a line whose second column is the rate, in quotes.
    let line = text
        .lines()
        .last()
        .context("redis-benchmark printed nothing")?;
    let rate = line
        .split("\",\"")
        .nth(1)
        .context("redis-benchmark printed no rate")?;
    Ok(rate.parse()?)
}

/// Reads and forgets; ends with the value.
struct Subscriber {
    stream: TcpStream,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Subscriber {
    fn begin(address: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(format!("SUBSCRIBE {CHANNEL}\r\n").as_bytes())?;
        let mut buffer = vec![0; 256 * 1024];
        ensure!(stream.read(&mut buffer)? > 0, "Redis let nobody subscribe");
        let mut reading = stream.try_clone()?;
        let thread =
            std::thread::spawn(
                move || {
                    while reading.read(&mut buffer).is_ok_and(|count| count > 0) {}
                },
            );
        Ok(Self {
            stream,
            thread: Some(thread),
        })
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // Ends the read of its thread.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
