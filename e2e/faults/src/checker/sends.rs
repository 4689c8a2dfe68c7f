//! What was said, against what is stored: I1, I2, I3, I5, I6, I8 and I9.

use std::collections::HashMap;

use kith_sdk::model::RoomId;

use super::{
    Finding,
    facts::{Facts, Send},
};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for send in &facts.sends {
        findings.extend(acknowledged(facts, send));
        findings.extend(one_place(facts, send));
        findings.extend(refused(facts, send));
    }
    findings.extend(unsaid(facts));
    findings.extend(from_outside(facts));
    findings.extend(gapless(facts));
    findings.extend(rising(facts));
    findings
}

/// I1: an acknowledged message is stored under the id and place that were named, with what was said.
fn acknowledged(facts: &Facts<'_>, send: &Send<'_>) -> Option<Finding> {
    let ack = send.oks.first()?;
    let found = facts
        .log
        .get(&(send.room, ack.seq))
        .and_then(|entry| entry.message.as_ref());
    let is_it = found.is_some_and(|said| {
        said.id == ack.id
            && said.client_id == send.client_id
            && said.sender == send.user
            && said.body == send.body
    });
    let text = || {
        format!(
            "{} said {} in room {}, which was acknowledged as {} at {}; there is {found:?}",
            send.device, send.client_id, send.room, ack.id, ack.seq
        )
    };
    (!is_it).then(|| {
        Finding::new("I1", text())
            .about(send.client_id)
            .in_room(send.room, ack.seq)
            .at(ack.at)
    })
}

/// I3: one send, one row, one answer.
fn one_place(facts: &Facts<'_>, send: &Send<'_>) -> Option<Finding> {
    let rows = facts.rows.get(send.client_id).map_or(0, Vec::len);
    if rows > 1 {
        let text = format!(
            "{} is stored {rows} times in room {}",
            send.client_id, send.room
        );
        return Some(Finding::new("I3", text).about(send.client_id).at(send.at));
    }
    let first = send.oks.first()?;
    if let Some(other) = send
        .oks
        .iter()
        .find(|ok| (ok.id, ok.seq) != (first.id, first.seq))
    {
        let text = format!(
            "{} was acknowledged at {} and at {} in room {}",
            send.client_id, first.seq, other.seq, send.room
        );
        return Some(Finding::new("I3", text).about(send.client_id).at(other.at));
    }
    let fresh = send.oks.iter().filter(|ok| !ok.duplicate).count();
    (fresh > 1).then(|| {
        let text = format!("{} was acknowledged {fresh} times as new", send.client_id);
        Finding::new("I3", text).about(send.client_id).at(first.at)
    })
}

/// I6: when every attempt was refused for good, nothing is stored.
fn refused(facts: &Facts<'_>, send: &Send<'_>) -> Option<Finding> {
    let is_over = !send.fails.is_empty()
        && send.oks.is_empty()
        && send.unknowns == 0
        && send.tries <= send.fails.len();
    let row = facts.rows.get(send.client_id).and_then(|rows| rows.first());
    let row = row.filter(|_| is_over)?;
    let text = format!(
        "{} was refused with {:?}, and is at {} in room {}",
        send.client_id, send.fails, row.seq, send.room
    );
    Some(Finding::new("I6", text).about(send.client_id).at(send.at))
}

/// I2: what is stored was said.
fn unsaid(facts: &Facts<'_>) -> Vec<Finding> {
    let entries = facts.dump.entries.iter();
    let said = entries.filter_map(|entry| Some((entry, entry.message.as_ref()?)));
    said.filter(|(_, said)| facts.send(&said.client_id).is_none())
        .map(|(entry, said)| {
            let text = format!(
                "{} at {} in room {} was never said",
                said.client_id, entry.seq, entry.room
            );
            Finding::new("I2", text).in_room(entry.room, entry.seq)
        })
        .collect()
}

/// I9: who says something in a room is in it.
fn from_outside(facts: &Facts<'_>) -> Vec<Finding> {
    let entries = facts.dump.entries.iter();
    let said = entries.filter_map(|entry| Some((entry, entry.message.as_ref()?)));
    said.filter(|(entry, said)| {
        let stays = facts.stays_of(entry.room, said.sender);
        !stays.iter().any(|stay| stay.contains(entry.seq))
    })
    .map(|(entry, said)| {
        let text = format!(
            "{} said {} at {} in room {}, and was not in it",
            said.sender, said.client_id, entry.seq, entry.room
        );
        Finding::new("I9", text)
            .in_room(entry.room, entry.seq)
            .about(said.sender)
    })
    .collect()
}

/// I5: the log of a room is 1..last_seq.
fn gapless(facts: &Facts<'_>) -> Vec<Finding> {
    let mut logs: HashMap<RoomId, Vec<u64>> = HashMap::new();
    for entry in &facts.dump.entries {
        logs.entry(entry.room).or_default().push(entry.seq);
    }
    let mut findings = Vec::new();
    for room in &facts.dump.rooms {
        let log = logs.remove(&room.id).unwrap_or_default();
        if !log.iter().copied().eq(1..=room.last_seq) {
            let odd = (1..).zip(&log).find(|(expected, seq)| expected != *seq);
            let text = format!(
                "the log of room {} has {} entries up to {:?}, last_seq is {}; expected and found: {odd:?}",
                room.id,
                log.len(),
                log.last(),
                room.last_seq
            );
            findings.push(Finding::new("I5", text).about(room.id));
        }
    }
    findings
}

/// I8: a device says the next thing in a room when the one before is settled, so their places rise.
fn rising(facts: &Facts<'_>) -> Vec<Finding> {
    let mut last: HashMap<(&str, RoomId), (u64, &str)> = HashMap::new();
    let mut findings = Vec::new();
    for send in facts.sends.iter().filter(|send| send.tries > 0) {
        let Some(row) = facts.rows.get(send.client_id).and_then(|rows| rows.first()) else {
            continue;
        };
        let before = last.insert((send.device, send.room), (row.seq, send.client_id));
        if let Some((seq, client_id)) = before.filter(|(seq, _)| *seq >= row.seq) {
            let text = format!(
                "{} said {client_id} before {} in room {}, and they are at {seq} and {}",
                send.device, send.client_id, send.room, row.seq
            );
            findings.push(
                Finding::new("I8", text)
                    .about(client_id)
                    .about(send.client_id)
                    .at(send.at),
            );
        }
    }
    findings
}
