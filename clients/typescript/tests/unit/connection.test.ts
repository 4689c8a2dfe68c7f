import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../../src/api/error.js";
import type { Connection, ConnectionOptions } from "../../src/sync/connection.js";
import { FakeSocket, connection } from "../support/socket.js";

let live: Connection;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

/** Starts it and lets the token arrive. */
async function start(over: Partial<ConnectionOptions> = {}): Promise<Connection> {
  live = connection(over);
  live.start();
  await vi.advanceTimersByTimeAsync(0);
  return live;
}

const kind = () => live.state.getSnapshot().kind;

describe("connecting", () => {
  it("presents the token in the first frame and is live after ready", async () => {
    await start();
    expect(kind()).toBe("connecting");

    FakeSocket.last.open();
    expect(kind()).toBe("authenticating");
    expect(FakeSocket.last.url).not.toContain("token");
    expect(FakeSocket.last.protocol).toBe("kith.v1");
    expect(FakeSocket.last.sent[0]).toMatchObject({ t: "hello", token: "token" });

    FakeSocket.last.ready();
    expect(kind()).toBe("live");
  });

  it("resumes from its cursors until everything missed has come", async () => {
    const resume = { epoch: 1, useq: 7, rooms: { r: 3 } };
    const onFrame = vi.fn();
    await start({ cursors: () => resume, onFrame });
    FakeSocket.last.open();
    FakeSocket.last.ready();

    expect(FakeSocket.last.sent[0]).toMatchObject({ resume });
    expect(kind()).toBe("resuming");
    expect(onFrame).toHaveBeenCalledWith(expect.objectContaining({ t: "ready" }), true);

    FakeSocket.last.say({ t: "resumed", useq: 7, too_long: [], user_too_long: false });
    expect(kind()).toBe("live");
  });

  it("is live after a refused cursor: the session goes on afresh", async () => {
    const onFrame = vi.fn();
    await start({ cursors: () => ({ epoch: 9, useq: 7, rooms: {} }), onFrame });
    FakeSocket.last.open();
    FakeSocket.last.ready();
    FakeSocket.last.say({ t: "err", code: "cursor_invalid", message: "", retryable: false });

    expect(kind()).toBe("live");
    expect(onFrame).toHaveBeenLastCalledWith(expect.objectContaining({ code: "cursor_invalid" }), true);
  });

  it("gives up on a server that does not answer", async () => {
    await start();
    await vi.advanceTimersByTimeAsync(15_000);

    expect(kind()).toBe("backing_off");
  });

  it("backs off when no token can be had, and stops when there is no session", async () => {
    await start({ token: () => Promise.reject(ApiError.network()) });
    expect(kind()).toBe("backing_off");
    live.stop();

    await start({ token: () => Promise.reject(ApiError.signedOut()) });
    expect(live.state.getSnapshot()).toEqual({ kind: "stopped", reason: "signed_out" });
  });
});

describe("a close", () => {
  const opened = async (over: Partial<ConnectionOptions> = {}): Promise<void> => {
    await start(over);
    FakeSocket.last.open();
    FakeSocket.last.ready();
  };

  it.each([1001, 1006, 1009, 4000, 4001, 4003, 4004, 4499])("%i means try again", async (code) => {
    await opened();
    FakeSocket.last.end(code);
    expect(kind()).toBe("backing_off");

    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it.each([
    [4500, "protocol"],
    [4502, "signed_out"],
    [4503, "account_disabled"],
    [4504, "too_many_devices"],
    [4999, "protocol"],
  ])("%i means stop", async (code, reason) => {
    await opened();
    FakeSocket.last.end(code);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(live.state.getSnapshot()).toEqual({ kind: "stopped", reason });
    expect(FakeSocket.opened).toHaveLength(1);
  });

  it("4002 gets a new token first", async () => {
    const refresh = vi.fn(async () => {});
    await opened({ refresh });
    FakeSocket.last.end(4002);
    await vi.advanceTimersByTimeAsync(500);

    expect(refresh).toHaveBeenCalledOnce();
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it("4501 stops when a new token does not hold either", async () => {
    const refresh = vi.fn(async () => {});
    await opened({ refresh });
    FakeSocket.last.end(4501);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.last.open();
    FakeSocket.last.end(4501);

    expect(refresh).toHaveBeenCalledOnce();
    expect(live.state.getSnapshot()).toEqual({ kind: "stopped", reason: "signed_out" });
  });

  it("after drain comes when the server said", async () => {
    await opened();
    FakeSocket.last.say({ t: "drain", resume_after_ms: 3_000 });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(kind()).toBe("live");

    await vi.advanceTimersByTimeAsync(1);
    expect(kind()).toBe("backing_off");
  });
});

describe("the wait between tries", () => {
  it("doubles up to half a minute, with full jitter", async () => {
    await start({ random: () => 1 });
    const waits: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      FakeSocket.last.end(1006);
      const state = live.state.getSnapshot();
      if (state.kind === "backing_off") waits.push(state.retryAt - Date.now());
      await vi.advanceTimersByTimeAsync(waits.at(-1) ?? 0);
    }

    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  });

  it("starts over after a good connection, and ends when the network is back", async () => {
    await start({ random: () => 0.999 });
    FakeSocket.last.end(1006);
    live.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.opened).toHaveLength(2);

    FakeSocket.last.open();
    FakeSocket.last.ready();
    await vi.advanceTimersByTimeAsync(30_000);
    FakeSocket.last.end(1006);
    expect(live.state.getSnapshot()).toMatchObject({ kind: "backing_off", attempt: 1 });
  });
});

describe("a live connection", () => {
  beforeEach(async () => {
    await start();
    FakeSocket.last.open();
    FakeSocket.last.ready();
  });

  it("is given up after a heartbeat and ten seconds of silence", async () => {
    await vi.advanceTimersByTimeAsync(34_000);
    FakeSocket.last.say({ t: "heads", useq: 0, rooms: {} });
    await vi.advanceTimersByTimeAsync(34_000);
    expect(kind()).toBe("live");

    await vi.advanceTimersByTimeAsync(1_000);
    expect(kind()).toBe("backing_off");
  });

  it("proves within five seconds of waking that it lives", async () => {
    live.wake();
    const ping = FakeSocket.last.sent.at(-1);
    expect(ping).toMatchObject({ t: "ping" });
    FakeSocket.last.say({ t: "ok", ref: ping?.ref, d: {} });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(kind()).toBe("live");

    live.wake();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(kind()).toBe("backing_off");
  });

  it("matches answers to requests by their ref, in any order", async () => {
    const first = live.request("read", { room_id: "a", seq: 1 });
    const second = live.request("read", { room_id: "b", seq: 2 });
    const [a, b] = FakeSocket.last.sent.slice(-2);
    FakeSocket.last.say({ t: "err", ref: b?.ref, code: "not_found", message: "", retryable: false });
    FakeSocket.last.say({ t: "ok", ref: a?.ref, d: { last_read_seq: 1, unread_count: 0 } });

    await expect(first).resolves.toEqual({ last_read_seq: 1, unread_count: 0 });
    await expect(second).rejects.toMatchObject({ code: "not_found", retryable: false });
  });

  it("leaves requests open when it breaks: their effect is not known", async () => {
    const open = live.request("read", { room_id: "a", seq: 1 });
    FakeSocket.last.end(1006);

    await expect(open).rejects.toMatchObject({ code: "network", retryable: true });
    await expect(live.request("ping", {})).rejects.toMatchObject({ code: "network" });
  });

  it("keeps below the server's number of unanswered requests", async () => {
    const open = Array.from({ length: 70 }, (_, n) => live.request("read", { room_id: "a", seq: n }));
    const asked = () => FakeSocket.last.sent.filter(({ t }) => t === "read");
    expect(asked()).toHaveLength(48);

    for (let n = 0; n < 70; n += 1) FakeSocket.last.say({ t: "ok", ref: asked()[n]?.ref, d: {} });
    await expect(Promise.all(open)).resolves.toHaveLength(70);
  });

  it("ignores frames that it does not know", () => {
    FakeSocket.last.say({ t: "confetti" });
    FakeSocket.last.dispatchEvent(Object.assign(new Event("message"), { data: "no json" }));

    expect(kind()).toBe("live");
  });
});

describe("the token", () => {
  it("is renewed on the open socket before it ends", async () => {
    const refresh = vi.fn(async () => {});
    const expiresAt = Date.now() + 900_000;
    await start({ refresh, expiresAt: () => expiresAt });
    FakeSocket.last.open();
    FakeSocket.last.ready();
    for (let n = 0; n < 34; n += 1) {
      await vi.advanceTimersByTimeAsync(24_706);
      FakeSocket.last.say({ t: "heads", useq: 0, rooms: {} });
    }
    expect(refresh).toHaveBeenCalledOnce();

    const reauth = FakeSocket.last.sent.find(({ t }) => t === "reauth");
    expect(reauth).toMatchObject({ token: "token" });
    expect(kind()).toBe("live");
  });
});
