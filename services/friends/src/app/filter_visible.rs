//! "Whose presence does each of these viewers see?"

use super::{App, Result};
use crate::{
    domain::privacy::{Look, Permission, Sight},
    store::{self, sights},
};

impl App {
    /// What these looks show; those that show nothing are left out, and so nobody can tell a stranger, a block and an unknown id apart.
    pub(crate) async fn filter_visible(&self, looks: &[Look]) -> Result<Vec<Sight>> {
        let _turn = self.sibling_turns.take().await?;
        let mut connection = store::acquire(&self.pool).await?;
        let subjects = sights::list(&mut connection, looks).await?;
        Ok(subjects
            .into_iter()
            .map(|subject| Sight {
                look: subject.look,
                presence: subject
                    .settings
                    .permits(Permission::SeePresence, subject.closeness),
                last_seen: subject
                    .settings
                    .permits(Permission::SeeLastSeen, subject.closeness),
            })
            .filter(|sight| sight.presence || sight.last_seen)
            .collect())
    }
}
