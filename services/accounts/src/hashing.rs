//! Hashes passwords with Argon2id, away from the async threads and a few at a time: each hash takes its memory and a core, so a storm of
//! logins waits here instead of starving everything else. Who waits too long is told so.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use kith_text::Flaw;

use crate::config::Config;

/// Longer than any hash that is made by common parameters.
const MAX_FOREIGN: usize = 512;

/// Why there is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many others were first.
    #[error("too many passwords are being hashed")]
    Overloaded,
    /// The library or its thread failed.
    #[error("hashing a password failed")]
    Failed,
}

/// Hashes and verifies. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    max_wait: Duration,
    params: Params,
    /// Verified against when there is no such user, so that both answers take the same time.
    dummy: Arc<str>,
}

/// The right to hash now. Held until it is dropped, also by a hash whose caller has gone away.
#[derive(Debug)]
pub(crate) struct Turn {
    params: Params,
    permit: OwnedSemaphorePermit,
}

impl Hasher {
    /// Hashes with the configured parameters. Computes the dummy, so it takes as long as a login.
    pub(crate) async fn start(config: &Config) -> Result<Self, HashError> {
        let params = Params::new(
            config.password_memory_kib,
            config.password_passes,
            config.password_lanes,
            None,
        )
        .map_err(|_| HashError::Failed)?;
        let mut hasher = Self {
            permits: Arc::new(Semaphore::new(config.password_concurrency as usize)),
            max_wait: config.password_max_wait,
            params,
            dummy: Arc::from(""),
        };
        let nobody = SecretString::from("the password of nobody".to_owned());
        let (_, dummy) = hasher.turn().await?.hash(&nobody).await?;
        hasher.dummy = Arc::from(dummy);
        Ok(hasher)
    }

    /// Waits for a turn, in the order of arrival.
    pub(crate) async fn turn(&self) -> Result<Turn, HashError> {
        // Without a limit a storm would be answered long after every client has given up.
        let waiting =
            tokio::time::timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = waiting.await else {
            metrics::counter!("kith_accounts_hashes_refused_total").increment(1);
            return Err(HashError::Overloaded);
        };
        Ok(Turn {
            params: self.params.clone(),
            permit,
        })
    }

    /// What a password is verified against when there is nobody whose it could be.
    pub(crate) fn dummy(&self) -> &str {
        &self.dummy
    }

    /// Whether a stored hash was made with other parameters than today's.
    pub(crate) fn is_outdated(&self, hash: &str) -> bool {
        PasswordHash::new(hash)
            .ok()
            .and_then(|hash| Params::try_from(&hash).ok())
            .is_none_or(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (
                        self.params.m_cost(),
                        self.params.t_cost(),
                        self.params.p_cost(),
                    )
            })
    }
}

/// Whether a hash that another system made can be verified here, at a price that a login may have.
pub(crate) fn check_foreign(hash: &str) -> Result<(), Flaw> {
    let flaw = Flaw::new(
        "invalid",
        "an Argon2 hash ($argon2…, at most 256 MiB, 10 passes, 16 lanes) or a bcrypt one ($2…, cost at most 15)",
    );
    if hash.len() > MAX_FOREIGN {
        return Err(flaw);
    }
    if is_bcrypt(hash) {
        let parts: bcrypt::HashParts = hash.parse().map_err(|_| flaw)?;
        let cost = parts.get_cost();
        return if (4..=15).contains(&cost) {
            Ok(())
        } else {
            Err(flaw)
        };
    }
    let parsed = PasswordHash::new(hash).map_err(|_| flaw)?;
    let params = Params::try_from(&parsed).map_err(|_| flaw)?;
    let is_complete = parsed.salt.is_some() && parsed.hash.is_some();
    let is_argon2 = Algorithm::try_from(parsed.algorithm.as_str()).is_ok();
    let is_bearable =
        params.m_cost() <= 256 * 1024 && params.t_cost() <= 10 && params.p_cost() <= 16;
    if is_complete && is_argon2 && is_bearable {
        Ok(())
    } else {
        Err(flaw)
    }
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| hash.starts_with(prefix))
}

impl Turn {
    /// The hash of a password with a fresh salt, as a PHC string.
    pub(crate) async fn hash(self, password: &SecretString) -> Result<(Self, String), HashError> {
        let password = password.clone();
        count("hash");
        self.run(move |params| {
            let salt: [u8; 16] = kith_clock::random_bytes();
            let hash: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map_err(|_| HashError::Failed)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one that was hashed.
    pub(crate) async fn verify(
        self,
        password: &SecretString,
        hash: &str,
    ) -> Result<(Self, bool), HashError> {
        let (password, hash) = (password.clone(), hash.to_owned());
        count("verify");
        self.run(move |_| {
            if is_bcrypt(&hash) {
                return bcrypt::verify(password.expose_secret(), &hash)
                    .map_err(|_| HashError::Failed);
            }
            let hash = PasswordHash::new(&hash).map_err(|_| HashError::Failed)?;
            // The hash carries its own parameters.
            Ok(Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &hash)
                .is_ok())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(Params) -> Result<T, HashError> + Send + 'static,
    ) -> Result<(Self, T), HashError> {
        let Self { params, permit } = self;
        // The permit travels with the work: a caller that hangs up must not let another hash start beside this one.
        let task = tokio::task::spawn_blocking(move || (work(params.clone()), params, permit));
        let (result, params, permit) = task.await.map_err(|_| HashError::Failed)?;
        Ok((Self { params, permit }, result?))
    }
}

/// What this much memory and time is spent for.
fn count(kind: &'static str) {
    metrics::counter!("kith_accounts_hashes_total", "kind" => kind).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let hasher = Hasher::start(&Config::for_test()).await.unwrap();
        let [right, wrong] = ["right password", "wrong password"].map(SecretString::from);

        let (turn, hash) = hasher.turn().await.unwrap().hash(&right).await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let (turn, holds) = turn.verify(&right, &hash).await.unwrap();
        assert!(holds);
        let (turn, holds) = turn.verify(&wrong, &hash).await.unwrap();
        assert!(!holds);
        assert!(!turn.verify(&right, hasher.dummy()).await.unwrap().1);
    }

    #[tokio::test]
    async fn who_gets_no_turn_in_time_is_refused() {
        let config = Config {
            password_concurrency: 1,
            password_max_wait: Duration::from_millis(20),
            ..Config::for_test()
        };
        let hasher = Hasher::start(&config).await.unwrap();

        let first = hasher.turn().await.unwrap();
        let second = hasher.turn().await;

        assert_eq!(second.unwrap_err(), HashError::Overloaded);
        drop(first);
        assert!(hasher.turn().await.is_ok());
    }

    #[tokio::test]
    async fn other_parameters_make_a_hash_outdated() {
        let old = Hasher::start(&Config::for_test()).await.unwrap();
        let new = Hasher::start(&Config {
            password_passes: 2,
            ..Config::for_test()
        })
        .await
        .unwrap();

        assert!(!old.is_outdated(old.dummy()));
        assert!(new.is_outdated(old.dummy()));
    }
}
