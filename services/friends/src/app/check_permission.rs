//! "May A … B?"

use std::collections::HashSet;

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::privacy::Permission,
    store::{self, privacy},
};

impl App {
    /// Those of the targets to whom the actor may do this. Unknown and deleted people are never among them.
    pub(crate) async fn check_permission(
        &self,
        actor: UserId,
        targets: Vec<UserId>,
        permission: Permission,
    ) -> Result<Vec<UserId>> {
        let _turn = self.sibling_turns.take().await?;
        let targets: Vec<UserId> = targets
            .into_iter()
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        self.know_users(&targets).await?;
        // Only this act has a circle of friends of friends.
        let with_mutual = permission == Permission::Request;
        let mut connection = store::acquire(&self.pool).await?;
        let found = privacy::list_targets(&mut connection, actor, &targets, with_mutual).await?;
        Ok(found
            .into_iter()
            .filter(|target| target.settings.permits(permission, target.closeness))
            .map(|target| target.id)
            .collect())
    }
}
