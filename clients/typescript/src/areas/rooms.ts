/** Rooms: the list, one room, who is in it. */

import { answer } from "../api/rest.js";
import type { RoomId, UserId } from "../model/ids.js";
import type { ChatParticipant, ChatRoom, Positions, Role, RoomSettingsChange } from "../model/room.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";
import { fill } from "../sync/loader.js";
import { fromSettings, toParticipant, toRoom } from "../wire/chat.js";
import type { Schemas } from "../wire/schemas.js";
import type { Core } from "./core.js";

export interface Rooms {
  /** Newest activity first, archived ones included. Fills by itself and stays up to date. */
  readonly list: Store<ListState<ChatRoom>>;
  /** Null when I am not, or no longer, in it. */
  byId(roomId: RoomId): Store<ChatRoom | null>;
  /** The direct room with somebody, when it exists and is known here. */
  directWith(userId: UserId): ChatRoom | null;
  /** How far the others are; moves live. */
  positions(roomId: RoomId): Store<Positions>;
  /** Who is typing now; expires by itself. */
  typing(roomId: RoomId): Store<readonly UserId[]>;
  /** Reads a room that the list may lack, such as one from a link. */
  load(roomId: RoomId): Promise<ChatRoom>;
  openDirectRoom(userId: UserId): Promise<ChatRoom>;
  createGroup(name: string, participantIds: readonly UserId[]): Promise<ChatRoom>;
  rename(roomId: RoomId, name: string): Promise<ChatRoom>;
  updateSettings(roomId: RoomId, change: RoomSettingsChange): Promise<ChatRoom>;
  participants(roomId: RoomId): Store<ListState<ChatParticipant>>;
  loadParticipants(roomId: RoomId): Promise<void>;
  addParticipants(roomId: RoomId, userIds: readonly UserId[]): Promise<void>;
  setRole(roomId: RoomId, userId: UserId, role: Role): Promise<void>;
  removeParticipant(roomId: RoomId, userId: UserId): Promise<void>;
  leave(roomId: RoomId): Promise<void>;
}

export function createRooms(core: Core): Rooms {
  const { world, source, device } = core;
  return {
    list: world.rooms.list,
    byId: (roomId) => world.rooms.of(roomId),
    directWith: (userId) => world.rooms.directWith(userId),
    positions: (roomId) => world.positions.of(roomId),
    typing: (roomId) => world.typing.of(roomId),
    load: (roomId) => device.loadRoom(roomId),
    participants: (roomId) => world.participants.of(roomId),
    loadParticipants: async (roomId) => {
      await fill(world.participants.of(roomId), () => source.participants(roomId));
      for (const { user, lastReadSeq } of world.participants.of(roomId).getSnapshot().items) {
        world.movePosition(roomId, user.id, { readSeq: lastReadSeq });
      }
    },
    ...roomCalls(core),
    ...participantCalls(core),
  };
}

function roomCalls({ world, rest, device }: Core) {
  const adopt = async (call: Promise<{ data?: Schemas["ChatRoomResponse"] }>): Promise<ChatRoom> => {
    const room = toRoom(await answer(call));
    device.adoptRoom(room);
    return world.rooms.get(room.id) ?? room;
  };
  // A repeat after a lost answer finds the group of the first try.
  const attempts = new Map<string, string>();
  return {
    openDirectRoom: async (userId: UserId) =>
      world.rooms.directWith(userId) ?? adopt(rest.POST("/api/v1/chat/rooms/", { body: { kind: "direct", user_id: userId } })),
    createGroup: async (name: string, participantIds: readonly UserId[]) => {
      const key = JSON.stringify([name, participantIds]);
      const client_id = attempts.get(key) ?? crypto.randomUUID();
      attempts.set(key, client_id);
      const body = { kind: "group" as const, name, participant_ids: [...participantIds], client_id };
      const room = await adopt(rest.POST("/api/v1/chat/rooms/", { body }));
      attempts.delete(key);
      return room;
    },
    rename: (room_id: RoomId, name: string) => adopt(rest.PATCH("/api/v1/chat/rooms/{room_id}", { params: { path: { room_id } }, body: { name } })),
    updateSettings: (room_id: RoomId, change: RoomSettingsChange) =>
      adopt(rest.PATCH("/api/v1/chat/rooms/{room_id}/me", { params: { path: { room_id } }, body: fromSettings(change) })),
  };
}

function participantCalls({ world, rest }: Core) {
  const path = "/api/v1/chat/rooms/{room_id}/participants/{user_id}";
  const change = (roomId: RoomId, to: (members: readonly ChatParticipant[]) => readonly ChatParticipant[]) =>
    world.participants.of(roomId).update((list) => ({ ...list, items: to(list.items) }));
  const remove = async (room_id: RoomId, user_id: UserId): Promise<void> => {
    await rest.DELETE(path, { params: { path: { room_id, user_id } } });
    change(room_id, (members) => members.filter(({ user }) => user.id !== user_id));
  };
  return {
    addParticipants: async (room_id: RoomId, userIds: readonly UserId[]) => {
      const call = rest.POST("/api/v1/chat/rooms/{room_id}/participants", { params: { path: { room_id } }, body: { user_ids: [...userIds] } });
      const added = (await answer(call)).items.map(toParticipant);
      const ids = new Set(added.map(({ user }) => user.id));
      change(room_id, (members) => [...members.filter(({ user }) => !ids.has(user.id)), ...added]);
    },
    setRole: async (room_id: RoomId, user_id: UserId, role: Role) => {
      const changed = toParticipant(await answer(rest.PATCH(path, { params: { path: { room_id, user_id } }, body: { role } })));
      change(room_id, (members) => members.map((it) => (it.user.id === user_id ? changed : it)));
    },
    removeParticipant: remove,
    leave: (roomId: RoomId) => remove(roomId, world.me.getSnapshot().id),
  };
}
