//! The environment, read here and nowhere else.

use std::{collections::HashMap, ffi::OsString};

/// The variables that set something, `KITH__…`. One that is no UTF-8 cannot name a key of ours and is left out.
pub(crate) fn settings() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("KITH__"))
        .collect()
}

/// Where programs are looked for.
pub fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}
