/** Rooms: the list, one room, who is in it. */

import type { RoomId, UserId } from "../model/ids.js";
import type { ChatParticipant, ChatRoom, Positions, Role, RoomSettingsChange } from "../model/room.js";
import type { Store } from "../store/cell.js";
import type { ListState } from "../store/list.js";

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
