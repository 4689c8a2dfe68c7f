//! What this machine delivers over WebSockets when nothing is stored and nobody is asked: a bare server in a process of its own, the same driver,
//! the same load as the room of 500.

mod one_loop;
mod room;
mod speech;
mod tasks;

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::{
    cost::Parties,
    driver::Visitor,
    findings::{Row, Section},
    load::{Load, Pace, Room},
    workloads::{Bench, QUICK_SEATS, Runs, SEATS},
};

/// Any will do.
const ROOM: &str = "01970000-0000-7000-8000-000000000000";

const THREADS: &str = "bare-server";

/// How the bare server is built.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shape {
    /// A task and a queue for each socket, as in Kith's gateway.
    Tasks,
    /// One thread that reads from everybody, then writes to everybody.
    OneLoop,
}

/// Is the bare server: serves until it is killed.
pub(crate) fn serve(shape: Shape) -> anyhow::Result<()> {
    // Threads of a name of their own: in a profile they are not the driver's.
    let thread = std::thread::Builder::new().name(THREADS.to_owned());
    let serving = thread.spawn(move || match shape {
        Shape::Tasks => tasks::run(),
        Shape::OneLoop => one_loop::run(),
    })?;
    match serving.join() {
        Ok(end) => end,
        Err(_) => bail!("the bare server died"),
    }
}

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let seats = bench.plan.size(SEATS, QUICK_SEATS);
    let tasks = load(bench, Shape::Tasks, seats)?;
    let one_loop = load(bench, Shape::OneLoop, seats)?;
    let [delivered, at_most] =
        [&tasks, &one_loop].map(|runs| runs.median(|outcome| outcome.delivered_per_s));
    bench.findings.set("raw.delivered", delivered);
    bench.findings.set("raw.one_loop", at_most);
    let cost = |runs: &Runs| runs.median(|outcome| outcome.per_delivery_us);
    let mut rows = vec![
        Row::of(
            "deliveries to the others, a task for each socket",
            delivered,
            "/s",
        ),
        Row::of("CPU of that server for each delivery", cost(&tasks), "µs"),
    ];
    rows.extend(tasks.times());
    rows.extend([
        Row::of("deliveries to the others, one loop", at_most, "/s"),
        Row::of(
            "CPU of that server for each delivery",
            cost(&one_loop),
            "µs",
        ),
    ]);
    Ok(Section {
        title: format!("Limit: a bare WebSocket server, one room of {seats}"),
        about: "Each message is numbered, encoded once and queued to everybody; what is queued on a socket leaves in one write. No accounts, no rights, no storage. Built twice: with a task and a queue for each socket, as in Kith's gateway, which is what Kith is compared with; and as one loop that reads from everybody before it writes, which no server that also does something else can be."
            .to_owned(),
        rows,
        tables: vec![tasks.table("A task for each socket"), one_loop.table("One loop")],
        profile: tasks.profile,
        ..Section::default()
    })
}

fn load(bench: &Bench, shape: Shape, seats: usize) -> anyhow::Result<Runs> {
    let server = Server::start(shape)?;
    let visitor = Visitor {
        address: server.address.clone(),
        token: String::new(),
    };
    let room = Room {
        id: ROOM.to_owned(),
        people: vec![visitor; seats],
        head: 0,
    };
    let parties = Parties {
        nodes: vec![server.child.id()],
        redis: None,
    };
    let mut load = Load::connect(&[room], seats, parties)?;
    let name = format!("bare server, {shape:?}");
    Runs::take_without_rows(bench, &name, &mut load, Pace::OwnCopy)
}

/// The server's process.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts this very program as the server; it says where it listens.
    fn start(shape: Shape) -> anyhow::Result<Self> {
        let value = shape
            .to_possible_value()
            .context("a shape without a name")?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["raw-server", value.get_name()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let stdout = child.stdout.take().context("a child without an output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            child,
            address: address.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
