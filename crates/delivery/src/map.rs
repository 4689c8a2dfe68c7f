//! Maps whose order is the same in each run: a schedule of the simulation must replay exactly.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::BuildHasherDefault,
};

/// A map by ids that this system has made; nobody outside chooses them, so that the hash needs no secret.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;
