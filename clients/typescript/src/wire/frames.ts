/** The socket's frames: what the server may say and what a client may. */

import type { Schemas } from "./schemas.js";

export type Heads = Readonly<Record<string, number>>;

/** A durable event of a room. `d` follows from `type`; types that are newer than this package are skipped. */
export interface WireEvent {
  readonly room_id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly d: unknown;
}

/** A durable event of mine. */
export interface WireUserEvent {
  readonly useq: number;
  readonly type: string;
  readonly at: string;
  readonly d: unknown;
}

export interface ReadyFrame {
  readonly t: "ready";
  readonly session_id: string;
  readonly user_id: string;
  readonly epoch: number;
  readonly useq: number;
  readonly heartbeat_ms: number;
  readonly rooms: Heads;
}

export interface ResumedFrame {
  readonly t: "resumed";
  readonly useq: number;
  readonly too_long: readonly Schemas["RoomHead"][];
  readonly user_too_long: boolean;
}

export interface PresenceFrame {
  readonly t: "presence";
  readonly user_id: string;
  readonly status: string;
  readonly last_seen_at: string | null;
  readonly custom: string | null;
}

export interface ErrFrame {
  readonly t: "err";
  readonly ref?: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
}

export type ServerFrame =
  | ReadyFrame
  | ({ readonly t: "event" } & WireEvent)
  | ({ readonly t: "user" } & WireUserEvent)
  | {
      readonly t: "receipt";
      readonly room_id: string;
      readonly user_id: string;
      readonly read_seq?: number;
      readonly delivered_seq?: number;
    }
  | { readonly t: "typing"; readonly room_id: string; readonly user_id: string; readonly active: boolean }
  | PresenceFrame
  | { readonly t: "heads"; readonly useq: number; readonly rooms: Heads }
  | ResumedFrame
  | { readonly t: "behind"; readonly useq: number; readonly rooms: Heads }
  | { readonly t: "drain"; readonly resume_after_ms: number }
  | { readonly t: "ok"; readonly ref: string; readonly d?: unknown }
  | ErrFrame;

/** What a device has applied: with `hello`, and for the one-piece sync. */
export interface Resume {
  readonly epoch: number;
  readonly useq: number;
  readonly rooms: Heads;
}

/** Requests and the `d` of their answers. */
export interface Requests {
  send: {
    frame: { room_id: string; client_id: string; text: string; reply_to?: string };
    answer: { message: Schemas["MessageResponse"]; duplicate: boolean };
  };
  read: { frame: { room_id: string; seq: number }; answer: { last_read_seq: number; unread_count: number } };
  watch: { frame: { user_ids: readonly string[] }; answer: { presences: readonly Omit<PresenceFrame, "t">[] } };
  status: { frame: { status: string; custom?: string }; answer: unknown };
  fetch: {
    frame: { room_id: string; after: number; limit?: number };
    answer: { events: readonly WireEvent[]; from_seq: number; last_seq: number };
  };
  reauth: { frame: { token: string }; answer: { expires_at: string } };
  ping: { frame: object; answer: unknown };
}

export type RequestName = keyof Requests;

/** What is said without waiting for an answer. */
export type Notice =
  | { readonly t: "delivered"; readonly room_id: string; readonly seq: number }
  | { readonly t: "typing"; readonly room_id: string; readonly active: boolean };

const KINDS = new Set([
  "ready",
  "event",
  "user",
  "receipt",
  "typing",
  "presence",
  "heads",
  "resumed",
  "behind",
  "drain",
  "ok",
  "err",
]);

/** Null for what this package does not know: new kinds of frames are no error. */
export function parseFrame(text: string): ServerFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("t" in value)) return null;
  return typeof value.t === "string" && KINDS.has(value.t) ? (value as ServerFrame) : null;
}
