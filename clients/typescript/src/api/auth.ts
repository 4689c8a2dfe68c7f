/** The session's tokens: a fresh access token for whoever asks, with one refresh under way at most. */

import type { Schemas } from "../wire/schemas.js";
import { ApiError } from "./error.js";
import { problemOf } from "./problem.js";

/** What outlives this process. */
export interface Credential {
  /** Null in browsers, where it is a cookie that no script can read. */
  readonly refreshToken: string | null;
  /** Of a refresh whose answer has not come: repeating it with the same id gets the same answer. */
  readonly attemptId: string | null;
}

export interface Credentials {
  load(): Promise<Credential | null>;
  save(credential: Credential | null): Promise<void>;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: number;
}

export interface AuthOptions {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  readonly credentials: Credentials;
  /** Runs alone among all tabs: two refreshes with one token would look like a stolen one. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly newId: () => string;
}

/** A token that ends sooner is not used: it must survive the way to the server. */
const MARGIN_MS = 30_000;

export class Auth {
  readonly #options: AuthOptions;
  #access: AccessToken | null = null;
  #flight: Promise<void> | null = null;
  #hasEnded = false;

  /** A new token came in, from a refresh here. */
  onToken: (access: AccessToken) => void = () => {};
  /** The server ended the session. */
  onEnded: () => void = () => {};

  constructor(options: AuthOptions) {
    this.#options = options;
  }

  get expiresAt(): number | null {
    return this.#access?.expiresAt ?? null;
  }

  /** Takes in what login and refresh answer. */
  async adopt(session: Schemas["SessionResponse"]): Promise<void> {
    await this.#options.credentials.save({ refreshToken: session.refresh_token, attemptId: null });
    const expiresAt = this.#options.now() + session.expires_in * 1000;
    this.#access = { token: session.access_token, expiresAt };
    this.onToken(this.#access);
  }

  /** Takes in what another tab got. */
  share(access: AccessToken): void {
    if (access.expiresAt > (this.#access?.expiresAt ?? 0)) this.#access = access;
  }

  async token(): Promise<string> {
    if (!this.#isFresh()) await this.refresh(this.#access?.token);
    if (!this.#access) throw ApiError.signedOut();
    return this.#access.token;
  }

  /** Gets a token other than `stale`. */
  async refresh(stale: string | undefined): Promise<void> {
    if (this.#hasEnded) throw ApiError.signedOut();
    this.#flight ??= this.#options
      .alone(async () => {
        // While this one waited, another tab may have done it.
        if (!this.#isFresh() || this.#access?.token === stale) await this.#refreshNow();
      })
      .finally(() => {
        this.#flight = null;
      });
    await this.#flight;
  }

  /** Gets a token other than the present one. */
  renew(): Promise<void> {
    return this.refresh(this.#access?.token);
  }

  /** Nothing is sent in this session's name any more, also not by the next start. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#access = null;
    await this.#options.credentials.save(null);
  }

  #isFresh(): boolean {
    return this.#access !== null && this.#access.expiresAt - this.#options.now() > MARGIN_MS;
  }

  async #refreshNow(): Promise<void> {
    const { credentials, newId } = this.#options;
    const credential = await credentials.load();
    if (!credential) return this.#endNow();
    const attemptId = credential.attemptId ?? newId();
    // Stored first: if this process dies before the answer, the next one asks with the same id.
    await credentials.save({ ...credential, attemptId });
    const response = await this.#post({ refresh_token: credential.refreshToken, attempt_id: attemptId });
    if (response.ok) return this.adopt((await response.json()) as Schemas["SessionResponse"]);
    if (response.status === 401 || response.status === 400) return this.#endNow();
    throw await problemOf(response);
  }

  async #post(body: Schemas["RefreshRequest"]): Promise<Response> {
    try {
      return await this.#options.fetch(`${this.#options.baseUrl}/api/v1/auth/refresh`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body.refresh_token ? body : { attempt_id: body.attempt_id }),
      });
    } catch (error) {
      throw ApiError.network(error);
    }
  }

  async #endNow(): Promise<never> {
    await this.end();
    this.onEnded();
    throw ApiError.signedOut();
  }
}
