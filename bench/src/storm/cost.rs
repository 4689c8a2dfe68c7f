//! What the system takes while something happens: the database's work, and processor time.

use std::{io::Write, ops::Sub};

use kith_e2e::{Load, Node, Postgres};

use crate::process;

/// What was taken in some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) load: Load,
    postgres: f64,
    server: f64,
}

impl Cost {
    /// Since Postgres, or this node, was started.
    pub(super) fn so_far(postgres: &Postgres, node: &Node) -> anyhow::Result<Self> {
        Ok(Self {
            load: Load::so_far(postgres),
            postgres: process::cpu_below(postgres.process_id())?,
            server: process::cpu_below(node.process_id())?,
        })
    }

    pub(super) fn print(&self, out: &mut impl Write, when: &str) -> std::io::Result<()> {
        let (load, seconds) = (&self.load, self.load.seconds());
        writeln!(
            out,
            "{when} for {seconds:.1} s: {:.0} transactions/s, {:.0} statements/s, {:.0} pages/s, Postgres {:.2} cores, surviving node {:.2} cores",
            load.transactions(),
            load.statements(),
            load.pages(),
            self.postgres / seconds,
            self.server / seconds,
        )
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            load: self.load - before.load,
            postgres: self.postgres - before.postgres,
            server: self.server - before.server,
        }
    }
}
