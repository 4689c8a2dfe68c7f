/** One logged-in person on one device: made at login, ended at logout. Puts the parts together and takes them apart. */

import type { Auth } from "./api/auth.js";
import type { Rest } from "./api/rest.js";
import { postMessage, restSource } from "./api/source.js";
import { type Account, createAccount } from "./areas/account.js";
import { type Acceptances, type Friends, createFriends } from "./areas/friends.js";
import { type Arrivals, type Messages, createMessages } from "./areas/messages.js";
import { type People, createPeople } from "./areas/people.js";
import { type Rooms, createRooms } from "./areas/rooms.js";
import type { ConnectionState } from "./model/connection.js";
import type { RoomId, SessionId, UserId } from "./model/ids.js";
import { clientId } from "./model/ids.js";
import type { PendingMessage } from "./model/message.js";
import { Keeper } from "./persist/keeper.js";
import type { SavedDevice, Storage } from "./persist/storage.js";
import type { Store } from "./store/cell.js";
import { Drafts } from "./store/drafts.js";
import { World } from "./store/world.js";
import { Cursors } from "./sync/cursors.js";
import { Device } from "./sync/device.js";
import { Outbox } from "./sync/outbox.js";
import { Signals } from "./sync/signals.js";
import { Tab } from "./sync/tab.js";
import { type Channel, FollowerLink, SwitchedLink, openChannel } from "./sync/tabs.js";
import { Watching } from "./sync/watching.js";

export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly account: Account;
  readonly rooms: Rooms;
  readonly messages: Messages;
  readonly friends: Friends;
  readonly people: People;
  readonly connection: Store<ConnectionState>;
  /** Everything on its way, all rooms. */
  readonly outbox: Store<readonly PendingMessage[]>;
  /** Ends the session at the server and removes everything of it from this device. */
  logout(): Promise<void>;
  /** Closes the connection; what is on this device stays. */
  close(): Promise<void>;
}

export type EndReason = "session_ended" | "account_disabled" | null;

export interface SessionOptions {
  readonly device: SavedDevice;
  readonly auth: Auth;
  readonly rest: Rest;
  readonly storage: Storage;
  readonly socketUrl: string;
  readonly WebSocket: typeof WebSocket;
  readonly platform: string;
  /** Told once: null after a wanted end, when nothing stays on this device. */
  readonly onEnd: (reason: EndReason) => void;
}

/** The parts, wired to one another. `end` is what they call when the session is over. */
function assemble(options: SessionOptions, end: (reason: EndReason) => void) {
  const { device: saved, rest, storage } = options;
  const world = new World(saved.me);
  const cursors = new Cursors();
  const keeper = new Keeper(storage, world, cursors);
  const source = restSource(rest);
  const channel = openChannel(`kith ${saved.userId}`);
  const follower = new FollowerLink(channel, () => crypto.randomUUID());
  const link = new SwitchedLink(follower);
  const signals = new Signals(world, link, keeper.reads);
  const outbox = new Outbox({
    storage,
    link,
    post: postMessage(rest),
    now: Date.now,
    newId: () => clientId(crypto.randomUUID()),
    onSent: (message) => keeper.keep(message),
    onRefused: (id) => device.wasRefused(id),
  });
  const device: Device = new Device({
    world,
    cursors,
    keeper,
    source,
    link,
    sessionId: saved.sessionId,
    settle: (id) => void outbox.settle(id),
    onSessionEnded: () => end("session_ended"),
    onArrival: (message) => {
      // Of several tabs one is enough to say it.
      if (tab.leads) signals.delivered(message.roomId, message.seq);
      for (const listener of arrivals) listener(message);
    },
    onAccepted: (request) => {
      for (const listener of acceptances) listener(request);
    },
  });
  const arrivals: Arrivals = new Set();
  const acceptances: Acceptances = new Set();
  const watching = new Watching(world, link);
  const tab: Tab = new Tab({ ...options, keeper, outbox, watching, device, link, follower, channel, onEnd: end });
  const core = { world, rest, source, device, link, keeper, storage, outbox: tab.outbox };
  return { core, keeper, outbox, tab, signals, watching, channel, arrivals, acceptances, drafts: new Drafts(storage) };
}

export async function createSession(options: SessionOptions): Promise<Session> {
  const { device, auth, rest, storage } = options;
  const parts = assemble(options, (reason) => ended(reason));
  const { core, keeper, outbox, tab, signals, watching, channel, drafts, arrivals, acceptances } = parts;

  // A page that is left may never run again: nothing waits for a timer then.
  const save = (): void => {
    signals.flush();
    void Promise.all([keeper.flush(), drafts.save()]).catch(() => {});
  };
  globalThis.addEventListener?.("pagehide", save);

  let isOver = false;
  const halt = async (): Promise<void> => {
    isOver = true;
    globalThis.removeEventListener?.("pagehide", save);
    for (const part of [signals, watching, outbox, tab]) part.stop();
    core.world.typing.clear();
    await Promise.all([keeper.close(), drafts.save()]);
  };
  const end = async (reason: EndReason): Promise<void> => {
    if (isOver) return;
    await halt();
    await auth.end();
    await (reason === null ? storage.wipe() : storage.wipeServerData());
    options.onEnd(reason);
  };
  const { ended, leave } = endings(end, channel);
  auth.onEnded = () => ended("session_ended");
  await Promise.all([keeper.restore(), drafts.restore(), outbox.restore()]);
  showPending(outbox, core.world);
  tab.start();
  return {
    id: device.sessionId,
    userId: device.userId,
    account: createAccount(core, leave),
    rooms: createRooms(core),
    messages: createMessages(core, signals, drafts, arrivals),
    friends: createFriends(core, acceptances),
    people: createPeople(core, watching),
    connection: core.link.state,
    outbox: outbox.entries,
    // Without an answer the session stays in the list of devices; this device forgets it all the same.
    logout: () => leave(() => rest.POST("/api/v1/auth/logout").catch(() => {})),
    close: async () => {
      if (!isOver) await halt();
      channel.close();
      storage.close();
    },
  };
}

/** The two ways in which a session ends: somebody else ended it, or this device leaves on purpose. */
function endings(end: (reason: EndReason) => Promise<void>, channel: Channel) {
  let isLeaving = false;
  let heard: EndReason = null;
  const ended = (reason: EndReason): void => {
    // The socket may close before the server answers that it has done what was asked: that is no loss of the session.
    if (isLeaving && reason !== null) heard = reason;
    else void end(reason);
  };
  const leave = async (ask: () => Promise<unknown>): Promise<void> => {
    isLeaving = true;
    try {
      await ask();
    } catch (error) {
      isLeaving = false;
      if (heard !== null) void end(heard);
      throw error;
    }
    channel.post({ k: "ended", reason: null });
    await end(null);
    channel.close();
  };
  return { ended, leave };
}

/** Each room's messages show what is on its way there. */
function showPending(outbox: Outbox, world: World): void {
  let shown = new Set<RoomId>();
  const show = (): void => {
    const entries = outbox.entries.getSnapshot();
    const rooms = new Set(entries.map(({ roomId }) => roomId));
    for (const roomId of new Set([...shown, ...rooms])) {
      const pending = entries.filter((entry) => entry.roomId === roomId);
      const before = world.log(roomId).cell.getSnapshot().pending;
      const isSame = pending.length === before.length && pending.every((entry, index) => entry === before[index]);
      if (!isSame) world.log(roomId).setPending(pending);
    }
    shown = rooms;
  };
  outbox.entries.subscribe(show);
  show();
}
