//! The table: each reason's word, kind and HTTP status.

use http::StatusCode;
use tonic::Code;

use crate::Reason;

/// The ten ways to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong whoever sends it.
    Invalid,
    /// Nobody knows who is calling.
    Unauthenticated,
    /// The caller sees the thing and may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// The state of things forbids it.
    Conflict,
    /// Too many, too fast.
    TooMany,
    /// Too slow; the outcome may be unknown.
    Timeout,
    /// Not now; the outcome may be unknown.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    /// The gRPC code of this kind.
    pub const fn grpc_code(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::Conflict => Code::Aborted,
            Self::TooMany => Code::ResourceExhausted,
            Self::Timeout => Code::DeadlineExceeded,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

/// What the table says of a reason.
pub trait ReasonExt: Copy {
    /// The word that clients switch on, for example `not_found`.
    fn word(self) -> &'static str;
    /// The kind of failure.
    fn kind(self) -> Kind;
    /// The HTTP status of the problem document.
    fn http_status(self) -> StatusCode;
    /// Whether the same call may succeed later.
    fn is_retryable(self) -> bool;
    /// The reason with this word.
    fn from_word(word: &str) -> Option<Self>;
    /// Every reason with a word of its own, in the order of publication.
    fn all() -> impl Iterator<Item = Self>;
}

macro_rules! reasons {
    ($($reason:ident $word:literal $kind:ident $status:ident;)+) => {
        impl ReasonExt for Reason {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$reason => $word,)+
                    Self::Unspecified => "internal",
                }
            }

            fn kind(self) -> Kind {
                match self {
                    $(Self::$reason => Kind::$kind,)+
                    Self::Unspecified => Kind::Internal,
                }
            }

            fn http_status(self) -> StatusCode {
                match self {
                    $(Self::$reason => StatusCode::$status,)+
                    Self::Unspecified => StatusCode::INTERNAL_SERVER_ERROR,
                }
            }

            fn is_retryable(self) -> bool {
                matches!(self.kind(), Kind::TooMany | Kind::Timeout | Kind::Unavailable | Kind::Internal)
                    && self != Self::TooManyDevices
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$reason),)+
                    _ => None,
                }
            }

            fn all() -> impl Iterator<Item = Self> {
                [$(Self::$reason),+].into_iter()
            }
        }
    };
}

reasons! {
    InvalidRequest "invalid_request" Invalid BAD_REQUEST;
    InvalidField "invalid_field" Invalid BAD_REQUEST;
    UnknownField "unknown_field" Invalid BAD_REQUEST;
    MalformedJson "malformed_json" Invalid BAD_REQUEST;
    UnsupportedMediaType "unsupported_media_type" Invalid UNSUPPORTED_MEDIA_TYPE;
    TooLarge "too_large" Invalid PAYLOAD_TOO_LARGE;
    Unauthenticated "unauthenticated" Unauthenticated UNAUTHORIZED;
    TokenExpired "token_expired" Unauthenticated UNAUTHORIZED;
    InvalidCredentials "invalid_credentials" Unauthenticated UNAUTHORIZED;
    Forbidden "forbidden" Forbidden FORBIDDEN;
    NotAllowedByPrivacy "not_allowed_by_privacy" Forbidden FORBIDDEN;
    NotFound "not_found" NotFound NOT_FOUND;
    MethodNotAllowed "method_not_allowed" Invalid METHOD_NOT_ALLOWED;
    Conflict "conflict" Conflict CONFLICT;
    UsernameTaken "username_taken" AlreadyExists CONFLICT;
    AlreadyRequested "already_requested" AlreadyExists CONFLICT;
    AlreadyFriends "already_friends" AlreadyExists CONFLICT;
    RequestClosed "request_closed" Conflict CONFLICT;
    CannotTargetSelf "cannot_target_self" Invalid BAD_REQUEST;
    ClientIdReused "client_id_reused" AlreadyExists CONFLICT;
    LastOwner "last_owner" Conflict CONFLICT;
    RoomFull "room_full" Conflict CONFLICT;
    CursorInvalid "cursor_invalid" Invalid BAD_REQUEST;
    RateLimited "rate_limited" TooMany TOO_MANY_REQUESTS;
    Unavailable "unavailable" Unavailable SERVICE_UNAVAILABLE;
    Timeout "timeout" Timeout GATEWAY_TIMEOUT;
    Internal "internal" Internal INTERNAL_SERVER_ERROR;
    BadFrame "bad_frame" Invalid BAD_REQUEST;
    HelloTimeout "hello_timeout" Timeout REQUEST_TIMEOUT;
    AuthFailed "auth_failed" Unauthenticated UNAUTHORIZED;
    Revoked "revoked" Unauthenticated UNAUTHORIZED;
    AccountDisabled "account_disabled" Unauthenticated UNAUTHORIZED;
    TooManyDevices "too_many_devices" TooMany TOO_MANY_REQUESTS;
    Slow "slow" Unavailable SERVICE_UNAVAILABLE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_names_of_the_proto_values() {
        for reason in Reason::all() {
            let name = reason.as_str_name().strip_prefix("ERROR_REASON_").unwrap();

            assert_eq!(reason.word(), name.to_lowercase());
            assert_eq!(Reason::from_word(reason.word()), Some(reason));
        }
    }
}
