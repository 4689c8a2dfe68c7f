//! What is judged without the database: time, levels and answers. I11, I12 and I14.

use std::collections::HashMap;

use kith_sdk::model::MessageId;

use super::{Bounds, Finding};
use crate::history::{Entry, What};

/// The contract's list, and what the harness calls no answer at all.
const CODES: &[&str] = &[
    "invalid_request",
    "invalid_field",
    "unknown_field",
    "malformed_json",
    "unsupported_media_type",
    "too_large",
    "unauthenticated",
    "token_expired",
    "invalid_credentials",
    "forbidden",
    "not_allowed_by_privacy",
    "not_found",
    "method_not_allowed",
    "conflict",
    "cursor_invalid",
    "client_id_reused",
    "last_owner",
    "room_full",
    "rate_limited",
    "unavailable",
    "timeout",
    "bad_frame",
    "hello_timeout",
    "auth_failed",
    "revoked",
    "account_disabled",
    "too_many_devices",
    "slow",
];
/// What a correct device may be refused with in these runs: passing trouble, and rooms that it is no longer in.
const EXPECTED: &[&str] = &[
    "unavailable",
    "timeout",
    "not_found",
    "slow",
    "cursor_invalid",
    "token_expired",
];
/// When a client may take a call for lost.
const DEADLINE_MS: u64 = 10_000;
/// How long after the heal an answer may still fail to come: what was stuck has to be given up first.
const STUCK_MS: u64 = 40_000;

pub(super) fn check(entries: &[Entry], bounds: &Bounds) -> Vec<Finding> {
    let mut findings = healed(entries, bounds);
    findings.extend(late(entries, bounds));
    for entry in entries {
        let finding = match &entry.what {
            What::NotAtHead { device, text } => {
                Finding::new("I11", format!("{device}: {text}")).about(format!("\"{device}\""))
            }
            What::Level {
                what,
                before,
                after,
                slack,
            } if *after > before + slack => Finding::new(
                "I12",
                format!("{what}: {before} before, {after} after (allowed: {slack} more)"),
            ),
            What::Refused {
                by,
                call,
                status,
                code,
                hint,
            } => match odd(*status, code, *hint).filter(|_| !is_allowed(entries, code)) {
                Some(odd) => Finding::new(
                    "I14",
                    format!("{by} was answered {status} {code} to {call}: {odd}"),
                )
                .about(format!("\"{by}\"")),
                None => continue,
            },
            What::Broken { text } => Finding::new("I14", text.clone()),
            What::Extra { text, holds: false } => {
                Finding::new("I14", format!("does not hold: {text}"))
            }
            What::Unknown { client_id, code }
                if code == "hang" && is_quiet(entries, (entry.at, entry.at)) =>
            {
                Finding::new("I14", format!("{client_id} was not answered at all")).about(client_id)
            }
            What::Read { device, ms, .. }
                if *ms > DEADLINE_MS
                    && is_quiet(entries, time_for(entry.at.saturating_sub(*ms))) =>
            {
                Finding::new(
                    "I14",
                    format!("{device} waited {ms} ms for the answer to a position"),
                )
                .about(format!("\"{device}\""))
            }
            _ => continue,
        };
        findings.push(finding.at(entry.at));
    }
    findings
}

fn is_allowed(entries: &[Entry], code: &str) -> bool {
    let allows =
        |entry: &Entry| matches!(&entry.what, What::Allow { code: allowed } if allowed == code);
    entries.iter().any(allows)
}

fn odd(status: u16, code: &str, hint: bool) -> Option<&'static str> {
    let is_proxys_own = code.is_empty() && status == 503;
    if !CODES.contains(&code) && !is_proxys_own {
        return Some("no documented code for this");
    }
    if !EXPECTED.contains(&code) && !code.is_empty() {
        return Some("nothing that was asked deserves it");
    }
    if status >= 500 && !matches!(status, 503 | 504) {
        return Some("a fault of the server");
    }
    (status == 503 && !hint).then_some("without Retry-After")
}

/// The time that there is for the answer to a call. A fault that began in it is an excuse.
const fn time_for(asked: u64) -> (u64, u64) {
    (asked, asked + DEADLINE_MS)
}

/// Whether nothing was wrong with the world in this time, and for so long before it that an unanswered call has no excuse.
fn is_quiet(entries: &[Entry], (from, to): (u64, u64)) -> bool {
    let began = entries
        .iter()
        .find(|entry| matches!(entry.what, What::Fault { .. }));
    let healed = entries
        .iter()
        .rfind(|entry| matches!(entry.what, What::Heal));
    let before = began.is_none_or(|began| to < began.at);
    before || healed.is_some_and(|healed| from > healed.at + STUCK_MS)
}

/// I11: how soon devices have what there was at the heal.
fn healed(entries: &[Entry], bounds: &Bounds) -> Vec<Finding> {
    let mut times = times(entries);
    times.sort_unstable();
    let mut findings = Vec::new();
    if let Some(longest) = times.last().filter(|longest| **longest > bounds.healed_ms) {
        findings.push(Finding::new(
            "I11",
            format!("the last device had everything {longest} ms after the heal"),
        ));
    }
    if let Some(p95) = percentile(&times, 95).filter(|p95| *p95 > bounds.healed_p95_ms) {
        findings.push(Finding::new(
            "I11",
            format!("95 % of the devices had everything {p95} ms after the heal"),
        ));
    }
    findings
}

/// I11: while nothing but hints is lost, who is connected has what was acknowledged in time. Only those devices count that say
/// when they are connected.
fn late(entries: &[Entry], bounds: &Bounds) -> Option<Finding> {
    let from = entries
        .iter()
        .position(|entry| entry.what == What::OnlyHints)?;
    let mut connected: HashMap<&str, u64> = HashMap::new();
    let mut acknowledged: HashMap<MessageId, u64> = HashMap::new();
    let mut latest: Option<(u64, &str, MessageId, u64)> = None;
    for (place, entry) in entries.iter().enumerate() {
        match &entry.what {
            What::Up { device, .. } => {
                connected.insert(device, entry.at);
            }
            What::Down { device, .. } => {
                connected.remove(device.as_str());
            }
            What::Ok { id, .. } if place > from => {
                acknowledged.entry(*id).or_insert(entry.at);
            }
            What::Heal => return late_finding(latest, bounds),
            What::Recv {
                device,
                id: Some(id),
                ..
            } => {
                let (Some(up), Some(ok)) = (connected.get(device.as_str()), acknowledged.get(id))
                else {
                    continue;
                };
                let took = entry.at - up.max(ok);
                if latest.is_none_or(|(longest, ..)| took > longest) {
                    latest = Some((took, device, *id, entry.at));
                }
            }
            _ => {}
        }
    }
    late_finding(latest, bounds)
}

fn late_finding(latest: Option<(u64, &str, MessageId, u64)>, bounds: &Bounds) -> Option<Finding> {
    let (took, device, id, at) = latest.filter(|(took, ..)| *took > bounds.healed_ms)?;
    let text = format!("{device} was connected, and got {id} {took} ms after it was acknowledged");
    Some(
        Finding::new("I11", text)
            .about(id)
            .about(format!("\"{device}\""))
            .at(at),
    )
}

/// How long each device took.
pub(crate) fn times(entries: &[Entry]) -> Vec<u64> {
    let time = |entry: &Entry| match entry.what {
        What::Healed { ms, .. } => Some(ms),
        _ => None,
    };
    entries.iter().filter_map(time).collect()
}

/// Of sorted values.
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let at = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(at).copied()
}
