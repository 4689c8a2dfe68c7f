//! What arrived, against what is stored and who may see it: I1 and I7 (everybody has everything), I2, I3, I4 and I9.

use std::collections::BTreeSet;

use kith_sdk::model::{RoomId, UserId};

use super::{
    Finding,
    facts::{Facts, Received, View},
};
use crate::{dump::Stay, history::What};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((device, room), view) in &facts.views {
        let Some(&user) = facts.devices.get(device) else {
            continue;
        };
        let of = Of {
            facts,
            device,
            room: *room,
            user,
            view,
        };
        findings.extend(
            view.received
                .iter()
                .filter_map(|received| of.as_stored(received)),
        );
        findings.extend(
            view.received
                .iter()
                .filter_map(|received| of.within_stays(received)),
        );
        findings.extend(of.once());
        findings.extend(of.complete());
        findings.extend(of.begins_where_stays_do());
    }
    findings.extend(unknown_rooms(facts));
    findings.extend(on_the_wire(facts));
    findings.extend(pages(facts));
    findings
}

/// I4: a page of messages that was read is a stretch of what is stored, without a hole.
fn pages(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in facts.entries {
        let What::Page { by, room, messages } = &entry.what else {
            continue;
        };
        let (Some((first, ..)), Some((last, ..))) = (messages.first(), messages.last()) else {
            continue;
        };
        let stored = (*first..=*last).filter_map(|seq| {
            let said = facts.log.get(&(*room, seq))?.message.as_ref()?;
            Some((seq, said.id, said.body))
        });
        if !stored.eq(messages.iter().copied()) {
            let text =
                format!("{by}, room {room}: a page of {first}..{last} is not what is stored");
            findings.push(Finding::new("I4", text).about(by).at(entry.at));
        }
    }
    findings
}

/// What one device saw of one room.
struct Of<'a> {
    facts: &'a Facts<'a>,
    device: &'a str,
    room: RoomId,
    user: UserId,
    view: &'a View,
}

impl Of<'_> {
    fn finding(&self, invariant: &'static str, seq: u64, text: &str) -> Finding {
        let text = format!("{}, room {}, {seq}: {text}", self.device, self.room);
        Finding::new(invariant, text).in_room(self.room, seq)
    }

    /// I2 and I4: what arrives at a place is what is stored there.
    fn as_stored(&self, received: &Received) -> Option<Finding> {
        let Some(stored) = self.facts.log.get(&(self.room, received.seq)) else {
            let finding = self.finding("I2", received.seq, "arrived, and is not in the log");
            return Some(finding.at(received.at));
        };
        let same = match (&stored.message, received.id) {
            (Some(said), Some(id)) => said.id == id && received.body == Some(said.body),
            (None, None) => true,
            _ => false,
        };
        (!same).then(|| {
            let text = format!(
                "{:?} arrived, and {:?} is in the log",
                received.id, stored.message
            );
            self.finding("I4", received.seq, &text).at(received.at)
        })
    }

    /// I9: it lies in a stay of the person.
    fn within_stays(&self, received: &Received) -> Option<Finding> {
        let stays = self.facts.stays_of(self.room, self.user);
        let allowed = stays.iter().any(|stay| stay.contains(received.seq));
        (!allowed).then(|| {
            let text = format!("is outside of the stays {}", words(stays));
            self.finding("I9", received.seq, &text)
                .about(self.user)
                .at(received.at)
        })
    }

    /// I3: applied once.
    fn once(&self) -> Vec<Finding> {
        let mut seen = BTreeSet::new();
        let again = self
            .view
            .received
            .iter()
            .filter(|received| !seen.insert(received.seq));
        again
            .map(|received| {
                self.finding("I3", received.seq, "was applied twice")
                    .at(received.at)
            })
            .collect()
    }

    /// I1 and I7: everything of a stay that the device knows of has arrived.
    fn complete(&self) -> Vec<Finding> {
        let seen: BTreeSet<u64> = self
            .view
            .received
            .iter()
            .map(|received| received.seq)
            .collect();
        let stays = self.facts.stays_of(self.room, self.user);
        let mut findings = Vec::new();
        for (number, stay) in stays.iter().enumerate() {
            let head = self.facts.heads.get(&self.room).copied().unwrap_or(0);
            let end = stay.left.unwrap_or(head);
            let begins = self.view.begins.iter().map(|begin| begin + 1);
            let Some(first) = begins
                .filter(|first| stay.contains(*first) || *first == end + 1)
                .chain(seen.range(stay.joined..=end).next().copied())
                .min()
            else {
                // A stay that began and ended while the device was away. Of a current one it must know.
                if stay.left.is_none() {
                    findings.push(self.finding(
                        "I1",
                        stay.joined,
                        "the device never heard of this stay",
                    ));
                }
                continue;
            };
            // Who left and came back is owed the current stay only; of former ones nothing may be left out in between.
            let is_last = number + 1 == stays.len();
            let end = if is_last {
                end
            } else {
                seen.range(..=end).next_back().copied().unwrap_or(0)
            };
            let missing = (first..=end).find(|seq| !seen.contains(seq));
            findings.extend(missing.map(|seq| self.missing(seq, end, stay)));
        }
        findings
    }

    fn missing(&self, seq: u64, end: u64, stay: &Stay) -> Finding {
        let said = self
            .facts
            .log
            .get(&(self.room, seq))
            .and_then(|entry| entry.message.as_ref());
        let send = said.and_then(|said| self.facts.send(&said.client_id));
        let is_unknown = send.is_some_and(|send| send.oks.is_empty());
        let invariant = if is_unknown { "I7" } else { "I1" };
        let text = format!(
            "never arrived, of the stay {}; there is more up to {end}",
            words(&[stay])
        );
        let finding = self.finding(invariant, seq, &text);
        match send {
            Some(send) => finding.about(send.client_id).at(send.at),
            None => finding,
        }
    }

    /// I1: what a device may skip is what is not its person's to see.
    fn begins_where_stays_do(&self) -> Vec<Finding> {
        let stays = self.facts.stays_of(self.room, self.user);
        let mut findings = Vec::new();
        for begin in self.view.begins.iter().skip(1) {
            if !stays.iter().any(|stay| stay.joined == begin + 1) {
                let text = format!("was skipped, and no stay begins after it: {}", words(stays));
                findings.push(self.finding("I1", *begin, &text));
            }
        }
        findings
    }
}

/// I1: a device knows the rooms that its person is in.
fn unknown_rooms(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stay in facts.dump.stays.iter().filter(|stay| stay.left.is_none()) {
        let devices = facts.devices.iter().filter(|(_, user)| **user == stay.user);
        for (device, _) in devices {
            if !facts.views.contains_key(&(*device, stay.room)) {
                let text = format!("{device} never heard of room {}", stay.room);
                findings.push(Finding::new("I1", text).about(stay.room).about(stay.user));
            }
        }
    }
    findings
}

/// I3, I4, I9: frames that the contract does not allow, whatever the device made of them.
fn on_the_wire(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in facts.entries {
        let finding = match &entry.what {
            What::Hole {
                device,
                room,
                after,
                seq,
            } => Finding::new(
                "I4",
                format!("{device}, room {room}: {seq} came after {after}"),
            )
            .in_room(*room, *seq)
            .about(format!("\"{device}\"")),
            What::Again { device, room, seq } => {
                Finding::new("I3", format!("{device}, room {room}: {seq} came again"))
                    .in_room(*room, *seq)
            }
            What::Stray { device, room, seq } => {
                let user = facts
                    .devices
                    .get(device.as_str())
                    .copied()
                    .unwrap_or_default();
                let stays = facts.stays_of(*room, user);
                let allowed = stays.iter().any(|stay| stay.contains(*seq));
                let text = format!(
                    "{device}, room {room}: {seq} came, and the device is not in the room; stays: {}",
                    words(stays)
                );
                Finding::new(if allowed { "I4" } else { "I9" }, text)
                    .in_room(*room, *seq)
                    .about(user)
            }
            What::UserHole {
                device,
                after,
                useq,
            } => {
                let text =
                    format!("{device}: entry {useq} of its person's own log came after {after}");
                Finding::new("I4", text).about(format!("\"{device}\""))
            }
            What::Invalid { device } => {
                let text = format!("{device}: its cursors were refused, and no log has gone back");
                Finding::new("I1", text).about(format!("\"{device}\""))
            }
            _ => continue,
        };
        findings.push(finding.at(entry.at));
    }
    findings
}

fn words(stays: &[&Stay]) -> String {
    let word = |stay: &&Stay| match stay.left {
        Some(left) => format!("{}..{left}", stay.joined),
        None => format!("{}..", stay.joined),
    };
    stays.iter().map(word).collect::<Vec<_>>().join(", ")
}
