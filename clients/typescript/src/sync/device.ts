/**
 * Keeps this device equal to the server: takes every frame, applies what is next, and goes and gets what is missing.
 * Where it stands is in the cursors; what it knows is in the world.
 */

import { ApiError } from "../api/error.js";
import type { Source } from "../api/source.js";
import type { FriendRequest } from "../model/friend.js";
import { type RoomId, type SessionId, roomId, userId } from "../model/ids.js";
import type { ChatMessage } from "../model/message.js";
import type { ChatRoom } from "../model/room.js";
import type { Keeper } from "../persist/keeper.js";
import type { World } from "../store/world.js";
import type { Heads, ReadyFrame, ResumedFrame, Resume, ServerFrame, WireEvent, WireUserEvent } from "../wire/frames.js";
import { toPresence } from "../wire/people.js";
import { applyRoomEvent } from "./apply_room.js";
import { applyUserEvent } from "./apply_user.js";
import type { Cursors } from "./cursors.js";
import type { Effects } from "./effects.js";
import type { Link } from "./link.js";
import { Loader } from "./loader.js";
import { Repair, ignoreRefusal } from "./repair.js";

export interface DeviceOptions {
  readonly world: World;
  readonly cursors: Cursors;
  readonly keeper: Keeper;
  readonly source: Source;
  readonly link: Link;
  readonly sessionId: SessionId;
  readonly settle: Effects["settle"];
  readonly onSessionEnded: () => void;
  /** A message of somebody else arrived on this device. */
  readonly onArrival: (message: ChatMessage) => void;
  /** Somebody accepted a request of mine. */
  readonly onAccepted: (request: FriendRequest) => void;
}

export class Device {
  readonly #options: DeviceOptions;
  readonly #effects: Effects;
  readonly loader: Loader;
  readonly #repair: Repair;
  /** Rooms that I left: late events of theirs are no news. */
  readonly #gone = new Set<RoomId>();
  #ready: ReadyFrame | null = null;
  #userHead = 0;
  /** Counts starts from nothing: a load that began before the last one is void. */
  #start = 0;
  #isLoading = false;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.loader = new Loader(options.source, options.world);
    this.#effects = this.#makeEffects();
    this.#repair = new Repair({
      ...options,
      onEvent: (event) => this.#event(event),
      onUserEvent: (event) => this.#userEvent(event),
      onRoom: (room) => this.adoptRoom(room),
      onGone: (id) => this.#effects.roomRemoved(id),
      onTooLong: () => this.#loadAll(),
    });
  }

  /** What to present with the next `hello`. */
  resume(): Resume | null {
    const { world, cursors } = this.#options;
    return cursors.resume(world.rooms.ordered().map(({ id }) => id));
  }

  /** `hasResumed` matters for `ready` only. */
  frame(frame: ServerFrame, hasResumed = false): void {
    const { world } = this.#options;
    switch (frame.t) {
      case "event":
        return this.#event(frame);
      case "user":
        return this.#userEvent(frame);
      case "ready":
        return this.#onReady(frame, hasResumed);
      case "resumed":
        return this.#onResumed(frame);
      case "heads":
      case "behind":
        return this.#compare(frame.useq, frame.rooms);
      case "receipt":
        return world.movePosition(roomId(frame.room_id), userId(frame.user_id), {
          readSeq: frame.read_seq ?? 0,
          deliveredSeq: frame.delivered_seq ?? 0,
        });
      case "typing":
        if (frame.user_id !== world.me.getSnapshot().id) world.typing.set(roomId(frame.room_id), userId(frame.user_id), frame.active);
        return;
      case "presence":
        return world.presence.of(userId(frame.user_id)).set(toPresence(frame));
      case "err":
        if (frame.code === "cursor_invalid" && this.#ready) this.#startOver(this.#ready);
    }
  }

  /** The same as a resume, without a socket of its own: for a tab that follows. */
  async catchUp(): Promise<void> {
    const { source, cursors } = this.#options;
    const resume = this.resume() ?? { epoch: 0, useq: 0, rooms: {} };
    try {
      const answer = await source.sync(resume);
      cursors.beginResume();
      for (const event of answer.user_events) this.#userEvent(event);
      for (const event of answer.events) this.#event(event);
      this.#onResumed({ t: "resumed", ...answer });
      this.#compare(answer.useq, answer.heads);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "cursor_invalid") return;
      const empty = await source.sync({ ...resume, useq: 0, rooms: {} }).catch(() => null);
      if (empty) this.#startOver({ epoch: empty.epoch, useq: empty.useq, rooms: empty.heads });
    }
  }

  /** Takes in a room as the server shows it now. */
  adoptRoom(room: ChatRoom): void {
    const { world, cursors } = this.#options;
    this.#gone.delete(room.id);
    world.rooms.adopt(room);
    for (const { user, lastReadSeq } of room.participants) world.movePosition(room.id, user.id, { readSeq: lastReadSeq });
    cursors.heard(room.id, room.lastSeq);
    // Messages that were read before the room was may end before it does.
    if (cursors.room(room.id) === null) cursors.track(room.id, Math.min(room.lastSeq, world.log(room.id).readUpTo ?? room.lastSeq));
    if (cursors.isBehind(room.id)) void this.#repair.room(room.id);
  }

  async loadRoom(id: RoomId): Promise<ChatRoom> {
    const room = await this.#options.source.room(id);
    this.adoptRoom(room);
    return this.#options.world.rooms.get(id) ?? room;
  }

  /** What I wrote was refused: the other one's account may be gone, of which a direct room has no event. */
  wasRefused(id: RoomId): void {
    const { world } = this.#options;
    const room = world.rooms.get(id);
    const other = room?.kind === "direct" && room.participants.find(({ user }) => user.id !== world.me.getSnapshot().id);
    if (other) this.#effects.refreshPerson(other.user.id);
  }

  /** The log of a room was read up to here by other means. */
  heard(id: RoomId, seq: number): void {
    this.#options.cursors.heard(id, seq);
    if (this.#options.cursors.isBehind(id)) void this.#repair.room(id);
  }

  /** Positions are no events: they are read when a room is looked at, and again after a break. */
  async readPositions(id: RoomId): Promise<void> {
    const { world, source } = this.#options;
    const me = world.me.getSnapshot().id;
    const mine = world.log(id).tail.items.findLast(({ senderId }) => senderId === me);
    try {
      await this.loadRoom(id);
      if (!mine) return;
      for (const receipt of await source.receipts(mine.id)) {
        const readSeq = receipt.readAt === null ? 0 : mine.seq;
        const deliveredSeq = receipt.deliveredAt === null ? 0 : mine.seq;
        world.movePosition(id, receipt.userId, { readSeq, deliveredSeq });
      }
    } catch (error) {
      ignoreRefusal(error);
    }
  }

  #onReady(frame: ReadyFrame, hasResumed: boolean): void {
    const { cursors, world } = this.#options;
    this.#ready = frame;
    world.typing.clear();
    for (const [id, head] of Object.entries(frame.rooms)) cursors.heard(roomId(id), head);
    if (!hasResumed) this.#startOver(frame);
    // Cursors of another epoch are refused with `cursor_invalid`, which comes next.
    else if (frame.epoch === cursors.epoch) cursors.beginResume();
  }

  #onResumed(frame: ResumedFrame): void {
    const { cursors } = this.#options;
    cursors.endResume(frame.useq);
    for (const { room_id } of frame.too_long) void this.#repair.reset(roomId(room_id));
    if (frame.user_too_long) void this.#loadAll();
    if (this.#ready) this.#compare(this.#ready.useq, this.#ready.rooms);
    for (const [id, cell] of this.#options.world.positions.entries()) if (cell.isWatched) void this.readPositions(id);
  }

  /** Everything is read anew; what is shown stays until then. */
  #startOver(from: Pick<ReadyFrame, "epoch" | "useq" | "rooms">): void {
    const { cursors, keeper, world } = this.#options;
    const hadSomething = cursors.epoch !== null;
    cursors.start(from.epoch, from.useq);
    this.#gone.clear();
    this.#userHead = from.useq;
    for (const [id, head] of Object.entries(from.rooms)) cursors.heard(roomId(id), head);
    if (hadSomething) {
      for (const id of world.rooms.ids()) keeper.reset(id);
      world.rooms.distrust(world.rooms.ids());
    }
    void this.#loadAll();
  }

  async #loadAll(): Promise<void> {
    this.#start += 1;
    const start = this.#start;
    const { world, cursors } = this.#options;
    cursors.beginFill();
    this.#isLoading = true;
    if (world.rooms.ids().length === 0) world.rooms.setLoad({ kind: "loading" }, true);
    try {
      const seen = await this.loader.rooms((room) => {
        // A page may be older than what was heard since.
        if (start === this.#start && !this.#gone.has(room.id)) this.adoptRoom(room);
      });
      if (start !== this.#start) return;
      // A room that was added meanwhile is tracked; the others are no longer mine.
      for (const id of world.rooms.ids()) if (!seen.has(id)) void this.#repair.recheck(id);
      await Promise.all([this.loader.load("requests"), this.loader.load("friends"), this.loader.load("me")]);
      if (start !== this.#start) return;
      cursors.endFill();
      this.#options.keeper.touch();
    } catch (error) {
      // The next comparison begins it again.
      ignoreRefusal(error);
    } finally {
      if (start === this.#start) this.#isLoading = false;
    }
  }

  #event(event: WireEvent): void {
    const { world, cursors } = this.#options;
    const id = roomId(event.room_id);
    if (this.#gone.has(id)) return;
    const verdict = cursors.event(id, event.seq);
    if (verdict === "apply") {
      applyRoomEvent(world, this.#effects, event);
      this.#options.keeper.touch(id);
    } else if (verdict === "missing") void this.#repair.room(id);
    else if (verdict === "unknown") void this.#repair.recheck(id);
  }

  #userEvent(event: WireUserEvent): void {
    const { world, cursors, sessionId, keeper } = this.#options;
    this.#userHead = Math.max(this.#userHead, event.useq);
    const verdict = cursors.userEvent(event.useq);
    if (verdict === "missing") void this.#repair.userLog(this.#userHead);
    if (verdict !== "apply") return;
    applyUserEvent(world, this.#effects, event, sessionId);
    keeper.touch();
  }

  /** Where everything stands at the server: gets what is not here. */
  #compare(useq: number, heads: Heads): void {
    const { cursors } = this.#options;
    this.#userHead = Math.max(this.#userHead, useq);
    if (!cursors.isFilled && !this.#isLoading) void this.#loadAll();
    if (cursors.useq < this.#userHead) void this.#repair.userLog(this.#userHead);
    for (const [key, head] of Object.entries(heads)) {
      const id = roomId(key);
      if (this.#gone.has(id)) continue;
      cursors.heard(id, head);
      if (cursors.room(id) === null) void this.#repair.recheck(id);
      else if (cursors.isBehind(id)) void this.#repair.room(id);
    }
  }

  #makeEffects(): Effects {
    const { world, cursors, keeper, settle, onSessionEnded, onArrival, onAccepted } = this.#options;
    return {
      settle,
      accepted: onAccepted,
      sessionEnded: onSessionEnded,
      keep: (message) => {
        keeper.keep(message);
        if (message.senderId !== world.me.getSnapshot().id) onArrival(message);
      },
      amend: (...args) => keeper.amend(...args),
      note: (id, seq, note) => keeper.noted(id, { from: seq, to: seq }, note ? [note] : []),
      refreshRoom: (id) => void this.#repair.recheck(id),
      reload: (what) => void this.loader.load(what).catch(ignoreRefusal),
      refreshPerson: (id) => void this.loader.refreshPerson(id).catch(ignoreRefusal),
      roomAdded: (room) => {
        if (cursors.room(room.id) === null) {
          cursors.track(room.id, room.joinedSeq - 1);
          keeper.beginsAt(room.id, room.joinedSeq);
        }
        this.adoptRoom(room);
      },
      roomRemoved: (id) => {
        this.#gone.add(id);
        cursors.forget(id);
        world.rooms.remove(id);
        world.log(id).reset();
      },
    };
  }
}
