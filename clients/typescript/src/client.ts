/** The entrance: sign up, log in, or go on where the device left off. */

import { Auth, type Credential, type Credentials } from "./api/auth.js";
import { answer, createRest } from "./api/rest.js";
import { sessionId, userId } from "./model/ids.js";
import { indexedDbStorage } from "./persist/indexeddb.js";
import { memoryStorage } from "./persist/memory.js";
import type { SavedDevice, Storage } from "./persist/storage.js";
import { type EndReason, type Session, createSession } from "./session.js";
import { Cell, type Store } from "./store/cell.js";
import { alone } from "./sync/alone.js";
import { toMe } from "./wire/people.js";
import type { Schemas } from "./wire/schemas.js";

/** Where Node keeps what the next start needs. Browsers need none: their refresh token is an HttpOnly cookie. */
export interface TokenStore {
  load(): Promise<string | null>;
  /** A secret: whoever has it is this session. Null removes it. */
  save(secret: string | null): Promise<void>;
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
  | { readonly kind: "signed_out"; readonly reason: EndReason }
  | { readonly kind: "signed_in"; readonly session: Session };

export interface Client {
  readonly state: Store<ClientState>;
  /** Goes on with the session of this device, also without a network; null when there is none. */
  restore(): Promise<Session | null>;
  register(registration: Registration): Promise<Session>;
  login(username: string, password: string): Promise<Session>;
}

export function createClient(options: ClientOptions): Client {
  return new KithClient(options);
}

/** What a token store holds. */
interface Secret extends Credential {
  readonly device: SavedDevice;
}

class KithClient implements Client {
  readonly state = new Cell<ClientState>({ kind: "unknown" });
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch = (...args) => globalThis.fetch(...args);
  #storage: Promise<Storage> | null = null;
  #restoring: Promise<Session | null> | null = null;

  constructor(options: ClientOptions) {
    const baseUrl = (options.baseUrl || (globalThis.location?.origin ?? "")).replace(/\/$/, "");
    this.#options = { ...options, baseUrl };
  }

  restore(): Promise<Session | null> {
    this.#restoring ??= this.#restore();
    return this.#restoring;
  }

  async register(registration: Registration): Promise<Session> {
    const { username, password, displayName } = registration;
    const body = { username, password, ...(displayName && { display_name: displayName }), ...this.#entry() };
    return this.#enter(await answer(this.#open().POST("/api/v1/auth/register", { body })));
  }

  async login(username: string, password: string): Promise<Session> {
    const body = { username, password, ...this.#entry() };
    return this.#enter(await answer(this.#open().POST("/api/v1/auth/login", { body })));
  }

  async #restore(): Promise<Session | null> {
    const storage = await this.#openStorage();
    const device = await this.#savedDevice(storage);
    if (device && !device.hasEnded) return this.#begin(device, this.#makeAuth(storage, device), storage);
    this.state.set({ kind: "signed_out", reason: null });
    return null;
  }

  async #enter(entered: Schemas["SessionResponse"]): Promise<Session> {
    const former = this.state.getSnapshot();
    if (former.kind === "signed_in") await former.session.close();
    this.#restoring = null;
    if (former.kind === "signed_in") this.#storage = null;
    const storage = await this.#openStorage();
    const me = toMe(entered.user);
    // What one person wrote and read here is none of the next one's business.
    const last = await storage.device();
    if (last && last.userId !== me.id) await storage.wipe();
    else await storage.wipeServerData();
    const id = sessionId(entered.session_id);
    const device: SavedDevice = { userId: userId(me.id), sessionId: id, me, attemptId: null, hasEnded: false };
    await storage.saveDevice(device);
    const auth = this.#makeAuth(storage, device);
    await auth.adopt(entered);
    return this.#begin(device, auth, storage);
  }

  async #begin(device: SavedDevice, auth: Auth, storage: Storage): Promise<Session> {
    const { baseUrl, WebSocket: Socket = globalThis.WebSocket } = this.#options;
    const onEnd = (reason: EndReason): void => {
      this.#restoring = null;
      this.state.set({ kind: "signed_out", reason });
    };
    const session = await createSession({
      device,
      auth,
      rest: createRest({ baseUrl, fetch: this.#fetch, auth }),
      storage,
      socketUrl: `${baseUrl.replace(/^http/, "ws")}/api/v1/ws`,
      WebSocket: Socket,
      platform: globalThis.document ? "browser" : "node",
      onEnd,
    });
    this.state.set({ kind: "signed_in", session });
    return session;
  }

  #open() {
    return createRest({ baseUrl: this.#options.baseUrl, fetch: this.#fetch });
  }

  #entry() {
    const { deviceName, tokens } = this.#options;
    return { ...(deviceName && { device_name: deviceName }), ...(!tokens && { cookie: true }) };
  }

  #openStorage(): Promise<Storage> {
    const kind = this.#options.storage ?? (globalThis.indexedDB ? "indexeddb" : "memory");
    this.#storage ??= kind === "indexeddb" ? indexedDbStorage() : Promise.resolve(memoryStorage());
    return this.#storage;
  }

  async #savedDevice(storage: Storage): Promise<SavedDevice | null> {
    const { tokens } = this.#options;
    if (!tokens) return storage.device();
    const secret = await tokens.load();
    return secret === null ? null : (JSON.parse(secret) as Secret).device;
  }

  #makeAuth(storage: Storage, device: SavedDevice): Auth {
    const { tokens, baseUrl } = this.#options;
    const credentials = tokens ? inTokenStore(tokens, device) : inCookie(storage);
    return new Auth({
      baseUrl,
      fetch: this.#fetch,
      credentials,
      alone: (work) => alone(`kith refresh ${device.userId}`, work),
      now: Date.now,
      newId: () => crypto.randomUUID(),
    });
  }
}

function inTokenStore(tokens: TokenStore, device: SavedDevice): Credentials {
  return {
    load: async () => {
      const secret = await tokens.load();
      return secret === null ? null : (JSON.parse(secret) as Secret);
    },
    save: (credential) => tokens.save(credential && JSON.stringify({ ...credential, device } satisfies Secret)),
  };
}

/** The token itself is where no script can read it; here is only how its last refresh stands. */
function inCookie(storage: Storage): Credentials {
  return {
    load: async () => {
      const device = await storage.device();
      return device && !device.hasEnded ? { refreshToken: null, attemptId: device.attemptId } : null;
    },
    save: async (credential) => {
      const device = await storage.device();
      if (!device) return;
      await storage.saveDevice(credential ? { ...device, attemptId: credential.attemptId } : { ...device, hasEnded: true });
    },
  };
}
