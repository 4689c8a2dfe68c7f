//! The settings that the embedded database always runs with. Given on the command line, so that they hold for folders made
//! by an older kith as well, and win over the folder's own file.

/// Name and value of each setting.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    // No network at all; the socket lies in the database's own folder (0700), which is the server's working directory.
    ("listen_addresses", ""),
    ("unix_socket_directories", "."),
    ("unix_socket_permissions", "0700"),
    ("port", "5432"),
    // What an acknowledged message rests on.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    // Pools are small (chat 8, the others 4, and 4 of chat and of accounts each in reserve); the rest is for operators' commands and a psql.
    ("max_connections", "60"),
    ("shared_buffers", "128MB"),
    ("work_mem", "8MB"),
    ("maintenance_work_mem", "64MB"),
    ("max_wal_size", "1GB"),
    ("wal_buffers", "16MB"),
    // Every query here is short: compiling one, or spreading it over processes, costs more than it saves.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("max_logical_replication_workers", "0"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_line_prefix", "%m [%p] %u "),
    ("log_checkpoints", "off"),
    // A failed statement's text and details can hold what people wrote; the log gets neither.
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length_on_error", "0"),
    ("cluster_name", "kith"),
];
