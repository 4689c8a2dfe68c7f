import { beforeEach, describe, expect, it, vi } from "vitest";

import { Auth, type Credential } from "../../src/api/auth.js";
import { createRest } from "../../src/api/rest.js";
import { alone } from "../../src/sync/alone.js";
import { wireMe } from "../support/wire.js";

interface Call {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

let saved: Credential | null;
let calls: Call[];
let answers: (() => Response)[];
let auth: Auth;
let ids = 0;

const session = (n: number): Response =>
  Response.json({ user: wireMe(), session_id: "s", access_token: `access ${n}`, token_type: "Bearer", expires_in: 900, refresh_token: `refresh ${n}` });
const unauthorized = (): Response => Response.json({ code: "unauthenticated", status: 401 }, { status: 401 });
const lost = (): Response => {
  throw new TypeError("fetch failed");
};

const fakeFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const text = await request.text();
  calls.push({ url: request.url, body: text ? JSON.parse(text) : {} });
  const answer = answers.shift();
  if (!answer) throw new Error(`no answer for ${request.url}`);
  return answer();
};

const refreshes = () => calls.filter(({ url }) => url.endsWith("/auth/refresh"));

beforeEach(() => {
  saved = { refreshToken: "refresh 0", attemptId: null };
  calls = [];
  answers = [];
  auth = new Auth({
    baseUrl: "http://kith.test",
    fetch: fakeFetch,
    credentials: {
      load: async () => saved,
      save: async (credential) => {
        saved = credential;
      },
    },
    alone: (work) => alone("test", work),
    now: () => 0,
    newId: () => `attempt ${(ids += 1)}`,
  });
});

describe("a refresh", () => {
  it("is one for all who wait", async () => {
    answers = [() => session(1)];

    const tokens = await Promise.all([auth.token(), auth.token(), auth.token()]);

    expect(tokens).toEqual(["access 1", "access 1", "access 1"]);
    expect(refreshes()).toHaveLength(1);
    expect(saved).toEqual({ refreshToken: "refresh 1", attemptId: null });
  });

  it("is repeated with the same attempt when its answer was lost", async () => {
    answers = [lost, () => session(1)];

    await expect(auth.token()).rejects.toMatchObject({ code: "network" });
    expect(saved?.attemptId).toBeTruthy();
    await auth.token();

    const [first, second] = refreshes();
    expect(second?.body).toEqual(first?.body);
  });

  it("ends the session when the server refuses it, once", async () => {
    answers = [unauthorized];
    const onEnded = vi.fn();
    auth.onEnded = onEnded;

    await expect(auth.token()).rejects.toMatchObject({ code: "signed_out" });
    await expect(auth.token()).rejects.toMatchObject({ code: "signed_out" });

    expect(onEnded).toHaveBeenCalledOnce();
    expect(saved).toBeNull();
  });

  it("does not end the session when the server has troubles", async () => {
    answers = [() => Response.json({ code: "unavailable", retryable: true, retry_after_ms: 50 }, { status: 503 })];

    await expect(auth.token()).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 50 });

    expect(saved?.refreshToken).toBe("refresh 0");
  });

  it("is not needed when another tab has done it", async () => {
    auth.share({ token: "shared", expiresAt: 900_000 });

    await expect(auth.token()).resolves.toBe("shared");
    expect(calls).toEqual([]);
  });
});

describe("a call", () => {
  const rest = () => createRest({ baseUrl: "http://kith.test", fetch: fakeFetch, auth });

  it("that meets an ended token is repeated with a new one", async () => {
    answers = [() => session(1), unauthorized, () => session(2), () => Response.json(wireMe())];

    const { data } = await rest().GET("/api/v1/users/me");

    expect(data).toMatchObject({ username: "u1" });
    expect(refreshes()).toHaveLength(2);
  });

  it("tells every bad field", async () => {
    const errors = [{ field: "display_name", code: "too_long", message: "at most 64" }];
    answers = [() => session(1), () => Response.json({ code: "invalid_field", detail: "no", retryable: false, errors }, { status: 400 })];

    const call = rest().PATCH("/api/v1/users/me", { body: { display_name: "x" } });

    await expect(call).rejects.toMatchObject({ code: "invalid_field", status: 400, errors, retryable: false });
  });

  it("says so when the server cannot be reached", async () => {
    answers = [() => session(1), lost];

    await expect(rest().GET("/api/v1/users/me")).rejects.toMatchObject({ code: "network", retryable: true });
  });

  it("understands a proxy that answers in its own words", async () => {
    answers = [() => session(1), () => new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "Retry-After": "2" } })];

    await expect(rest().GET("/api/v1/users/me")).rejects.toMatchObject({ code: "unavailable", retryable: true, retryAfterMs: 2_000 });
  });
});
