//! The caller's friends.

use kith_ids::UserId;

use super::{App, Page, PageWanted, Result};
use crate::{
    domain::person::fold,
    store::{
        self,
        friendships::{self, Friend},
    },
};

impl App {
    /// Friends by display name, and how many there are on all pages; a query keeps those with it in user name or display name.
    pub(crate) async fn get_user_friends(
        &self,
        viewer: UserId,
        query: &str,
        wanted: &PageWanted,
    ) -> Result<(Page<Friend>, u32)> {
        let query = fold(query.trim());
        let pattern = (!query.is_empty()).then(|| containing(&query));
        let scope = format!("friends:{viewer}:{query}");
        let window = self.window(&scope, wanted)?;
        let mut connection = store::acquire(&self.pool).await?;
        let items = friendships::list(&mut connection, viewer, pattern.as_deref(), window).await?;
        let total = friendships::find_total(&mut connection, viewer, pattern.as_deref()).await?;
        Ok((
            self.page(&scope, wanted, items, |friend| friend.key.clone()),
            total,
        ))
    }
}

/// A `LIKE` pattern for texts that contain this one; its own wildcards stand for themselves.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_query_stand_for_themselves() {
        assert_eq!(containing(r"50%_\x"), r"%50\%\_\\x%");
    }
}
