/** Storage of a process that starts afresh each time, such as a bot: keeps what one life needs and no history. */

import type { ClientId, RoomId } from "../model/ids.js";
import type { PendingMessage } from "../model/message.js";
import type { SavedDevice, Storage } from "./storage.js";

export function memoryStorage(): Storage {
  let device: SavedDevice | null = null;
  const outbox = new Map<ClientId, PendingMessage>();
  const drafts = new Map<RoomId, string>();
  return {
    device: async () => device,
    saveDevice: async (value) => {
      device = value;
    },
    state: async () => null,
    load: async () => ({ state: null, rooms: [] }),
    write: async () => new Map(),
    log: async () => ({ tail: null, messages: [] }),
    outbox: async () => [...outbox.values()],
    putPending: async (message) => void outbox.set(message.clientId, message),
    deletePending: async (clientId) => void outbox.delete(clientId),
    drafts: async () => drafts,
    putDraft: async (roomId, text) => void (text === "" ? drafts.delete(roomId) : drafts.set(roomId, text)),
    wipeServerData: async () => {},
    wipe: async () => {
      device = null;
      outbox.clear();
      drafts.clear();
    },
    close: () => {},
  };
}
