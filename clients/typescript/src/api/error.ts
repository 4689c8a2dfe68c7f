/** How a call fails: the server's problem document, or no answer at all. */

/** The published words, and two of this side: `network` (no answer) and `signed_out` (no session any more). */
export type ErrorCode =
  | "invalid_request"
  | "invalid_field"
  | "unknown_field"
  | "malformed_json"
  | "unsupported_media_type"
  | "too_large"
  | "unauthenticated"
  | "token_expired"
  | "invalid_credentials"
  | "forbidden"
  | "not_allowed_by_privacy"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "username_taken"
  | "already_requested"
  | "already_friends"
  | "request_closed"
  | "cannot_target_self"
  | "client_id_reused"
  | "last_owner"
  | "room_full"
  | "cursor_invalid"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "internal"
  | "bad_frame"
  | "hello_timeout"
  | "auth_failed"
  | "revoked"
  | "account_disabled"
  | "too_many_devices"
  | "slow"
  | "network"
  | "signed_out";

/** One bad field. */
export interface FieldError {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** What is known of a failure. */
export interface Problem {
  /** A word of `ErrorCode`, or one that is newer than this package. */
  readonly code: ErrorCode | (string & {});
  readonly status: number;
  readonly message: string;
  readonly errors: readonly FieldError[];
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;
}

/** A call that failed. Switch on `code`, never on the text. */
export class ApiError extends Error implements Problem {
  override readonly name = "ApiError";
  readonly code: Problem["code"];
  /** 0 when no answer came. */
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.message, { cause });
    this.code = problem.code;
    this.status = problem.status;
    this.errors = problem.errors;
    this.retryable = problem.retryable;
    this.retryAfterMs = problem.retryAfterMs;
    this.requestId = problem.requestId;
  }

  /** No answer came: whether the call took effect is not known. */
  static network(cause?: unknown): ApiError {
    return ApiError.local("network", "the server cannot be reached", true, cause);
  }

  /** There is no session any more; log in again. */
  static signedOut(): ApiError {
    return ApiError.local("signed_out", "this session has ended", false);
  }

  private static local(code: ErrorCode, message: string, retryable: boolean, cause?: unknown) {
    return new ApiError(
      { code, status: 0, message, errors: [], retryable, retryAfterMs: null, requestId: null },
      cause,
    );
  }
}
