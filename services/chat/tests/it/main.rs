//! Chat against real Postgres, over real gRPC in memory.
