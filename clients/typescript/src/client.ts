/** The entrance: sign up, log in, or go on where the device left off. */

import type { Session } from "./session.js";
import type { Store } from "./store/cell.js";

/** Where Node keeps the refresh token. Browsers need none: theirs is an HttpOnly cookie. */
export interface TokenStore {
  load(): Promise<string | null>;
  /** Null removes it. */
  save(refreshToken: string | null): Promise<void>;
}

export interface ClientOptions {
  /** The server's origin; "" is the page's own. */
  readonly baseUrl: string;
  /** Left out, the refresh token is a cookie. */
  readonly tokens?: TokenStore;
  /** `indexeddb` where there is one, else `memory`. */
  readonly storage?: "indexeddb" | "memory";
  /** For Node before 22, which has none of its own. */
  readonly WebSocket?: typeof WebSocket;
  /** What this device is called in the list of devices. */
  readonly deviceName?: string;
}

export interface Registration {
  readonly username: string;
  readonly password: string;
  readonly displayName?: string;
}

export type ClientState =
  /** Nothing is known yet: call `restore`. */
  | { readonly kind: "unknown" }
  /** `reason` is null before any login and after a wanted logout. */
  | { readonly kind: "signed_out"; readonly reason: "session_ended" | "account_disabled" | null }
  | { readonly kind: "signed_in"; readonly session: Session };

export interface Client {
  readonly state: Store<ClientState>;
  /** Goes on with the session of this device, also without a network; null when there is none. */
  restore(): Promise<Session | null>;
  register(registration: Registration): Promise<Session>;
  login(username: string, password: string): Promise<Session>;
}
