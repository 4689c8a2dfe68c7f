/** Everything this device knows, in one place for those who change it. */

import type { RoomId, UserId } from "../model/ids.js";
import type { Presence } from "../model/presence.js";
import type { ChatParticipant, Position, Positions } from "../model/room.js";
import type { Device, Me, Person, Privacy, Relation, User } from "../model/user.js";
import { Cell } from "./cell.js";
import { FriendStore } from "./friends.js";
import { KeyedCells } from "./keyed.js";
import { type ListState, type SearchState, emptyList } from "./list.js";
import { MessageLog } from "./messages.js";
import { RoomStore } from "./rooms.js";
import { TypingStore } from "./typing.js";

const NOWHERE: Positions = new Map();
const START: Position = { readSeq: 0, deliveredSeq: 0 };
/** What the server says of a deleted account. */
const DELETED = { username: "", displayName: "deleted account", avatarUrl: null };

export class World {
  readonly me: Cell<Me>;
  readonly privacy = new Cell<Privacy | null>(null);
  readonly devices = new Cell<ListState<Device>>(emptyList);
  readonly rooms = new RoomStore();
  readonly participants = new KeyedCells<RoomId, ListState<ChatParticipant>>(emptyList);
  readonly positions = new KeyedCells<RoomId, Positions>(NOWHERE);
  readonly typing = new TypingStore();
  readonly presence = new KeyedCells<UserId, Presence | null>(null);
  readonly friends = new FriendStore();
  readonly people = new KeyedCells<UserId, User | null>(null);
  readonly found = new Cell<SearchState>({ ...emptyList, query: "" });
  readonly #logs = new Map<RoomId, MessageLog>();

  constructor(me: Me) {
    this.me = new Cell(me);
  }

  log(roomId: RoomId): MessageLog {
    let log = this.#logs.get(roomId);
    if (!log) {
      log = new MessageLog(roomId);
      this.#logs.set(roomId, log);
    }
    return log;
  }

  logs(): Iterable<MessageLog> {
    return this.#logs.values();
  }

  /** Positions move up only. */
  movePosition(roomId: RoomId, userId: UserId, to: Partial<Position>): void {
    const cell = this.positions.of(roomId);
    const known = cell.getSnapshot().get(userId) ?? START;
    const readSeq = Math.max(known.readSeq, to.readSeq ?? 0);
    const deliveredSeq = Math.max(known.deliveredSeq, to.deliveredSeq ?? 0, readSeq);
    if (readSeq === known.readSeq && deliveredSeq === known.deliveredSeq) return;
    cell.set(new Map(cell.getSnapshot()).set(userId, { readSeq, deliveredSeq }));
  }

  /** Profiles and people found follow what happens between us. */
  setRelation(userId: UserId, relation: Relation): void {
    this.people.of(userId).update((user) => user && { ...user, relation });
    if (!this.found.getSnapshot().items.some(({ id }) => id === userId)) return;
    this.found.update((found) => ({ ...found, items: found.items.map((user) => (user.id === userId ? { ...user, relation } : user)) }));
  }

  /** The account is gone: nothing personal of it stays in profiles, rooms and the lists of their people. */
  forgetPerson(userId: UserId): void {
    const knows = (user: Person): boolean => user.id === userId && user.username !== "";
    const forgotten = (members: readonly ChatParticipant[]) => members.map((it) => (it.user.id === userId ? { ...it, user: { id: userId, ...DELETED } } : it));
    const profile = { ...DELETED, bio: null, interests: [], friendsCount: 0, mutualFriendsCount: 0, relation: "none" as const };
    this.people.of(userId).update((user) => user && { ...user, ...profile });
    if (this.found.getSnapshot().items.some(knows)) this.found.update((found) => ({ ...found, items: found.items.filter(({ id }) => id !== userId) }));
    for (const id of this.rooms.ids()) {
      this.rooms.change(id, (room) => (room.participants.some(({ user }) => knows(user)) ? { ...room, participants: forgotten(room.participants) } : room));
    }
    for (const [, cell] of this.participants.entries()) {
      cell.update((list) => (list.items.some(({ user }) => knows(user)) ? { ...list, items: forgotten(list.items) } : list));
    }
  }
}
