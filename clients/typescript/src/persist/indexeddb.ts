/** Storage in the browser's IndexedDB: one database an origin, for the one person who is signed in here. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { RoomId } from "../model/ids.js";
import type { ChatMessage, PendingMessage } from "../model/message.js";
import type { Batch, MessageOp, SavedDevice, SavedLog, SavedRoom, SavedState, Storage, Tail } from "./storage.js";

interface Schema extends DBSchema {
  device: { key: "device"; value: SavedDevice };
  state: { key: "state"; value: SavedState };
  rooms: { key: string; value: SavedRoom };
  messages: { key: [string, number]; value: ChatMessage; indexes: { id: string } };
  outbox: { key: string; value: PendingMessage };
  drafts: { key: string; value: { roomId: RoomId; text: string } };
}

type Database = IDBPDatabase<Schema>;

/** Raised when the shapes of what the server has too change: that is then read anew. What the person wrote stays. */
const VERSION = 2;
const ALL = ["device", "state", "rooms", "messages", "outbox", "drafts"] as const;
const SERVER_DATA = ["state", "rooms", "messages"] as const;

/** Messages of a room that stay on the disk, at least. */
const KEPT = 200;

export async function indexedDbStorage(name = "kith"): Promise<Storage> {
  const db = await openDB<Schema>(name, VERSION, {
    upgrade(database, oldVersion) {
      for (const store of SERVER_DATA) if (database.objectStoreNames.contains(store)) database.deleteObjectStore(store);
      database.createObjectStore("state");
      database.createObjectStore("rooms", { keyPath: "id" });
      database.createObjectStore("messages", { keyPath: ["roomId", "seq"] }).createIndex("id", "id");
      if (oldVersion > 0) return;
      database.createObjectStore("device");
      database.createObjectStore("outbox", { keyPath: "clientId" });
      database.createObjectStore("drafts", { keyPath: "roomId" });
    },
    // Another tab brings a newer version: it must not wait for this one.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  return {
    device: async () => (await db.get("device", "device")) ?? null,
    saveDevice: async (device) => void (device ? await db.put("device", device, "device") : await db.delete("device", "device")),
    load: async () => {
      const tx = db.transaction(["state", "rooms"]);
      const [state, rooms] = await Promise.all([tx.objectStore("state").get("state"), tx.objectStore("rooms").getAll()]);
      return { state: state ?? null, rooms };
    },
    state: async () => (await db.get("state", "state")) ?? null,
    write: (batch) => write(db, batch),
    log: (roomId) => savedLog(db, roomId),
    outbox: async () => (await db.getAll("outbox")).toSorted((a, b) => a.createdAt - b.createdAt),
    putPending: async (message) => void (await db.put("outbox", message)),
    deletePending: (clientId) => db.delete("outbox", clientId),
    drafts: async () => new Map((await db.getAll("drafts")).map(({ roomId, text }) => [roomId, text])),
    putDraft: async (roomId, text) => void (text === "" ? await db.delete("drafts", roomId) : await db.put("drafts", { roomId, text })),
    wipeServerData: () => clear(db, SERVER_DATA),
    wipe: () => clear(db, ALL),
    close: () => db.close(),
  };
}

async function clear(db: Database, stores: readonly (typeof ALL)[number][]): Promise<void> {
  const tx = db.transaction(ALL, "readwrite");
  await Promise.all([...stores.map((store) => tx.objectStore(store).clear()), tx.done]);
}

/** In two questions that are asked at once: a cursor would come back to the page for each message, and somebody waits for a room. */
async function savedLog(db: Database, roomId: RoomId): Promise<SavedLog> {
  const tx = db.transaction(["rooms", "messages"]);
  const [room, all] = await Promise.all([tx.objectStore("rooms").get(roomId), tx.objectStore("messages").getAll(wholeRoom(roomId))]);
  const tail = room?.tail ?? null;
  return { tail, messages: tail ? all.filter(({ seq }) => seq >= tail.from) : [] };
}

async function write(db: Database, batch: Batch): Promise<ReadonlyMap<RoomId, Tail>> {
  const tx = db.transaction(["state", "rooms", "messages"], "readwrite", { durability: "relaxed" });
  const messages = tx.objectStore("messages");
  const touched = new Set<RoomId>();
  const change = async (op: MessageOp): Promise<void> => {
    if (op.kind === "put") {
      touched.add(op.message.roomId);
      await messages.put(op.message);
    } else if (op.kind === "clear") await messages.delete(wholeRoom(op.roomId));
    else {
      const known = await messages.index("id").get(op.id);
      if (known) await messages.put(op.change(known));
    }
  };
  // In their order: a change may follow what it changes.
  for (const op of batch.messages) await change(op);
  for (const roomId of batch.removed) await tx.objectStore("rooms").delete(roomId);
  const shortened = new Map<RoomId, Tail>();
  for (const room of batch.rooms) {
    const tail = touched.has(room.id) ? await pruned(messages, room.id) : null;
    if (tail) shortened.set(room.id, tail);
    await tx.objectStore("rooms").put({ ...room, tail: tail ?? room.tail });
  }
  await tx.objectStore("state").put(batch.state, "state");
  await tx.done;
  return shortened;
}

interface MessageStore {
  count(range: IDBKeyRange): Promise<number>;
  delete(range: IDBKeyRange): Promise<void>;
  openKeyCursor(range: IDBKeyRange, direction: "prev"): Promise<{ key: unknown; advance(by: number): Promise<{ key: unknown } | null> } | null>;
}

/** Twice as many as are kept may gather, so that the old ones do not go one by one. */
async function pruned(messages: MessageStore, roomId: RoomId): Promise<Tail | null> {
  const range = wholeRoom(roomId);
  if ((await messages.count(range)) <= 2 * KEPT) return null;
  const last = await messages.openKeyCursor(range, "prev");
  const oldestKept = await last?.advance(KEPT - 1);
  if (!oldestKept) return null;
  const from = (oldestKept.key as [string, number])[1];
  await messages.delete(IDBKeyRange.bound([roomId, 0], [roomId, from], false, true));
  return { from, hasOlder: true };
}

const wholeRoom = (roomId: RoomId) => IDBKeyRange.bound([roomId, 0], [roomId, Number.MAX_SAFE_INTEGER]);
