/** What a server keeps of a few rooms and one person, in memory: logs, state, and the answers that follow from them. */

import { ApiError } from "../../src/api/error.js";
import type { Source } from "../../src/api/source.js";
import { toMessage, toRoom } from "../../src/wire/chat.js";
import type { Resume, ServerFrame, WireEvent, WireUserEvent } from "../../src/wire/frames.js";
import { toNote } from "../../src/wire/notes.js";
import { toFriendRequest, toMe, toUser } from "../../src/wire/people.js";
import type { Schemas } from "../../src/wire/schemas.js";
import { ANN, AT, ME, SESSION, messageIdOf, roomEvent, userEvent, wireMe, wireMember, wireMessage, wireRequest, wireRoom, wireUser } from "./wire.js";

type Message = Schemas["MessageResponse"];

interface Entry {
  readonly type: string;
  readonly d: unknown;
  /** `message.created` is shown as the message is now. */
  readonly message?: Message;
}

interface Room {
  readonly id: string;
  name: string;
  readonly log: Entry[];
  readonly messages: Message[];
  /** 0 while I am not in it. */
  joinedSeq: number;
  readSeq: number;
}

const refusal = (code: string, status: number) =>
  new ApiError({ code, status, message: code, errors: [], retryable: false, retryAfterMs: null, requestId: null });

export class FakeServer {
  readonly epoch = 1;
  readonly rooms: Room[] = [];
  readonly userLog: WireUserEvent[] = [];
  readonly requests: Schemas["FriendRequestResponse"][] = [];
  /** Where live frames go. */
  push: (frame: ServerFrame) => void = () => {};

  createRoom(): void {
    const room: Room = { id: `room-${this.rooms.length}`, name: "new", log: [], messages: [], joinedSeq: 1, readSeq: 0 };
    this.rooms.push(room);
    // The one log is told before the other: a room is known before its first event.
    room.log.push({ type: "room.created", d: { kind: "group", name: room.name, participants: [wireMember(ME), wireMember(ANN)] } });
    this.#tell("room.added", this.#wire(room));
    this.#show(room);
  }

  say(index: number, sender: string, text: string, clientId?: string): Message | null {
    const room = this.#mine(index);
    if (!room) return null;
    const known = clientId && room.messages.find((message) => message.client_id === clientId);
    if (known) return known;
    const seq = room.log.length + 1;
    const over = { seq, room_id: room.id, id: messageIdOf(room.id, seq), sender_id: sender, text, reactions: [] };
    const message = wireMessage({ ...over, ...(clientId && { client_id: clientId }) });
    room.messages.push(message);
    this.#append(room, { type: "message.created", d: null, message });
    return message;
  }

  edit(index: number, which: number, text: string): void {
    const [room, message] = this.#messageAt(index, which);
    if (!room || !message || message.deleted_at) return;
    Object.assign(message, { text, edited_at: AT });
    this.#append(room, { type: "message.edited", d: { ...message, reactions: undefined } });
  }

  remove(index: number, which: number): void {
    const [room, message] = this.#messageAt(index, which);
    if (!room || !message || message.deleted_at) return;
    Object.assign(message, { text: "", deleted_at: AT, reactions: [] });
    this.#append(room, { type: "message.deleted", d: { id: message.id } });
  }

  react(index: number, which: number): void {
    const [room, message] = this.#messageAt(index, which);
    if (!room || !message || message.deleted_at) return;
    const count = message.reactions?.[0]?.count ?? 0;
    message.reactions = [{ emoji: "👍", count: count + 1, me: false }];
    this.#append(room, { type: "reaction.added", d: { message_id: message.id, user_id: `${ANN}${count}`, emoji: "👍" } });
  }

  rename(index: number, name: string): void {
    const room = this.#mine(index);
    if (!room) return;
    room.name = name;
    this.#append(room, { type: "room.updated", d: { actor_id: ANN, name } });
  }

  read(index: number, seq: number): { last_read_seq: number; unread_count: number } {
    const room = this.#mine(index);
    if (!room) throw refusal("not_found", 404);
    if (seq > room.readSeq) {
      room.readSeq = Math.min(seq, room.log.length);
      this.#tell("read.moved", { room_id: room.id, last_read_seq: room.readSeq, unread_count: this.#unread(room) });
    }
    return { last_read_seq: room.readSeq, unread_count: this.#unread(room) };
  }

  leave(index: number): void {
    const room = this.#mine(index);
    if (!room) return;
    this.#append(room, { type: "participant.left", d: wireMember(ME) });
    room.joinedSeq = 0;
    this.#tell("room.removed", { room_id: room.id, leave_seq: room.log.length });
  }

  comeBack(index: number): void {
    const room = this.rooms[index % Math.max(this.rooms.length, 1)];
    if (!room || room.joinedSeq > 0) return;
    room.joinedSeq = room.log.length + 1;
    room.readSeq = room.log.length;
    room.log.push({ type: "participant.joined", d: wireMember(ME) });
    this.#tell("room.added", this.#wire(room));
    this.#show(room);
  }

  befriend(): void {
    const n = this.requests.length;
    const request = wireRequest({ id: `request-${n}`, user: wireUser(`${ANN}${n}`) });
    this.requests.push(request);
    this.#tell("friend.requested", request);
  }

  /** Answers a `hello`: what comes after `ready` for a device with these cursors. */
  connect(resume: Resume | null): ServerFrame[] {
    const ready: ServerFrame = { t: "ready", session_id: SESSION, user_id: ME, epoch: this.epoch, useq: this.userLog.length, heartbeat_ms: 25_000, rooms: this.#heads() };
    if (!resume) return [ready];
    if (resume.epoch !== this.epoch) return [ready, { t: "err", code: "cursor_invalid", message: "", retryable: false }];
    const frames: ServerFrame[] = [ready];
    for (const event of this.userLog.slice(resume.useq)) frames.push({ t: "user", ...event });
    for (const room of this.rooms) {
      const cursor = resume.rooms[room.id];
      const seen = cursor ?? room.joinedSeq - 1;
      if (room.joinedSeq > 0) for (const event of this.#events(room, seen)) frames.push({ t: "event", ...event });
    }
    return [...frames, { t: "resumed", useq: this.userLog.length, too_long: [], user_too_long: false }];
  }

  heads(): ServerFrame {
    return { t: "heads", useq: this.userLog.length, rooms: this.#heads() };
  }

  fetch(id: string, after: number, limit: number): { events: WireEvent[]; from_seq: number; last_seq: number } {
    const room = this.#find(id);
    const from = Math.max(after + 1, room.joinedSeq);
    return { events: this.#events(room, after).slice(0, limit), from_seq: from, last_seq: room.log.length };
  }

  /** The messages that I may see, as they are now. */
  visible(id: string): Message[] {
    const room = this.#find(id);
    return structuredClone(room.messages.filter(({ seq }) => seq >= room.joinedSeq));
  }

  mine(): Schemas["ChatRoomResponse"][] {
    return this.rooms.filter(({ joinedSeq }) => joinedSeq > 0).map((room) => this.#wire(room));
  }

  source(): Source {
    return {
      rooms: async (isArchived) => ({ items: isArchived ? [] : this.mine().map(toRoom), next: null }),
      room: async (id) => toRoom(this.#wire(this.#find(id))),
      messages: async (id, window) => this.#page(id, window as { before?: number; after?: number }),
      notes: async (id, after, limit) => {
        const { events } = this.fetch(id, after, limit);
        return events.map(toNote).filter((note) => note !== null);
      },
      participants: async () => [],
      receipts: async () => [],
      sync: async (resume) => {
        if (resume.epoch !== this.epoch) throw refusal("cursor_invalid", 400);
        const user_events = this.userLog.slice(resume.useq) as Schemas["UserEventResponse"][];
        return { epoch: this.epoch, useq: this.userLog.length, events: [], user_events, too_long: [], user_too_long: false, heads: this.#heads() };
      },
      friends: async () => [],
      requests: async () => this.requests.map(toFriendRequest).toReversed(),
      blocked: async () => [],
      user: async (id) => toUser(wireUser(id)),
      me: async () => toMe(wireMe()),
      privacy: async () => ({ searchable: "everyone", friendRequests: "everyone", directMessages: "friends", groupAdds: "friends", presence: "friends", lastSeen: "friends", readReceipts: true }),
    };
  }

  #page(id: string, { before, after }: { before?: number; after?: number }) {
    const all = this.visible(id);
    const fits = all.filter(({ seq }) => (before === undefined || seq < before) && (after === undefined || seq > after));
    const items = after === undefined ? fits.slice(-3) : fits.slice(0, 3);
    const first = items[0]?.seq ?? 0;
    const last = items.at(-1)?.seq ?? 0;
    return {
      items: items.map(toMessage),
      hasBefore: items.length > 0 && all.some(({ seq }) => seq < first),
      hasAfter: items.length > 0 && all.some(({ seq }) => seq > last),
      lastSeq: this.#find(id).log.length,
    };
  }

  #find(id: string): Room {
    const room = this.rooms.find((it) => it.id === id);
    if (!room || room.joinedSeq === 0) throw refusal("not_found", 404);
    return room;
  }

  #mine(index: number): Room | null {
    const room = this.rooms[index % Math.max(this.rooms.length, 1)];
    return room && room.joinedSeq > 0 ? room : null;
  }

  #messageAt(index: number, which: number): [Room | null, Message | undefined] {
    const room = this.#mine(index);
    return [room, room?.messages.filter(({ seq }) => seq >= room.joinedSeq).at(-1 - (which % 5))];
  }

  #append(room: Room, entry: Entry): void {
    room.log.push(entry);
    this.#show(room);
  }

  #show(room: Room): void {
    const event = this.#events(room, room.log.length - 1).at(-1);
    if (room.joinedSeq > 0 && event) this.push(structuredClone({ t: "event", ...event }));
  }

  #tell(type: string, d: unknown): void {
    const event = structuredClone(userEvent(this.userLog.length + 1, type, d));
    this.userLog.push(event);
    this.push({ t: "user", ...event });
  }

  #events(room: Room, after: number): WireEvent[] {
    const from = Math.max(after, room.joinedSeq - 1);
    return room.log.slice(from).map(({ type, d, message }, index) => {
      const body = message ? { ...message, reactions: undefined } : d;
      return structuredClone(roomEvent(from + index + 1, type, body, room.id));
    });
  }

  #heads(): Record<string, number> {
    return Object.fromEntries(this.rooms.filter(({ joinedSeq }) => joinedSeq > 0).map(({ id, log }) => [id, log.length]));
  }

  #unread(room: Room): number {
    const above = Math.max(room.readSeq, room.joinedSeq - 1);
    return room.messages.filter((message) => message.seq > above && message.sender_id !== ME && !message.deleted_at).length;
  }

  #wire(room: Room): Schemas["ChatRoomResponse"] {
    const last = room.messages.filter(({ seq }) => seq >= room.joinedSeq).at(-1) ?? null;
    return structuredClone(
      wireRoom({ id: room.id, name: room.name, last_seq: room.log.length, last_message: last, unread_count: this.#unread(room), last_read_seq: room.readSeq, joined_seq: room.joinedSeq }),
    );
  }
}
