//! Keeping a gateway's lease: who is on it follows who is connected, gathered for a moment, written to Postgres, shown here, and then told to the
//! other nodes. One task per gateway stream.

mod members;

use std::time::Instant;

use chrono::{DateTime, Utc};
use kith_error::Fault as _;
use kith_ids::UserId;
use tokio::{
    sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender},
    time::sleep_until,
};

use self::members::Members;
use super::{App, Result};
use crate::{
    board::{KeeperOrder, StreamId, Told, WatcherId},
    domain::{
        roster::{LeaseId, Standing},
        wish::{Choice, WishChange},
    },
    error::Error,
    rpc::convert,
    store::{
        self,
        leases::{LeaseWrite, LeasesError},
        people, stays,
    },
};

/// Comings and goings written at once.
const BATCH: usize = 1_000;

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
    lease: LeaseId,
    members: Members,
    revision: u64,
    /// The store lacks something: everything is written next time.
    is_torn: bool,
    /// The store failed just now: it is left alone until then.
    spared_until: Option<Instant>,
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
            members: Members::new(self.config.coalesce),
            revision: 0,
            is_torn: true,
            spared_until: None,
            written_at: None,
            write_at: None,
            deadline: Instant::now() + self.config.lease,
            app: self,
            stream,
            lease,
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
            let told = match self.set_status(user, &change).await {
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
                if self.members.connect(socket, user) {
                    self.write_soon();
                }
            }
            Report::Disconnect { socket } => {
                self.app.board.unwatch(self.watcher(socket));
                if self.members.disconnect(socket) {
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
        let Some(user) = self.members.user_of(socket) else {
            return self.refuse(request, &Error::NotAttached);
        };
        if self.members.standing(user).is_none() {
            // They come before they choose, or coming would end what they chose.
            self.write().await;
        }
        // Fails only when the worker has ended with the process.
        let _ = self.statuses.send((request, user, change));
    }

    fn watch(&self, request: u64, socket: u64, users: Vec<UserId>) {
        let Some(viewer) = self.members.user_of(socket) else {
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
        self.members.restate(user);
        self.write_soon();
    }

    /// Brings who is on the lease to who is connected.
    async fn write(&mut self) {
        self.written_at = Some(Instant::now());
        let changes = self.members.take_changes(Instant::now(), BATCH);
        let standings = match self.write_people(&changes.joined, &changes.left).await {
            Ok(standings) => standings,
            Err(error) => {
                tracing::warn!(%error, "comings and goings cannot be written now");
                self.members.give_back(changes);
                // Slower than usual: the database has trouble enough.
                self.write_at = Some(Instant::now() + self.app.config.gather * 10);
                return;
            }
        };
        let restated = changes
            .restated
            .iter()
            // Who leaves at the same time must not be put back.
            .filter(|user| !changes.left.contains(user))
            .filter_map(|user| self.restated(*user));
        let standings: Vec<Standing> = standings.into_iter().chain(restated).collect();
        self.members.settle(&standings);
        self.write_at = self
            .members
            .next_change(Instant::now(), self.app.config.gather);
        if standings.is_empty() {
            return;
        }
        self.revision += 1;
        self.app.board.apply(self.lease, self.revision, &standings);
        self.share(&standings).await;
    }

    fn restated(&self, user: UserId) -> Option<Standing> {
        let standing = self.members.standing(user)?;
        let (wish, last_seen) = self.app.board.wish(user)?;
        Some(Standing {
            wish,
            last_seen,
            ..standing.clone()
        })
    }

    /// One transaction: who came and who left, and how those who came want to look.
    async fn write_people(&self, joined: &[UserId], left: &[UserId]) -> Result<Vec<Standing>> {
        if joined.is_empty() && left.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.app.now();
        let mut tx = store::begin(&self.app.pool).await?;
        if !joined.is_empty() && !stays::insert(&mut tx, self.lease, joined).await? {
            // Somebody took this node for dead while the database was away.
            stays::update_renewed(&mut tx, self.lease).await?;
            let everybody: Vec<UserId> =
                self.members.users().chain(joined.iter().copied()).collect();
            stays::insert(&mut tx, self.lease, &everybody).await?;
        }
        let wishes = people::list_wishes(&mut tx, joined).await?;
        if !left.is_empty() {
            people::update_last_seen(&mut tx, left, now).await?;
            stays::delete(&mut tx, self.lease, left).await?;
        }
        store::commit(tx).await?;

        let mut standings: Vec<Standing> = joined
            .iter()
            .map(|user| self.arrived(*user, &wishes))
            .collect();
        standings.extend(left.iter().filter_map(|user| self.departed(*user, now)));
        Ok(standings)
    }

    fn arrived(&self, user: UserId, wishes: &[(UserId, people::Chosen)]) -> Standing {
        let chosen = wishes
            .iter()
            .find(|(id, _)| *id == user)
            .map(|(_, chosen)| chosen.clone());
        let (wish, last_seen) =
            chosen.map_or_else(Default::default, |chosen| (chosen.wish, chosen.last_seen));
        let wish = match self.app.board.wish(user) {
            // Here already by another lease: what holds there holds, unless this is newer.
            Some((here, _)) if here.version >= wish.version => here,
            Some(_) => wish,
            None => wish.on_return(),
        };
        Standing {
            user,
            left: false,
            wish,
            last_seen,
        }
    }

    fn departed(&self, user: UserId, now: DateTime<Utc>) -> Option<Standing> {
        let standing = self.members.standing(user)?;
        let wish = self
            .app
            .board
            .wish(user)
            .map_or_else(|| standing.wish.clone(), |(wish, _)| wish);
        let last_seen = if wish.choice == Choice::Invisible {
            standing.last_seen
        } else {
            Some(now)
        };
        Some(Standing {
            user,
            left: true,
            wish,
            last_seen,
        })
    }

    /// Tells the other nodes: in the store, where it stays, and by a hint.
    async fn share(&mut self, standings: &[Standing]) {
        self.store_lease(standings).await;
        self.app
            .hints
            .lease_moved(self.lease, self.revision, standings);
    }

    async fn store_lease(&mut self, standings: &[Standing]) {
        if self
            .spared_until
            .is_some_and(|until| Instant::now() < until)
        {
            return;
        }
        let mut write = LeaseWrite {
            revision: self.revision,
            everything: self.is_torn,
            ..LeaseWrite::default()
        };
        if self.is_torn {
            write.put = self.members.standings().map(convert::to_store).collect();
        } else {
            for standing in standings {
                if standing.left {
                    write.removed.push(standing.user);
                } else {
                    write.put.push(convert::to_store(standing));
                }
            }
        }
        let life = self.app.config.lease;
        match self.app.leases.write(self.lease, &write, life).await {
            Ok(()) => self.is_torn = false,
            Err(error) => self.spare_store(&error),
        }
    }

    /// Everybody is written when it answers again; until then it would cost every write its patience.
    fn spare_store(&mut self, error: &LeasesError) {
        self.is_torn = true;
        self.spared_until = Some(Instant::now() + self.app.config.beat() / 2);
        self.app.degrade(error);
    }

    /// The gateway lives.
    async fn beat(&mut self) {
        self.deadline = Instant::now() + self.app.config.lease;
        if let Err(error) = self.renew_in_database().await {
            tracing::warn!(%error, "a lease cannot be renewed in the database now");
        }
        let renewed = if self.is_torn {
            Ok(false)
        } else {
            self.app
                .leases
                .renew(self.lease, self.app.config.lease)
                .await
        };
        match renewed {
            Ok(true) => {}
            Ok(false) => {
                self.is_torn = true;
                // A gap in the revisions: who knows an older one reads the lease.
                self.revision += 2;
                self.app.board.apply(self.lease, self.revision, &[]);
                self.share(&[]).await;
            }
            Err(error) => self.spare_store(&error),
        }
    }

    async fn renew_in_database(&self) -> Result<()> {
        let mut tx = store::begin(&self.app.pool).await?;
        if stays::update_renewed(&mut tx, self.lease).await? {
            let users: Vec<UserId> = self.members.users().collect();
            stays::insert(&mut tx, self.lease, &users).await?;
        }
        store::commit(tx).await?;
        Ok(())
    }
}
