/** Turns answers that are no success into `ApiError`. */

import type { ErrFrame } from "../wire/frames.js";
import { ApiError } from "./error.js";

/** What a refused call says; proxies in between may say anything. */
export async function problemOf(response: Response): Promise<ApiError> {
  const body = await response.text().catch(() => "");
  const document = parse(body);
  const code = typeof document.code === "string" ? document.code : wordFor(response.status);
  return new ApiError({
    code,
    status: response.status,
    message: typeof document.detail === "string" ? document.detail : response.statusText,
    errors: Array.isArray(document.errors) ? document.errors : [],
    retryable: typeof document.retryable === "boolean" ? document.retryable : response.status >= 500,
    retryAfterMs: retryAfter(document.retry_after_ms, response.headers.get("Retry-After")),
    requestId: response.headers.get("X-Request-Id"),
  });
}

/** The same for a refusal on the socket. */
export const problemOfFrame = (frame: ErrFrame): ApiError =>
  new ApiError({
    code: frame.code,
    status: 0,
    message: frame.message,
    errors: [],
    retryable: frame.retryable,
    retryAfterMs: frame.retry_after_ms ?? null,
    requestId: null,
  });

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function retryAfter(field: unknown, header: string | null): number | null {
  if (typeof field === "number") return field;
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

function wordFor(status: number): string {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 413) return "too_large";
  if (status === 429) return "rate_limited";
  if (status === 504) return "timeout";
  return status >= 500 ? "unavailable" : "invalid_request";
}
