//! Friend requests: who may send one, who may answer it, and what each of the two sees of it.

use chrono::{DateTime, Utc};
use kith_ids::{FriendRequestId, UserId};

use super::{
    person::Person,
    privacy::{Audience, Closeness, Permission, Privacy},
};

/// Characters of a note.
pub(crate) const NOTE_MAX: usize = 280;

/// A friend request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FriendRequest {
    pub id: FriendRequestId,
    pub sender: UserId,
    pub receiver: UserId,
    pub note: String,
    pub status: RequestStatus,
    /// The receiver never sees it; the sender cannot tell.
    pub hidden: bool,
    pub create_time: DateTime<Utc>,
    pub respond_time: Option<DateTime<Utc>>,
}

/// A friend request as one of its two people sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestView {
    pub id: FriendRequestId,
    pub direction: Direction,
    /// The other one.
    pub person: Person,
    pub note: String,
    pub status: RequestStatus,
    pub create_time: DateTime<Utc>,
    pub respond_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestStatus {
    Pending,
    Accepted,
    Declined,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Incoming,
    Outgoing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Accept,
    Decline,
    Cancel,
}

/// What decides about a new request.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, any mixture of which occurs"
)]
pub(crate) struct SendFacts {
    pub sender_blocks: bool,
    pub receiver_blocks: bool,
    pub friends: bool,
    pub mutual: bool,
    /// They asked already, and the sender sees it.
    pub incoming: bool,
    /// The sender asked already, hidden or not.
    pub outgoing: bool,
    /// The receiver's setting.
    pub policy: Audience,
}

/// What becomes of a new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendOutcome {
    /// A new pending one; hidden ones look the same to the sender.
    Ask { hidden: bool },
    /// They asked first: friends at once.
    AcceptTheirs,
}

/// Why there is no new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendRefusal {
    /// The sender blocks them.
    Blocking,
    AlreadyFriends,
    AlreadyRequested,
    Privacy,
}

/// What becomes of a request that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It gets this status.
    Becomes(RequestStatus),
    /// It has it already.
    Unchanged,
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerRefusal {
    /// The viewer cannot see the request.
    Unseen,
    /// The viewer sees it, and it is not theirs to do that.
    NotTheirs,
    /// It was closed in another way.
    Closed,
}

impl SendFacts {
    /// Judges a new request. A block by the receiver changes nothing but `hidden`, so that it cannot be told apart.
    pub(crate) fn judge(self) -> Result<SendOutcome, SendRefusal> {
        if self.sender_blocks {
            return Err(SendRefusal::Blocking);
        }
        if self.friends {
            return Err(SendRefusal::AlreadyFriends);
        }
        if self.incoming {
            return Ok(SendOutcome::AcceptTheirs);
        }
        if self.outgoing {
            return Err(SendRefusal::AlreadyRequested);
        }
        let settings = Privacy {
            friend_requests: self.policy,
            ..Privacy::default()
        };
        let as_stranger = Closeness {
            same: false,
            blocked: false,
            friends: false,
            mutual: self.mutual,
        };
        if !settings.permits(Permission::Request, as_stranger) {
            return Err(SendRefusal::Privacy);
        }
        Ok(SendOutcome::Ask {
            hidden: self.receiver_blocks,
        })
    }
}

impl RequestStatus {
    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Accepted,
            Self::Declined,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }
}

impl Direction {
    /// The word in the database's answers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }
}

impl Action {
    const fn status(self) -> RequestStatus {
        match self {
            Self::Accept => RequestStatus::Accepted,
            Self::Decline => RequestStatus::Declined,
            Self::Cancel => RequestStatus::Cancelled,
        }
    }

    const fn is_for(self) -> Direction {
        match self {
            Self::Accept | Self::Decline => Direction::Incoming,
            Self::Cancel => Direction::Outgoing,
        }
    }
}

impl FriendRequest {
    /// How the viewer sees it; none when they do not.
    pub(crate) fn direction_for(&self, viewer: UserId) -> Option<Direction> {
        if viewer == self.sender {
            return Some(Direction::Outgoing);
        }
        (viewer == self.receiver && !self.hidden).then_some(Direction::Incoming)
    }

    /// Judges an answer.
    pub(crate) fn answer(&self, viewer: UserId, action: Action) -> Result<Answer, AnswerRefusal> {
        let direction = self.direction_for(viewer).ok_or(AnswerRefusal::Unseen)?;
        if direction != action.is_for() {
            return Err(AnswerRefusal::NotTheirs);
        }
        let status = action.status();
        if self.status == status {
            return Ok(Answer::Unchanged);
        }
        if self.status != RequestStatus::Pending {
            return Err(AnswerRefusal::Closed);
        }
        Ok(Answer::Becomes(status))
    }

    /// Those of the two who see it.
    pub(crate) fn viewers(&self) -> Vec<UserId> {
        [self.sender, self.receiver]
            .into_iter()
            .filter(|viewer| self.direction_for(*viewer).is_some())
            .collect()
    }

    /// The other one.
    pub(crate) fn other(&self, viewer: UserId) -> UserId {
        if viewer == self.sender {
            self.receiver
        } else {
            self.sender
        }
    }

    /// It, closed.
    pub(crate) fn closed(self, status: RequestStatus, at: DateTime<Utc>) -> Self {
        Self {
            status,
            respond_time: Some(at),
            ..self
        }
    }

    /// What a viewer is shown of it.
    pub(crate) fn view(&self, direction: Direction, person: Person) -> RequestView {
        RequestView {
            id: self.id,
            direction,
            person,
            note: self.note.clone(),
            status: self.status,
            create_time: self.create_time,
            respond_time: self.respond_time,
        }
    }
}

#[cfg(test)]
mod tests;
