//! Prints the description of the REST calls; `make api` keeps it with the clients that are made from it.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(kith_gateway::description().as_bytes())
}
