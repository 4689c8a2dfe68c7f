//! Makes cargo notice a new migration: they are embedded in the crate.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
