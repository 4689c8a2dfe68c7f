//! A node as its operator sees it: started, asked, ended, killed.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use kith_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process};

use crate::running::{Kith, http, login, printed, register, run};

fn server_pid(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

#[tokio::test]
async fn one_command_starts_everything_and_sigterm_ends_it_with_nothing_lost() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut node = Kith::start(&data);
    assert_eq!(node.call("GET", "/readyz", "").0, 200);
    assert_eq!(register(&node, "ada").0, 201);

    let asked = Instant::now();
    let status = node.stop();

    assert!(status.success(), "{status}: {}", node.log());
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert!(!data.join("postgres/postmaster.pid").exists() && !data.join("internal.addr").exists());
    let again = Kith::start(&data);
    assert_eq!(login(&again, "ada").0, 200);
}

#[tokio::test]
async fn the_internal_port_gives_metrics_and_the_public_one_does_not() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let node = Kith::start(&data);
    register(&node, "ada");

    let (status, metrics) = http(&node.internal_address(), "GET", "/metrics", "");

    assert_eq!(status, 200);
    assert!(metrics.contains("kith_rpc_total"), "{metrics}");
    assert_eq!(node.call("GET", "/metrics", "").0, 404);
    let mode = std::fs::metadata(data.join("internal.addr"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_second_node_on_the_same_folder_is_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let first = Kith::start(&data);

    let second = run(&data, &["--listen", "127.0.0.1:0"], &[]);

    assert_eq!(second.status.code(), Some(1));
    assert!(
        printed(&second).contains("is in use by another kith"),
        "{}",
        printed(&second)
    );
    assert_eq!(first.call("GET", "/readyz", "").0, 200);
}

#[tokio::test]
async fn a_killed_node_is_followed_by_one_that_has_everything() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut node = Kith::start(&data);
    assert_eq!(register(&node, "ada").0, 201);

    node.signal(Signal::KILL);
    node.ended();

    let next = Kith::start(&data);
    assert_eq!(login(&next, "ada").0, 200);
}

#[tokio::test]
async fn a_database_that_dies_makes_503_and_the_node_heals_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let node = Kith::start(&data);
    register(&node, "ada");
    let first = server_pid(&data).unwrap();

    kill_process(first, Signal::KILL).unwrap();
    let (status, body) = login(&node, "ada");

    assert!(status == 503 || status == 200, "{status} {body}");
    let (node, data) = (&node, &data);
    eventually("log-ins work again, on a new server", || async move {
        (login(node, "ada").0 == 200 && server_pid(data) != Some(first)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_second_signal_ends_a_node_that_is_still_draining() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut node = Kith::start(&data);
    // Half a request keeps the drain waiting.
    let mut half = TcpStream::connect(&node.address).unwrap();
    half.write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{").unwrap();
    node.signal(Signal::TERM);
    eventually("the drain has begun", || async {
        node.log().contains("\"ending\"").then_some(())
    })
    .await;

    let asked = Instant::now();
    node.signal(Signal::TERM);
    let status = node.ended();

    assert_eq!(status.code(), Some(130), "{}", node.log());
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn limits_can_be_turned_off_on_loopback_only() {
    let home = tempfile::tempdir().unwrap();

    let refused = run(
        home.path(),
        &["--listen", "0.0.0.0:0"],
        &[("KITH__LIMITS__ENABLED", "false")],
    );

    assert_eq!(refused.status.code(), Some(1));
    assert!(
        printed(&refused).contains("limits.enabled"),
        "{}",
        printed(&refused)
    );
    let check = ["config", "check", "--listen", "127.0.0.1:0"];
    assert!(
        run(home.path(), &check, &[("KITH__LIMITS__ENABLED", "false")])
            .status
            .success()
    );
}

#[tokio::test]
async fn a_node_has_as_many_worker_threads_as_it_is_told() {
    let home = tempfile::tempdir().unwrap();
    let variable = [("KITH__SERVER__WORKER_THREADS", "100")];

    let node = Kith::start_with(&home.path().join("data"), &variable);

    // Those that block are sixteen at most.
    assert!(node.threads() >= 100, "{}", node.threads());
}

#[tokio::test]
async fn config_check_names_every_problem_and_shows_no_secret() {
    let home = tempfile::tempdir().unwrap();
    let bad = [
        ("KITH__SERVER__LISTEN", "nowhere"),
        ("KITH__CHAT__LANES", "0"),
        ("KITH__NODE__COLOUR", "red"),
    ];

    let refused = run(home.path(), &["config", "check"], &bad);
    let unfit = [
        ("KITH__LIMITS__MESSAGES_PER_USER", "0"),
        ("KITH__SERVER__WORKER_THREADS", "0"),
        ("KITH__TELEMETRY__LOG", "((("),
    ];
    let senseless = run(home.path(), &["config", "check"], &unfit);
    let shown = run(
        home.path(),
        &["config", "check"],
        &[("KITH__DATABASE__URL", "postgres://kith:hunter2@db/kith")],
    );

    let senseless_keys = [
        "limits.messages_per_user",
        "server.worker_threads",
        "telemetry.log",
    ];
    for (answer, keys) in [
        (&refused, &["server.listen", "node.colour"][..]),
        (&senseless, &senseless_keys[..]),
    ] {
        assert_eq!(answer.status.code(), Some(1));
        for key in keys {
            assert!(printed(answer).contains(key), "{key}: {}", printed(answer));
        }
    }
    assert!(
        shown.status.success() && !printed(&shown).contains("hunter2"),
        "{}",
        printed(&shown)
    );
}

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_here_and_a_taken_port_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let well = run(home.path(), &["doctor", "--listen", "127.0.0.1:0"], &[]);
    let ill = run(
        home.path(),
        &["doctor", "--listen", &address],
        &[("KITH__REDIS__URL", "redis://127.0.0.1:1")],
    );

    assert!(well.status.success(), "{}", printed(&well));
    assert_eq!(ill.status.code(), Some(1));
    assert!(
        printed(&ill).contains(&format!("{address} cannot be listened on")),
        "{}",
        printed(&ill)
    );
    assert!(
        printed(&ill).contains("redis://127.0.0.1:1"),
        "{}",
        printed(&ill)
    );
}
