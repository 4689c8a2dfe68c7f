//! A lease: brings who is on it to who is connected, in Postgres, on this node, and then for the other nodes.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::super::{App, Result};
use super::members::Members;
use crate::{
    domain::{
        roster::{LeaseId, Standing},
        wish::Choice,
    },
    rpc::convert,
    store::{
        self,
        leases::{LeaseWrite, LeasesError},
        people::{self, Chosen},
        stays,
    },
};

/// A transaction of the lease. Short: the gateway's beats, which keep the lease alive, wait for it.
const PATIENCE: Duration = Duration::from_secs(4);
/// Comings and goings written at once.
const BATCH: usize = 1_000;

/// The lease of one gateway.
pub(super) struct Lease {
    app: App,
    id: LeaseId,
    pub(super) members: Members,
    revision: u64,
    /// The store lacks something: everything is written next time.
    is_torn: bool,
    /// The store failed just now: it is left alone until then.
    spared_until: Option<Instant>,
}

impl Lease {
    /// A lease with nobody on it, of which nothing is written yet.
    pub(super) fn new(app: App, id: LeaseId) -> Self {
        Self {
            members: Members::new(app.config.coalesce),
            app,
            id,
            revision: 0,
            is_torn: true,
            spared_until: None,
        }
    }

    /// Brings who is on the lease to who is connected.
    pub(super) async fn write(&mut self) -> Result<()> {
        let changes = self.members.take_changes(Instant::now(), BATCH);
        let writing = self.write_people(&changes.joined, &changes.left);
        let standings = match kith_postgres::within(PATIENCE, writing).await {
            Ok(standings) => standings,
            Err(error) => {
                self.members.give_back(changes);
                return Err(error);
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
        if standings.is_empty() {
            return Ok(());
        }
        self.revision += 1;
        self.app.board.apply(self.id, self.revision, &standings);
        self.share(&standings).await;
        Ok(())
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

    /// Who came and who left, in one transaction, and how those who came want to look.
    async fn write_people(&self, joined: &[UserId], left: &[UserId]) -> Result<Vec<Standing>> {
        if joined.is_empty() && left.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.app.now();
        let wishes = match self.write_joined_alone(joined, left).await? {
            Some(wishes) => wishes,
            None => self.write_both(joined, left, now).await?,
        };
        let mut standings: Vec<Standing> = joined
            .iter()
            .map(|user| self.arrived(*user, &wishes))
            .collect();
        standings.extend(left.iter().filter_map(|user| self.departed(*user, now)));
        Ok(standings)
    }

    /// The usual thing in a storm, and then a statement is a transaction of its own. None when there is more to write.
    async fn write_joined_alone(
        &self,
        joined: &[UserId],
        left: &[UserId],
    ) -> Result<Option<Vec<(UserId, Chosen)>>> {
        if !left.is_empty() {
            return Ok(None);
        }
        let mut db = store::acquire(&self.app.pool).await?;
        Ok(stays::insert(&mut db, self.id, joined).await?)
    }

    async fn write_both(
        &self,
        joined: &[UserId],
        left: &[UserId],
        now: DateTime<Utc>,
    ) -> Result<Vec<(UserId, Chosen)>> {
        let mut tx = store::begin(&self.app.pool).await?;
        let mut wishes = Vec::new();
        if !joined.is_empty() {
            wishes = match stays::insert(&mut tx, self.id, joined).await? {
                Some(wishes) => wishes,
                None => self.put_everybody(&mut tx, joined).await?,
            };
        }
        if !left.is_empty() {
            people::update_last_seen(&mut tx, left, now).await?;
            stays::delete(&mut tx, self.id, left).await?;
        }
        store::commit(tx).await?;
        Ok(wishes)
    }

    /// Somebody took this node for dead while the database was away.
    async fn put_everybody(
        &self,
        db: &mut PgConnection,
        joined: &[UserId],
    ) -> Result<Vec<(UserId, Chosen)>> {
        stays::update_renewed(db, self.id).await?;
        let everybody: Vec<UserId> = self.members.users().chain(joined.iter().copied()).collect();
        Ok(stays::insert(db, self.id, &everybody)
            .await?
            .unwrap_or_default())
    }

    fn arrived(&self, user: UserId, wishes: &[(UserId, Chosen)]) -> Standing {
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
        let is_whole = self.store_lease(standings).await;
        self.app
            .hints
            .lease_moved(self.id, self.revision, standings);
        if !is_whole {
            self.share_everybody().await;
        }
    }

    /// The store has lost it: everybody is written, and who knows an older revision reads the lease, because there is a gap.
    async fn share_everybody(&mut self) {
        self.is_torn = true;
        self.revision += 2;
        self.app.board.apply(self.id, self.revision, &[]);
        self.store_lease(&[]).await;
        self.app.hints.lease_moved(self.id, self.revision, &[]);
    }

    /// False when the store had lost the lease, and knows only these of it now.
    async fn store_lease(&mut self, standings: &[Standing]) -> bool {
        if self
            .spared_until
            .is_some_and(|until| Instant::now() < until)
        {
            return true;
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
        match self.app.leases.write(self.id, &write, life).await {
            Ok(is_whole) => {
                self.is_torn = false;
                is_whole
            }
            Err(error) => {
                self.spare_store(&error);
                true
            }
        }
    }

    /// Everybody is written when it answers again; until then it would cost every write its patience.
    fn spare_store(&mut self, error: &LeasesError) {
        self.is_torn = true;
        self.spared_until = Some(Instant::now() + self.app.config.beat() / 2);
        self.app.degrade(error);
    }

    /// Keeps it for another while; who lost it meanwhile learns everything anew.
    pub(super) async fn renew(&mut self) {
        if let Err(error) = kith_postgres::within(PATIENCE, self.renew_in_database()).await {
            tracing::warn!(%error, "a lease cannot be renewed in the database now");
        }
        let renewed = if self.is_torn {
            Ok(false)
        } else {
            self.app.leases.renew(self.id, self.app.config.lease).await
        };
        match renewed {
            Ok(true) => {}
            Ok(false) => self.share_everybody().await,
            Err(error) => self.spare_store(&error),
        }
    }

    async fn renew_in_database(&self) -> Result<()> {
        let mut tx = store::begin(&self.app.pool).await?;
        if stays::update_renewed(&mut tx, self.id).await? {
            let users: Vec<UserId> = self.members.users().collect();
            stays::insert(&mut tx, self.id, &users).await?;
        }
        store::commit(tx).await?;
        Ok(())
    }
}
