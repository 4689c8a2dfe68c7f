//! What is said: the types and stubs generated from `proto/`, in a module tree that mirrors the packages, and the
//! descriptor set that reflection serves. No logic, so that depending on the contract stays cheap.
#![expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code; its comments are those of the protos"
)]

/// Package `kith`.
pub mod kith {
    /// Words that all services share.
    pub mod common {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kith.common.v1");
        }
    }
    /// Users, sessions, tokens.
    pub mod accounts {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kith.accounts.v1");
        }
    }
    /// The graph, blocks, privacy.
    pub mod friends {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kith.friends.v1");
        }
    }
    /// Who is here.
    pub mod presence {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kith.presence.v1");
        }
    }
    /// Rooms, messages, logs, delivery.
    pub mod chat {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("kith.chat.v1");
        }
    }
}

pub use kith::{accounts, chat, common, friends, presence};

/// The encoded `FileDescriptorSet` of all packages, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
