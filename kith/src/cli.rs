//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Self-hosted chat and friends: accounts, a friends graph, rooms, messages, live delivery.
///
/// Without a command, `kith` starts a node: every role, its own private PostgreSQL in the data folder, nothing to set up.
#[derive(Debug, Parser)]
#[command(name = "kith", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Where to find the instance, and how it is set up.
    #[command(flatten)]
    pub place: Place,
    /// How to start.
    #[command(flatten)]
    pub start: Start,
    /// What to do instead of starting.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command needs.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Keep everything in this folder [default: ./kith-data].
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Read settings from this TOML file; `KITH__SECTION__KEY` variables win over it.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What only a start needs.
#[derive(Debug, Clone, Args)]
pub struct Start {
    /// Run only these roles: accounts, friends, chat, gateway, or all.
    #[arg(long, value_name = "ROLES")]
    pub role: Option<String>,
    /// Answer REST and WebSocket here; port 0 picks a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Answer metrics, health and gRPC here; never give it to the public [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDR:PORT")]
    pub internal_listen: Option<SocketAddr>,
}

/// What to do instead of starting.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say what is missing on this machine, and the command that gets it.
    ///
    /// Exits with 1 when something that a start needs is missing.
    Doctor(Doctor),
    /// Fill the running instance with a small believable community, and print its log-ins.
    ///
    /// Twenty people, friendships, direct rooms, groups and a few thousand messages over the last months. A second run says
    /// that they are there, and changes nothing. Everybody who reaches the node can log in as them, and its first page
    /// offers it: nothing for a node with real people.
    #[command(
        after_help = "Example:\n  kith --data DIR --listen 127.0.0.1:8080 &\n  kith demo --data DIR"
    )]
    Demo,
    /// Disable or enable a person's account.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys by which other backends speak gRPC to Kith.
    #[command(subcommand)]
    Key(KeyCommand),
    /// The log's epoch.
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// The keys that sign access tokens.
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// `kith config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every effective setting, secrets left out, or name every problem.
    #[command(
        after_help = "Example:\n  KITH__LIMITS__MESSAGES_PER_USER=60 kith config check --config kith.toml"
    )]
    Check(Start),
}

/// `kith doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// How the node would be started.
    #[command(flatten)]
    pub start: Start,
}

/// `kith user …`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// End all sessions of this person and refuse new ones.
    #[command(after_help = "Example:\n  kith user disable mallory --data DIR")]
    Disable {
        /// The user name.
        name: String,
    },
    /// Let this person log in again.
    Enable {
        /// The user name.
        name: String,
    },
}

/// `kith key …`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, once.
    #[command(after_help = "Example:\n  kith key create billing --data DIR")]
    Create {
        /// Who will use it.
        name: String,
    },
    /// List the keys by name; never the keys themselves.
    List,
    /// End a key; within seconds no node takes it any more.
    Revoke {
        /// The name it was made with.
        name: String,
    },
}

/// `kith epoch …`.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// After the database was restored from a backup: make every device start afresh instead of trusting its old cursors.
    Bump,
}

/// `kith keys …`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Sign with a new key from now on; tokens signed with the old one hold until they expire.
    Rotate,
}

const EXAMPLES: &str = "\
Examples:
  kith                                                    everything, in ./kith-data, on http://127.0.0.1:8080
  kith --data /srv/kith --listen 0.0.0.0:8080
  KITH__DATABASE__URL=postgres://… KITH__REDIS__URL=redis://… kith --listen 0.0.0.0:8080
  kith doctor                                             what is missing on this machine
  kith demo --data /srv/kith                              fill the running instance with a small community

Every setting can come from a file (--config) or a variable (KITH__SECTION__KEY); `kith config check` lists them.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_data_folder_may_stand_before_and_after_the_command() {
        for line in [
            ["kith", "--data", "d", "demo"],
            ["kith", "demo", "--data", "d"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();

            assert_eq!(cli.place.data, Some(PathBuf::from("d")), "{line:?}");
        }
    }
}
