//! The embedded database: made, guarded, recovered, kept alive.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kith::embedded::{self, ADMIN, AbortHandle, Access, DataFolder, Error, SERVICES, role_of};
use kith_runtime::{Shutdown, Tasks};
use kith_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use std::time::Duration;

/// A running embedded database.
struct Running {
    access: Access,
    tasks: Tasks,
    stop: Shutdown,
    folder: Option<DataFolder>,
}

impl Running {
    async fn start(path: &Path) -> Self {
        let folder = DataFolder::open(path).unwrap();
        let stop = Shutdown::new();
        let (access, supervisor) =
            embedded::start(&folder, None, stop.clone(), AbortHandle::default())
                .await
                .unwrap();
        let tasks = Tasks::new(stop.clone());
        tasks.critical("embedded database", supervisor.run());
        Self {
            access,
            tasks,
            stop,
            folder: Some(folder),
        }
    }

    async fn stop(mut self) {
        self.stop.signal();
        assert!(self.tasks.finish(Duration::from_secs(20)).await);
        drop(self.folder.take());
    }

    async fn admin(&self) -> PgConnection {
        self.access.options(ADMIN).connect().await.unwrap()
    }
}

/// A node that was killed: its lock is gone, its server is not.
async fn start_and_abandon(path: &Path) {
    let folder = DataFolder::open(path).unwrap();
    let (access, supervisor) =
        embedded::start(&folder, None, Shutdown::new(), AbortHandle::default())
            .await
            .unwrap();
    let mut admin = access.options(ADMIN).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE public.kept (n integer); INSERT INTO public.kept VALUES (7)")
        .execute(&mut admin)
        .await
        .unwrap();
    drop(supervisor);
}

fn server_pid(path: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(path.join("postgres/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

async fn text(connection: &mut PgConnection, setting: &'static str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)")
        .bind(setting)
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn kept(running: &Running) -> i32 {
    sqlx::query_scalar("SELECT n FROM public.kept")
        .fetch_one(&mut running.admin().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_new_folder_gets_a_durable_private_database() {
    let home = tempfile::tempdir().unwrap();

    let running = Running::start(home.path()).await;

    let mut admin = running.admin().await;
    for (setting, value) in [
        ("server_encoding", "UTF8"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("log_error_verbosity", "terse"),
    ] {
        assert_eq!(text(&mut admin, setting).await, value, "{setting}");
    }
    let locale: String =
        sqlx::query_scalar("SELECT datctype FROM pg_database WHERE datname = 'kith'")
            .fetch_one(&mut admin)
            .await
            .unwrap();
    assert_eq!(locale, "C.UTF-8");
    running.stop().await;
    assert_eq!(server_pid(home.path()), None);
}

#[tokio::test]
async fn a_second_node_on_the_folder_is_refused_until_the_first_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let first = DataFolder::open(home.path()).unwrap();

    let refused = DataFolder::open(home.path());

    let message = refused.unwrap_err().to_string();
    assert!(
        message.contains(&format!("process {}", std::process::id())),
        "{message}"
    );
    drop(first);
    DataFolder::open(home.path()).unwrap();
}

#[tokio::test]
async fn a_service_reaches_its_own_schema_only() {
    let home = tempfile::tempdir().unwrap();
    let running = Running::start(home.path()).await;
    for service in SERVICES {
        let mut own = running
            .access
            .options(&role_of(service))
            .connect()
            .await
            .unwrap();
        let table = format!("CREATE TABLE {service}.things (id integer)");
        sqlx::query(sqlx::AssertSqlSafe(table))
            .execute(&mut own)
            .await
            .unwrap();
    }

    let mut chat = running
        .access
        .options(&role_of("chat"))
        .connect()
        .await
        .unwrap();

    for foreign in ["accounts", "friends"] {
        let query = format!("SELECT * FROM {foreign}.things");
        let error = sqlx::query(sqlx::AssertSqlSafe(query))
            .execute(&mut chat)
            .await
            .unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().code().unwrap(),
            "42501",
            "{foreign}"
        );
    }
    sqlx::query("SELECT * FROM chat.things")
        .execute(&mut chat)
        .await
        .unwrap();
    running.stop().await;
}

#[tokio::test]
async fn the_database_of_a_killed_node_is_taken_over_with_all_its_data() {
    let home = tempfile::tempdir().unwrap();
    start_and_abandon(home.path()).await;
    let orphan = server_pid(home.path()).unwrap();

    let running = Running::start(home.path()).await;

    assert_ne!(server_pid(home.path()), Some(orphan));
    assert_eq!(kept(&running).await, 7);
    running.stop().await;
}

#[tokio::test]
async fn a_database_that_was_killed_with_its_node_recovers() {
    let home = tempfile::tempdir().unwrap();
    start_and_abandon(home.path()).await;
    kill_process(server_pid(home.path()).unwrap(), Signal::KILL).unwrap();

    let running = Running::start(home.path()).await;

    assert_eq!(kept(&running).await, 7);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_killed_alone_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let running = Running::start(home.path()).await;
    let first = server_pid(home.path()).unwrap();

    kill_process(first, Signal::KILL).unwrap();

    let (access, path) = (&running.access, home.path());
    eventually("the server answers again", || async move {
        let mut connection = access.options(ADMIN).connect().await.ok()?;
        connection.ping().await.ok()?;
        (server_pid(path) != Some(first)).then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_lock_that_names_another_process_does_not_stop_the_start() {
    let home = tempfile::tempdir().unwrap();
    Running::start(home.path()).await.stop().await;
    // A process of the same user that is no PostgreSQL, as after a container's restart.
    let lock = format!("{}\n/elsewhere\n1\n5432\n.\n\n  1 1\n", std::process::id());
    std::fs::write(home.path().join("postgres/postmaster.pid"), lock).unwrap();

    let running = Running::start(home.path()).await;

    running.stop().await;
}

#[tokio::test]
async fn a_database_left_half_made_is_made_again() {
    let home = tempfile::tempdir().unwrap();
    let half = home.path().join("postgres.new");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("PG_VERSION"), "15").unwrap();

    let running = Running::start(home.path()).await;

    assert!(!half.exists());
    running.stop().await;
}

#[tokio::test]
async fn a_long_path_through_a_closed_folder_works() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
    let deep: PathBuf = home
        .path()
        .join("a-folder-with-a-long-name".repeat(5))
        .join("data folder & more");

    let running = Running::start(&deep).await;

    let url = running.access.url(&role_of("chat"));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.ping().await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn only_the_user_of_the_node_may_connect() {
    let home = tempfile::tempdir().unwrap();
    let running = Running::start(home.path()).await;
    let mut admin = running.admin().await;

    let rules: Vec<(String, String)> =
        sqlx::query_as("SELECT type, auth_method FROM pg_hba_file_rules")
            .fetch_all(&mut admin)
            .await
            .unwrap();

    assert_eq!(rules, [("local".to_owned(), "peer".to_owned())]);
    let mode = std::fs::metadata(home.path().join("postgres"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    if rustix::process::geteuid().is_root() {
        assert_eq!(text(&mut admin, "is_superuser").await, "on");
        assert!(!nobody_gets_in(home.path()));
    }
    running.stop().await;
}

/// Whether another user of the machine gets an answer, although the way to the database's folder is open.
fn nobody_gets_in(folder: &Path) -> bool {
    use std::os::unix::process::CommandExt as _;
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let mut psql = std::process::Command::new("psql");
    psql.arg("-h")
        .arg(folder.join("postgres"))
        .args(["-U", ADMIN, "kith", "-c", "SELECT 1"]);
    psql.current_dir("/").uid(65534).gid(65534);
    psql.output().unwrap().status.success()
}

#[tokio::test]
async fn a_folder_of_another_major_version_is_refused_with_both_versions() {
    let home = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(home.path()).unwrap();
    std::fs::create_dir(folder.database()).unwrap();
    std::fs::write(folder.database().join("PG_VERSION"), "12\n").unwrap();

    let refused = embedded::start(&folder, None, Shutdown::new(), AbortHandle::default()).await;

    assert!(matches!(
        refused,
        Err(Error::OtherVersion { wanted: 12, .. })
    ));
}
