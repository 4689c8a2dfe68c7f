//! How far people have read: I10 and I13.

use std::collections::{BTreeMap, HashMap};

use kith_sdk::model::{RoomId, UserId};

use super::{Finding, facts::Facts};
use crate::history::{Entry, What};

/// Counted exactly up to here.
const MOST_UNREAD: u64 = 1_000;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = read(facts);
    findings.extend(unread(facts));
    findings
}

/// I10: positions rise, and what a device was told last is what is stored. Of people who came back only what they did in
/// their current stay counts, so they are left out.
pub(super) fn read(facts: &Facts<'_>) -> Vec<Finding> {
    let mut told: HashMap<(&str, RoomId), u64> = HashMap::new();
    let mut findings = Vec::new();
    // The dump is taken after the counts of what is unread. What a late answer still moves afterwards is in it or not.
    let is_count = |entry: &Entry| matches!(entry.what, What::Unread { .. });
    let end = facts.entries.iter().position(is_count);
    let (until_the_end, late) = facts.entries.split_at(end.unwrap_or(facts.entries.len()));
    for entry in until_the_end {
        match &entry.what {
            What::Position { device, room, seq } if stayed(facts, device, *room) => {
                let before = told.insert((device, *room), *seq).unwrap_or(0);
                if before > *seq {
                    let text =
                        format!("{device}, room {room}: read up to {before}, and then up to {seq}");
                    findings.push(Finding::new("I10", text).about(room).at(entry.at));
                }
            }
            What::Read {
                device,
                room,
                seq,
                answer: Some(answer),
                ..
            } if answer < seq => {
                let text =
                    format!("{device}, room {room}: read up to {seq}, and was told {answer}");
                findings.push(Finding::new("I10", text).about(room).at(entry.at));
            }
            _ => {}
        }
    }
    let stored = stored(facts);
    for ((device, room), seq) in told {
        let user = facts.devices[device];
        let kept = stored.get(&(room, user)).copied().unwrap_or(0);
        let is_told_late = |entry: &Entry| matches!(&entry.what, What::Position { device: by, room: of, seq } if by == device && *of == room && *seq == kept);
        if kept != seq && !late.iter().any(is_told_late) {
            let text = format!(
                "{device}, room {room}: told last that it has read up to {seq}; stored is {kept}"
            );
            findings.push(Finding::new("I10", text).about(format!("\"{device}\"")));
        }
    }
    findings
}

/// Whether every position that somebody was answered in their current stay is stored.
pub(super) fn are_answered_stored(facts: &Facts<'_>) -> bool {
    let stored = stored(facts);
    facts.entries.iter().all(|entry| match &entry.what {
        What::Read {
            device,
            room,
            answer: Some(answer),
            ..
        } => {
            let user = facts.devices[device.as_str()];
            let stays = facts.stays_of(*room, user);
            let now = stays.iter().find(|stay| stay.left.is_none());
            now.is_none_or(|now| *answer < now.joined) || stored.get(&(*room, user)) >= Some(answer)
        }
        _ => true,
    })
}

/// Whether the person has been in the room since it began.
fn stayed(facts: &Facts<'_>, device: &str, room: RoomId) -> bool {
    let user = facts.devices.get(device);
    user.is_some_and(|user| matches!(facts.stays_of(room, *user), [stay] if stay.left.is_none()))
}

/// I13: others' messages above the position, within the stay. Counts are taken again while they do not agree; the last ones count.
pub(super) fn unread(facts: &Facts<'_>) -> Vec<Finding> {
    let counts = facts.entries.iter().filter_map(|entry| match &entry.what {
        What::Unread { user, room, count } => Some(((*user, *room), *count)),
        _ => None,
    });
    let last: BTreeMap<(UserId, RoomId), u64> = counts.collect();
    let stored = stored(facts);
    let mut findings = Vec::new();
    for ((user, room), count) in &last {
        let Some(stay) = facts
            .stays_of(*room, *user)
            .iter()
            .find(|stay| stay.left.is_none())
        else {
            findings.push(
                Finding::new("I13", format!("{user} lists room {room} and is not in it"))
                    .about(user),
            );
            continue;
        };
        let position = stored.get(&(*room, *user)).copied().unwrap_or(0);
        let counted = facts.dump.entries.iter().filter(|it| {
            it.room == *room
                && it.seq > position
                && it.seq >= stay.joined
                && it.message.as_ref().is_some_and(|said| said.sender != *user)
        });
        let counted = (counted.count() as u64).min(MOST_UNREAD);
        if counted != *count {
            let text = format!(
                "{user}, room {room}: told {count} unread, and there are {counted} above {position}"
            );
            findings.push(Finding::new("I13", text).about(room).about(user));
        }
    }
    findings
}

fn stored(facts: &Facts<'_>) -> HashMap<(RoomId, UserId), u64> {
    let positions = facts.dump.positions.iter();
    positions.map(|it| ((it.room, it.user), it.seq)).collect()
}
