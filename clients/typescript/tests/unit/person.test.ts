import { beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../../src/api/error.js";
import type { Source } from "../../src/api/source.js";
import { roomId, sessionId, userId } from "../../src/model/ids.js";
import type { User } from "../../src/model/user.js";
import { Keeper } from "../../src/persist/keeper.js";
import { memoryStorage } from "../../src/persist/memory.js";
import { World } from "../../src/store/world.js";
import { Cursors } from "../../src/sync/cursors.js";
import { Device } from "../../src/sync/device.js";
import type { Link } from "../../src/sync/link.js";
import { toParticipant, toRoom } from "../../src/wire/chat.js";
import { toMe, toUser } from "../../src/wire/people.js";
import { ANN, AT, ME, ROOM, SESSION, userEvent, wireMe, wireMember, wireRequest, wireRoom, wireUser } from "../support/wire.js";

const room = roomId(ROOM);
const ann = userId(ANN);
const gone = new ApiError({ code: "not_found", status: 404, message: "", errors: [], retryable: false, retryAfterMs: null, requestId: null });

let world: World;
let device: Device;
let user: ReturnType<typeof vi.fn<(id: string) => Promise<User>>>;

beforeEach(() => {
  world = new World(toMe(wireMe()));
  const cursors = new Cursors();
  cursors.start(1, 0);
  user = vi.fn(async (id) => toUser(wireUser(id, { friends_count: 1, relation: "friends" })));
  device = new Device({
    world,
    cursors,
    keeper: new Keeper(memoryStorage(), world, cursors),
    source: { user, friends: async () => [] } as Partial<Source> as Source,
    link: {} as Link,
    sessionId: sessionId(SESSION),
    settle: vi.fn(),
    onSessionEnded: vi.fn(),
    onArrival: vi.fn(),
    onAccepted: vi.fn(),
  });
});

const tell = (type: string, d: unknown) => device.frame({ t: "user", ...userEvent(1, type, d) });
const accept = () => tell("friend.accepted", wireRequest({ status: "accepted", responded_at: AT, direction: "outgoing" }));
const profile = () => world.people.of(ann).getSnapshot();
const named = () => world.rooms.get(room)?.participants.map((it) => it.user.username);

describe("a profile that is open", () => {
  it("counts the new friendship too", async () => {
    world.people.of(ann).set(toUser(wireUser(ANN, { relation: "outgoing" })));
    world.people.of(ann).subscribe(() => undefined);

    accept();

    await vi.waitFor(() => expect(profile()).toMatchObject({ friendsCount: 1, relation: "friends" }));
  });

  it("is not read again when nobody looks at it", () => {
    accept();

    expect(user).not.toHaveBeenCalled();
  });
});

describe("somebody whose account is deleted", () => {
  beforeEach(() => {
    user.mockRejectedValue(gone);
    world.people.of(ann).set(toUser(wireUser(ANN, { bio: "climbs", friends_count: 3 })));
    world.rooms.adopt(toRoom(wireRoom({ kind: "direct", name: null })));
    world.participants.of(room).set({ items: [wireMember(ME), wireMember(ANN)].map(toParticipant), load: { kind: "ready" }, hasMore: false });
  });

  it("has no name any more when the friendship ends with it", async () => {
    tell("friend.removed", { user_id: ANN });

    await vi.waitFor(() => expect(named()).toEqual(["u1", ""]));
    expect(profile()).toMatchObject({ username: "", bio: null, friendsCount: 0, relation: "none" });
    expect(world.participants.of(room).getSnapshot().items.map((it) => it.user.displayName)).toEqual(["Name 1", "deleted account"]);
  });

  it("has none after what I wrote to them was refused", async () => {
    device.wasRefused(room);

    await vi.waitFor(() => expect(named()).toEqual(["u1", ""]));
  });

  it("keeps it where the server cannot be asked", async () => {
    user.mockRejectedValue(ApiError.network());

    await expect(device.loader.person(ann)).rejects.toThrow();

    expect(named()).toEqual(["u1", "ua"]);
  });
});
