//! Keeping a gateway's lease: what its gateway tells, and when what follows from it is written. One task per gateway stream.

mod lease;
mod members;

use std::time::Instant;

use kith_error::Fault as _;
use kith_ids::UserId;
use tokio::{
    sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender},
    time::sleep_until,
};

use self::lease::Lease;
use super::App;
use crate::{
    board::{KeeperOrder, StreamId, Told, WatcherId},
    domain::{roster::LeaseId, wish::WishChange},
    error::Error,
};

/// What a gateway tells.
#[derive(Debug)]
pub(crate) enum Report {
    Connect {
        socket: u64,
        user: UserId,
    },
    Disconnect {
        socket: u64,
    },
    Watch {
        request: u64,
        socket: u64,
        users: Vec<UserId>,
    },
    SetStatus {
        request: u64,
        socket: u64,
        change: WishChange,
    },
    /// Something that could not be read.
    Refused {
        request: u64,
        error: Error,
    },
    Beat,
}

/// The keeper of one lease.
struct Keeper {
    app: App,
    stream: StreamId,
    lease: Lease,
    /// When the last ones were written: what comes after a quiet moment is written at once.
    written_at: Option<Instant>,
    /// When comings and goings are written.
    write_at: Option<Instant>,
    /// When the gateway counts as dead.
    deadline: Instant,
    statuses: UnboundedSender<(u64, UserId, WishChange)>,
}

impl App {
    /// Keeps a lease for a gateway until its reports end or it is silent for too long.
    pub(crate) async fn keep_lease(
        self,
        stream: StreamId,
        lease: LeaseId,
        mut reports: Receiver<Report>,
        mut orders: UnboundedReceiver<KeeperOrder>,
    ) {
        let (statuses, waiting) = mpsc::unbounded_channel();
        let worker = self.clone();
        self.tasks.spawn("presence.set_statuses", async move {
            worker.set_statuses(stream, waiting).await;
        });
        let board = self.board.clone();
        let mut keeper = Keeper {
            lease: Lease::new(self.clone(), lease),
            written_at: None,
            write_at: None,
            deadline: Instant::now() + self.config.lease,
            app: self,
            stream,
            statuses,
        };
        keeper.beat().await;
        loop {
            let write_at = keeper.write_at;
            tokio::select! {
                // What is due comes first: whoever looks next shall see it.
                biased;
                () = sleep_until(write_at.unwrap_or(keeper.deadline).into()), if write_at.is_some() => keeper.write().await,
                report = reports.recv() => match report {
                    Some(report) => keeper.take(report).await,
                    None => break,
                },
                Some(KeeperOrder::Restate(user)) = orders.recv() => keeper.restate(user),
                () = sleep_until(keeper.deadline.into()) => {
                    tracing::warn!(lease = %lease.0, "a gateway is silent; its lease is not renewed any more");
                    break;
                }
            }
        }
        board.close_stream(stream);
    }

    /// Writes choices one after the other, so that the last one counts; a slow database holds up nothing else.
    async fn set_statuses(
        &self,
        stream: StreamId,
        mut waiting: UnboundedReceiver<(u64, UserId, WishChange)>,
    ) {
        while let Some((request, user, change)) = waiting.recv().await {
            let told = match kith_postgres::patiently(self.set_status(user, &change)).await {
                Ok(()) => Told::Done(request),
                Err(error) => Told::Failed(request, error.failure()),
            };
            self.board.tell(stream, told);
        }
    }
}

impl Keeper {
    async fn take(&mut self, report: Report) {
        match report {
            Report::Connect { socket, user } => {
                if self.lease.members.connect(socket, user) {
                    self.write_soon();
                }
            }
            Report::Disconnect { socket } => {
                self.app.board.unwatch(self.watcher(socket));
                if self.lease.members.disconnect(socket) {
                    self.write_soon();
                }
            }
            Report::Watch {
                request,
                socket,
                users,
            } => self.watch(request, socket, users),
            Report::SetStatus {
                request,
                socket,
                change,
            } => self.set_status(request, socket, change).await,
            Report::Refused { request, error } => self.refuse(request, &error),
            Report::Beat => self.beat().await,
        }
    }

    async fn set_status(&mut self, request: u64, socket: u64, change: WishChange) {
        let Some(user) = self.lease.members.user_of(socket) else {
            return self.refuse(request, &Error::NotAttached);
        };
        if self.lease.members.standing(user).is_none() {
            // They come before they choose, or coming would end what they chose.
            self.write().await;
        }
        // Fails only when the worker has ended with the process.
        let _ = self.statuses.send((request, user, change));
    }

    fn watch(&self, request: u64, socket: u64, users: Vec<UserId>) {
        let Some(viewer) = self.lease.members.user_of(socket) else {
            return self.refuse(request, &Error::NotAttached);
        };
        let (app, watcher) = (self.app.clone(), self.watcher(socket));
        self.app.tasks.spawn("presence.watch", async move {
            app.watch(watcher, viewer, request, &users).await;
        });
    }

    fn refuse(&self, request: u64, error: &Error) {
        self.app
            .board
            .tell(self.stream, Told::Failed(request, error.failure()));
    }

    const fn watcher(&self, socket: u64) -> WatcherId {
        WatcherId {
            stream: self.stream,
            socket,
        }
    }

    fn write_soon(&mut self) {
        let now = Instant::now();
        let at = self
            .written_at
            .map_or(now, |written| now.max(written + self.app.config.gather));
        self.write_at = Some(self.write_at.map_or(at, |known| known.min(at)));
    }

    fn restate(&mut self, user: UserId) {
        self.lease.members.restate(user);
        self.write_soon();
    }

    async fn write(&mut self) {
        self.written_at = Some(Instant::now());
        let gather = self.app.config.gather;
        self.write_at = match self.lease.write().await {
            Ok(()) => self.lease.members.next_change(Instant::now(), gather),
            Err(error) => {
                tracing::warn!(%error, "comings and goings cannot be written now");
                // Slower than usual: the database has trouble enough.
                Some(Instant::now() + gather * 10)
            }
        };
    }

    /// The gateway lives.
    async fn beat(&mut self) {
        self.deadline = Instant::now() + self.app.config.lease;
        self.lease.renew().await;
    }
}
