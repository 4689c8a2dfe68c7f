//! The command line.

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
    /// Run only these roles: accounts, friends, chat, presence, gateway, or all.
    #[arg(long, value_name = "ROLES")]
    pub role: Option<String>,
    /// Answer REST and WebSocket here; a host's name may stand for its address, port 0 picks a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Answer metrics, health and gRPC here; never give it to the public [default: 127.0.0.1:0].
    #[arg(long, value_name = "ADDR:PORT")]
    pub internal_listen: Option<String>,
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
    /// Twenty-eight people, friendships, direct rooms, groups and a few thousand messages over the last months. A second run says
    /// that they are there, and changes nothing. Everybody who reaches the node can log in as them, and its first page
    /// offers it: nothing for a node with real people.
    #[command(
        after_help = "Example:\n  kith --data DIR --listen 127.0.0.1:8080 &\n  kith demo --data DIR"
    )]
    Demo(Demo),
    /// Bring the people and friendships of another product.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Disable or enable a person's account, or give them a new password.
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
    /// Make a new password for this person, print it, and end all their sessions.
    ///
    /// For imported people without a password, and for those who lost theirs.
    Password {
        /// The user name.
        name: String,
    },
}

/// `kith import …`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Bring users, friendships and open requests from CSV or JSON Lines files into the running instance.
    ///
    /// Run it as often as you like: what is there already stays as it is. Rows that break a rule are refused and named, and
    /// hold up nobody else.
    #[command(after_help = IMPORT_FORMAT)]
    Friends(ImportFriends),
}

/// `kith import friends`.
#[derive(Debug, Args)]
pub struct ImportFriends {
    /// `.csv` or `.jsonl` files, such as one of users and one of friendships; their order does not matter.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Judge every row and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write every refused row to this file, as CSV: file, line, field, code, message.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

const IMPORT_FORMAT: &str = "\
Rows, in UTF-8. The first line of a CSV file names its columns; a .jsonl file has one object a line with the same names.
  type           user, friends or request. Without it, a row with a friend_id is `friends`, any other is `user`
  id             the person's id in the other product, up to 128 characters; of a request: who asks
  username       users: 3 to 32 of a-z 0-9 _ . and nobody else's
  display_name   users, optional: 1 to 64 characters
  password_hash  users, optional: $argon2… or bcrypt ($2b$…). Without it nobody logs in as them
                 until `kith user password NAME`
  friend_id      friends and requests: the other person's id
  note           requests, optional: up to 280 characters
  since          friends, optional: 2024-05-17T09:30:00Z

Example:
  users.csv                        friends.csv                 or both in all.jsonl
  id,username,display_name         type,id,friend_id           {\"id\":1,\"username\":\"ann\"}
  1,ann,Ann Lee                    friends,1,2                 {\"id\":2,\"username\":\"ben\"}
  2,ben,Ben Roe                    request,3,1                 {\"id\":1,\"friend_id\":2}

  kith import friends users.csv friends.csv --data DIR --dry-run --report refused.csv
  kith import friends users.csv friends.csv --data DIR --report refused.csv";

/// `kith key …`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, once.
    #[command(
        after_help = "Examples:\n  kith key create billing --data DIR\n  kith key create --name analytics --scope feed --data DIR"
    )]
    Create {
        /// Who will use it.
        #[command(flatten)]
        who: KeyName,
        /// What it opens: all, rest, accounts, friends, chat, presence, feed, live, import. May be repeated; without it, all.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
    },
    /// List the keys by name; never the keys themselves.
    List,
    /// End a key; within a second no node takes it any more, and its open streams end.
    Revoke {
        /// Whose it was.
        #[command(flatten)]
        who: KeyName,
    },
}

/// The name of a key, with or without the flag.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct KeyName {
    /// The name of the backend that uses the key.
    #[arg(value_name = "NAME")]
    plain: Option<String>,
    /// The same, as a flag.
    #[arg(long = "name", value_name = "NAME")]
    flagged: Option<String>,
}

impl KeyName {
    /// The one that was given.
    pub fn name(&self) -> &str {
        let given = self.plain.as_deref().or(self.flagged.as_deref());
        // The command line is refused without one.
        given.unwrap_or_default()
    }
}

/// `kith epoch …`.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// After the database was restored from a backup: make every device start afresh instead of trusting its old cursors.
    Bump,
}

/// `kith demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Go on: let some of the people be here, some away, and some come and go, until this command is ended.
    #[arg(long)]
    pub stay: bool,
}

/// `kith keys …`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Sign with a new key from now on; tokens signed with the old one hold until they expire.
    Rotate,
}

/// Narrow, because `clap` breaks what is wider than the terminal.
const EXAMPLES: &str = "\
Examples:
  kith                         everything, in ./kith-data, on port 8080
  kith --data /srv/kith --listen 0.0.0.0:8080
  kith doctor                  what is missing on this machine
  kith demo --data /srv/kith   fill the running instance with people
  kith config check            every setting, or what is wrong with them

With a Postgres and a Redis of your own:
  KITH__DATABASE__URL=postgres://… KITH__REDIS__URL=redis://… kith

Every setting can come from a file (--config) or from a variable
(KITH__SECTION__KEY); `kith config check` lists them.";

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
