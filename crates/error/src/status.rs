//! Failures as gRPC statuses with `google.rpc` details, as messages inside streams, and back.

use std::time::Duration;

use kith_api::common::v1;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::{Failure, Fault, Reason, ReasonExt as _, Violation, reason::Kind};

/// The `domain` of our `ErrorInfo`.
const DOMAIN: &str = "kith";
/// A status travels in headers, of which a peer takes 8 KiB (gRPC's default) and 16 KiB at most; one that gets more may end
/// the connection, with everybody's calls and streams on it. So many bytes of bad fields fit, as base64 beside the rest.
const VIOLATION_BYTES: usize = 5 * 1024;
/// Tags and lengths of one violation in a status.
const VIOLATION_OVERHEAD: usize = 16;

/// Turns a service's error into the status that leaves it; logs an internal one, once, here.
pub fn into_status<E: Fault>(error: &E) -> Status {
    let failure = error.failure();
    if failure.reason.kind() == Kind::Internal {
        tracing::error!(error = %chain(error), "an internal error reached the edge of a service");
    }
    Status::from(failure)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(failure.reason.word(), DOMAIN, [] as [(String, String); 0]);
        if !failure.violations.is_empty() {
            details.set_bad_request(
                fitting(&failure.violations)
                    .map(field_violation)
                    .collect::<Vec<_>>(),
            );
        }
        if failure.retry_after.is_some() {
            details.set_retry_info(failure.retry_after);
        }
        Self::with_error_details(failure.reason.kind().grpc_code(), failure.message, details)
    }
}

/// As many as a status can hold, in their order.
fn fitting(violations: &[Violation]) -> impl Iterator<Item = &Violation> {
    violations.iter().scan(0, |bytes, violation| {
        let text = violation.field.len() + violation.code.len() + violation.message.len();
        *bytes += text + VIOLATION_OVERHEAD;
        (*bytes <= VIOLATION_BYTES).then_some(violation)
    })
}

fn field_violation(violation: &Violation) -> FieldViolation {
    let mut wire = FieldViolation::new(&violation.field, &violation.message);
    wire.reason.clone_from(&violation.code);
    wire
}

impl From<&Status> for Failure {
    /// Reads our details; a status without them (a dead connection, a deadline) is judged by its code.
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let known = details
            .error_info()
            .filter(|info| info.domain == DOMAIN)
            .and_then(|info| Reason::from_word(&info.reason));
        let Some(reason) = known else {
            return of_foreign_code(status.code());
        };
        let violations = details.bad_request().map_or_else(Vec::new, |bad| {
            bad.field_violations
                .iter()
                .map(|wire| Violation::new(&wire.field, &wire.reason, &wire.description))
                .collect()
        });
        Self {
            reason,
            message: status.message().to_owned(),
            violations,
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
        }
    }
}

fn of_foreign_code(code: Code) -> Failure {
    match code {
        Code::DeadlineExceeded | Code::Cancelled => {
            Failure::new(Reason::Timeout, "the answer took too long; try again")
                .with_retry_after(Duration::from_secs(1))
        }
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted => {
            Failure::unavailable(Duration::from_secs(1))
        }
        Code::OutOfRange => Failure::new(Reason::TooLarge, "the message is too large"),
        _ => Failure::internal(),
    }
}

impl From<Failure> for v1::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            reason: failure.reason.into(),
            message: failure.message,
            violations: failure
                .violations
                .into_iter()
                .map(|violation| v1::FieldViolation {
                    field: violation.field,
                    code: violation.code,
                    message: violation.message,
                })
                .collect(),
            retry_after_ms: failure
                .retry_after
                .and_then(|after| u32::try_from(after.as_millis()).ok())
                .unwrap_or(0),
        }
    }
}

impl From<v1::Failure> for Failure {
    fn from(wire: v1::Failure) -> Self {
        Self {
            reason: wire.reason(),
            message: wire.message,
            violations: wire
                .violations
                .into_iter()
                .map(|violation| Violation {
                    field: violation.field,
                    code: violation.code,
                    message: violation.message,
                })
                .collect(),
            retry_after: (wire.retry_after_ms > 0)
                .then(|| Duration::from_millis(u64::from(wire.retry_after_ms))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_wire() {
        let failure = Failure::invalid_field("text", "too_long", "at most 4,000 characters")
            .with_retry_after(Duration::from_secs(2));

        let back = Failure::from(&Status::from(failure.clone()));

        assert_eq!(back, failure);
        assert_eq!(Failure::from(v1::Failure::from(failure.clone())), failure);
    }

    #[test]
    fn a_status_fits_into_headers_however_many_fields_are_bad() {
        let message = "01940000-0000-7000-8000-000000000000: there is no such person";
        let violations: Vec<_> = (0..1_000)
            .map(|place| Violation::new(format!("user_ids[{place}]"), "not_found", message))
            .collect();
        let failure = Failure {
            violations: violations.clone(),
            ..Failure::new(Reason::NotFound, "there is no such person")
        };

        let status = Status::from(failure);

        let base64 = status.details().len() * 4 / 3;
        assert!(base64 < 8 * 1024 - 512, "{base64} bytes");
        let named = Failure::from(&status).violations;
        assert!(named.len() >= 40, "{} are named", named.len());
        assert_eq!(named, violations[..named.len()]);
    }

    #[test]
    fn a_status_that_is_not_ours_is_judged_by_its_code() {
        let cases = [
            (Code::DeadlineExceeded, Reason::Timeout),
            (Code::Unavailable, Reason::Unavailable),
            (Code::Unknown, Reason::Internal),
        ];
        for (code, reason) in cases {
            assert_eq!(
                Failure::from(&Status::new(code, "transport")).reason,
                reason
            );
        }
    }
}
