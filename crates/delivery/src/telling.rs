//! In which order a device that was away is told what it missed.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

/// Something missed.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<R, U> {
    /// Of a room's log.
    Room(R),
    /// Of the person's own.
    User(U),
}

/// A person's events keep their order; a room's events come before the `room.removed` that ends them, and else after
/// everything of the person's log, and so after the `room.added` that begins them. `room_of` names an event's room;
/// `turn_of` names the room that a person's event begins (false) or ends (true).
pub fn in_telling_order<R, U, K: Eq + Hash>(
    events: Vec<R>,
    user_events: Vec<U>,
    room_of: impl Fn(&R) -> K,
    turn_of: impl Fn(&U) -> Option<(K, bool)>,
) -> impl Iterator<Item = Told<R, U>> {
    let mut last_words: HashMap<K, (usize, bool)> = HashMap::new();
    for (index, event) in user_events.iter().enumerate() {
        if let Some((room, is_removal)) = turn_of(event) {
            last_words.insert(room, (index, is_removal));
        }
    }
    let removals: HashSet<usize> = last_words
        .values()
        .filter(|(_, is_removal)| *is_removal)
        .map(|(index, _)| *index)
        .collect();
    let (mut ended, mut others) = (HashMap::<usize, Vec<R>>::new(), Vec::new());
    for event in events {
        match last_words.get(&room_of(&event)) {
            Some((index, true)) => ended.entry(*index).or_default().push(event),
            _ => others.push(event),
        }
    }
    let told = user_events
        .into_iter()
        .enumerate()
        .flat_map(move |(index, event)| {
            let before = if removals.contains(&index) {
                ended.remove(&index).unwrap_or_default()
            } else {
                Vec::new()
            };
            before
                .into_iter()
                .map(Told::Room)
                .chain([Told::User(event)])
        });
    told.chain(others.into_iter().map(Told::Room))
}
