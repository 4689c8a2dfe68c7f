//! Builds the gateway again when the web client's files have changed: the embedding macro itself tracks only files that it has seen.

fn main() {
    println!("cargo:rerun-if-changed=../clients/web/dist");
}
