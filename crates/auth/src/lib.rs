//! Who calls? Two kinds of proof: the access token that a device presents to the gateway ([`TokenVerifier`]), and the
//! caller context that the gateway then signs with the cluster's key and attaches to every inner call ([`CallerSigner`],
//! [`CallerInterceptor`]). Nothing that a device sends can set the latter. What another backend's key opens is a [`Scope`].
#![warn(missing_docs)]

mod caller;
mod cluster_key;
mod interceptor;
mod key_wrap;
mod scope;
mod token;

pub use caller::{Caller, CallerError, CallerSigner};
pub use cluster_key::ClusterKey;
pub use interceptor::{CALLER_METADATA, CallerInterceptor, RequestExt};
pub use key_wrap::{KeyWrap, KeyWrapError};
pub use scope::{Scope, Scopes};
pub use token::{Claims, TokenError, TokenVerifier};

/// The `iss` of every access token of ours.
pub const ISSUER: &str = "kith";
/// The `aud` of every access token of ours.
pub const AUDIENCE: &str = "kith";
