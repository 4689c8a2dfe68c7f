//! The community that is measured: made once, and kept for further runs when a folder is named.

use std::{fs, io::Write as _, path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use kith_e2e::{Node, Person};

use super::{
    fill,
    names::{self, Name},
};
use crate::{postgres::Server, stage};

/// Who searches: somebody with so many friends, and somebody whom everybody knows.
pub(super) const VIEWERS: [(&str, usize); 2] = [("bench_ordinary", 150), ("bench_known", 1_000)];

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) friendships: usize,
}

/// A node that holds a community.
pub(crate) struct Community {
    pub(super) node: Node,
    /// In the order of their ids.
    pub(super) people: Vec<Name>,
    pub(super) size: Size,
    /// None when it was kept from an earlier run.
    pub(super) fill_s: Option<f64>,
}

impl Community {
    /// The community in this folder, which stays; made now if the folder is empty or not there. Without a folder it is made in one that goes
    /// with it.
    pub(crate) async fn in_folder(
        kith: &Path,
        folder: Option<&Path>,
        size: Size,
    ) -> anyhow::Result<Self> {
        match folder {
            Some(folder) => Self::kept(kith, folder, size).await,
            None => Self::make(stage::node(kith).await, size).await,
        }
    }

    async fn kept(kith: &Path, folder: &Path, size: Size) -> anyhow::Result<Self> {
        // Postgres names its socket by this path, and runs elsewhere.
        let folder = std::path::absolute(folder)?;
        let (data, mark) = (folder.join("data"), folder.join("community"));
        let wanted = format!("{} people, {} friendships\n", size.users, size.friendships);
        if mark.exists() {
            let found = fs::read_to_string(&mark)?;
            ensure!(
                found == wanted,
                "{} holds {}, not {}",
                folder.display(),
                found.trim(),
                wanted.trim()
            );
            return Ok(Self {
                node: stage::node_in(kith, &data).await,
                people: names::of(size.users),
                size,
                fill_s: None,
            });
        }
        make_empty(&folder)?;
        let node = stage::node_in(kith, &data).await;
        let made = Self::make(node, size).await?;
        fs::write(&mark, wanted).with_context(|| format!("writing {}", mark.display()))?;
        Ok(made)
    }

    /// Ends its node.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let end = self.node.stop().await;
        ensure!(end.success(), "kith ended with {end}");
        Ok(())
    }

    async fn make(node: Node, size: Size) -> anyhow::Result<Self> {
        let begin = Instant::now();
        let viewers = Person::sign_up_all(&node, VIEWERS.map(|(name, _)| name)).await;
        let friends: Vec<(String, usize)> = viewers
            .iter()
            .zip(VIEWERS)
            .map(|(viewer, (_, friends))| (viewer.id().to_string(), friends))
            .collect();
        let postgres = Server::of(&node);
        progress("making people")?;
        let people = names::of(size.users);
        fill::users(&postgres, &people)?;
        progress("waiting until the node has taken them into its search")?;
        let node = fill::index(node, &postgres).await?;
        progress("making friendships")?;
        fill::friendships(&postgres, people.len(), size.friendships, &friends)?;
        Ok(Self {
            node,
            people,
            size,
            fill_s: Some(begin.elapsed().as_secs_f64()),
        })
    }
}

fn make_empty(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    ensure!(
        fs::read_dir(folder)?.next().is_none(),
        "{} holds something that is no finished community: remove it, or name another folder",
        folder.display()
    );
    Ok(())
}

/// Says what takes long now.
fn progress(what: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{what} …")?)
}
