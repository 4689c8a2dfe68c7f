//! Who may do what in a room, and what becomes of a group when an owner goes. Judged on what a locked room shows.

use kith_ids::UserId;

use super::{role::Role, room::RoomKind};
use crate::Error;

/// Something a participant wants to do to the room or to another participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Give the group another name.
    Rename,
    /// Bring people in.
    Add,
    /// Set somebody's role.
    SetRole,
    /// Put out somebody of this role.
    Remove(Role),
    /// Go.
    Leave,
}

/// How many people a group has, and how many of them own it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crew {
    pub(crate) owners: i64,
    pub(crate) participants: i64,
}

/// A current stay, as far as succession looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) user_id: UserId,
    pub(crate) role: Role,
    pub(crate) joined_seq: i64,
}

/// Refuses what the role, or the kind of room, does not allow.
pub(crate) fn permit(kind: RoomKind, role: Role, act: Act) -> Result<(), Error> {
    if kind == RoomKind::Direct {
        return Err(Error::Forbidden(
            "a direct room keeps its two people and has no name",
        ));
    }
    let allowed = match act {
        Act::Leave => true,
        Act::Rename | Act::Add => role <= Role::Admin,
        Act::SetRole => role == Role::Owner,
        Act::Remove(target) => {
            role == Role::Owner || (role == Role::Admin && target == Role::Member)
        }
    };
    if allowed {
        return Ok(());
    }
    Err(Error::Forbidden(
        "your role in this room does not allow this",
    ))
}

/// Refuses to leave a group with people and without an owner. The last person of all may go.
pub(crate) fn may_go(role: Role, crew: Crew) -> Result<(), Error> {
    if role == Role::Owner && crew.owners <= 1 && crew.participants > 1 {
        return Err(Error::LastOwner);
    }
    Ok(())
}

/// Refuses a change of role that leaves a group without an owner.
pub(crate) fn may_become(from: Role, to: Role, crew: Crew) -> Result<(), Error> {
    if from == Role::Owner && to != Role::Owner && crew.owners <= 1 {
        return Err(Error::LastOwner);
    }
    Ok(())
}

/// Who owns a group after its last owner's account is gone: the longest-standing admin, else the longest-standing member.
pub(crate) fn heir(others: &[Candidate]) -> Option<UserId> {
    others
        .iter()
        .min_by_key(|candidate| (candidate.role, candidate.joined_seq, candidate.user_id))
        .map(|candidate| candidate.user_id)
}

#[cfg(test)]
mod tests;
