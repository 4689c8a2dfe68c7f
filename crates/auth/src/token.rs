//! Verifies access tokens: EdDSA only, keys only from the accounts service, every claim required and typed.

use std::collections::HashMap;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kith_clock::Clock;
use kith_ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};

/// How far another machine's clock may be ahead of ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// Always [`Claims::ACCESS`]: no other token of ours passes for an access token.
    pub typ: String,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Expires at, seconds since the epoch.
    pub exp: i64,
    /// Not before, seconds since the epoch; our own tokens have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

impl Claims {
    /// The `typ` of access tokens.
    pub const ACCESS: &'static str = "access";
}

/// Why a token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It held until it expired; a refresh helps.
    #[error("the access token has expired")]
    Expired,
    /// Its `kid` is not among the known keys; they may have been rotated.
    #[error("the access token was signed with an unknown key")]
    UnknownKey,
    /// Anything else.
    #[error("the access token does not hold")]
    Invalid,
}

/// Verifies access tokens with a set of public keys.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: String,
    audience: String,
    keys: HashMap<String, DecodingKey>,
}

impl TokenVerifier {
    /// Accepts tokens of this issuer for this audience, signed by one of these Ed25519 keys (`kid`, 32 bytes).
    pub fn new<'a>(
        issuer: &str,
        audience: &str,
        keys: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            keys: keys
                .into_iter()
                .map(|(kid, key)| (kid.to_owned(), DecodingKey::from_ed_der(key)))
                .collect(),
        }
    }

    /// The claims of a token that holds now.
    pub fn verify(&self, token: &str, clock: &Clock) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        // A header that names or brings its own key is nobody's honest token; refused before any key is looked up.
        if header.alg != Algorithm::EdDSA
            || header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some()
        {
            return Err(TokenError::Invalid);
        }
        let key = header
            .kid
            .and_then(|kid| self.keys.get(&kid))
            .ok_or(TokenError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation())
            .map_err(|_| TokenError::Invalid)?
            .claims;
        Self::judge(claims, clock)
    }

    /// Times are judged by our own clock below, so the library checks signature, issuer and audience only.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    fn judge(claims: Claims, clock: &Clock) -> Result<Claims, TokenError> {
        let now = clock.now().timestamp();
        let latest_start = now + LEEWAY.num_seconds();
        if claims.typ != Claims::ACCESS
            || claims.iat > latest_start
            || claims
                .nbf
                .is_some_and(|not_before| not_before > latest_start)
        {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("issuer", &self.issuer)
            .field("kids", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
