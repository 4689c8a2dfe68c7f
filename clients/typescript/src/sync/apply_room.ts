/** What each event of a room changes: one small function for each type, in a table. */

import { messageId, roomId, userId } from "../model/ids.js";
import type { ChatMessage, Reaction } from "../model/message.js";
import type { ChatParticipant, ChatRoom } from "../model/room.js";
import type { World } from "../store/world.js";
import { toMessage, toParticipant } from "../wire/chat.js";
import type { WireEvent } from "../wire/frames.js";
import { toNote } from "../wire/notes.js";
import type { Schemas } from "../wire/schemas.js";
import { toTime } from "../wire/time.js";
import type { Effects } from "./effects.js";

interface Change {
  readonly world: World;
  readonly effects: Effects;
  readonly event: WireEvent;
  /** False when the room object, but perhaps not the messages, already contains the event. */
  readonly isNew: boolean;
}

type Apply = (change: Change) => void;

const TABLE: Readonly<Record<string, Apply>> = {
  "message.created": (change) => {
    const message = toMessage(change.event.d as Schemas["MessageResponse"]);
    const { world, effects } = change;
    if (message.clientId && message.senderId === world.me.getSnapshot().id) effects.settle(message.clientId);
    world.typing.set(message.roomId, message.senderId, false);
    world.movePosition(message.roomId, message.senderId, { readSeq: 0, deliveredSeq: message.seq });
    effects.keep(message);
    changeRoom(change, (room) => ({ ...countedIn(room, message, world.me.getSnapshot().id), lastMessage: message }));
  },

  "message.edited": (change) => {
    const edited = toMessage(change.event.d as Schemas["MessageResponse"]);
    // An edit says nothing of reactions.
    const withReactions = (known: ChatMessage) => ({ ...edited, reactions: known.reactions, clientId: known.clientId ?? edited.clientId });
    change.effects.amend(edited.roomId, edited.id, change.event.seq, withReactions);
    changeRoom(change, (room) => inLastMessage(room, edited.id, withReactions));
  },

  "message.deleted": (change) => {
    const id = messageId((change.event.d as Schemas["MessageDeleted"]).id);
    const room = roomId(change.event.room_id);
    const deletedAt = toTime(change.event.at);
    const known = change.world.log(room).find(id);
    const empty = (message: ChatMessage) => ({ ...message, text: null, mentions: [], reactions: [], deletedAt });
    change.effects.amend(room, id, change.event.seq, empty);
    const me = change.world.me.getSnapshot().id;
    changeRoom(change, (it) => countedOut(inLastMessage(it, id, empty), known, me));
    // Whether a message that is not here was unread only the server knows; from 1000 on counts are no counts.
    const counts = change.world.rooms.get(room);
    const isUncertain = !known || known.deletedAt !== null || counts?.unreadCount === 1000;
    if (change.isNew && counts && counts.unreadCount > 0 && isUncertain) change.effects.refreshRoom(room);
  },

  "reaction.added": (change) => react(change, 1),
  "reaction.removed": (change) => react(change, -1),

  "participant.joined": (change) => {
    const joined = participantOf(change);
    changeRoom(change, (room) => ({
      ...room,
      participantCount: room.participantCount + 1,
      participants: room.participants.length < 10 ? [...others(room.participants, joined), joined] : room.participants,
    }));
    changeMembers(change, (members) => [...others(members, joined), joined]);
  },

  "participant.left": (change) => {
    const left = participantOf(change);
    changeRoom(change, (room) => ({
      ...room,
      participantCount: Math.max(room.participantCount - 1, 0),
      participants: others(room.participants, left),
    }));
    changeMembers(change, (members) => others(members, left));
    change.world.typing.set(roomId(change.event.room_id), left.user.id, false);
    // An account that is deleted leaves its groups, without a name; its direct rooms have no event of their own.
    if (left.user.username === "") change.world.forgetPerson(left.user.id);
  },

  "participant.role": (change) => {
    const { user, role } = participantOf(change);
    const inRole = (members: readonly ChatParticipant[]) => members.map((it) => (it.user.id === user.id ? { ...it, role } : it));
    const isMine = user.id === change.world.me.getSnapshot().id;
    changeRoom(change, (room) => ({ ...room, participants: inRole(room.participants), ...(isMine && { role }) }));
    changeMembers(change, inRole);
  },

  "room.updated": (change) => {
    const { name, avatar_url: avatarUrl } = change.event.d as Schemas["RoomUpdated"];
    changeRoom(change, (room) => ({ ...room, ...(name !== undefined && { name }), ...(avatarUrl !== undefined && { avatarUrl }) }));
  },

  // The room itself came with `room.added`.
  "room.created": (change) => changeRoom(change, (room) => room),
};

/** Applies the next event of a room's log. One of an unknown type only moves the log on. */
export function applyRoomEvent(world: World, effects: Effects, event: WireEvent): void {
  const room = world.rooms.get(roomId(event.room_id));
  const change = { world, effects, event, isNew: room !== null && event.seq > room.lastSeq };
  const apply = Object.hasOwn(TABLE, event.type) ? TABLE[event.type] : undefined;
  if (apply) apply(change);
  else changeRoom(change, (it) => it);
  if (event.type !== "message.created") effects.note(roomId(event.room_id), event.seq, toNote(event));
}

/** The types that are applied, for tests. */
export const ROOM_EVENTS = Object.keys(TABLE);

function changeRoom({ world, event, isNew }: Change, change: (room: ChatRoom) => ChatRoom): void {
  if (!isNew) return;
  world.rooms.change(roomId(event.room_id), (room) => ({
    ...change(room),
    lastSeq: event.seq,
    updatedAt: Math.max(room.updatedAt, toTime(event.at)),
  }));
}

function changeMembers({ world, event }: Change, change: (members: readonly ChatParticipant[]) => readonly ChatParticipant[]): void {
  const cell = world.participants.of(roomId(event.room_id));
  if (cell.getSnapshot().load.kind === "ready") cell.update((list) => ({ ...list, items: change(list.items) }));
}

const participantOf = ({ event }: Change) => toParticipant(event.d as Schemas["ParticipantResponse"]);

const others = (members: readonly ChatParticipant[], { user }: ChatParticipant) => members.filter((it) => it.user.id !== user.id);

function countedIn(room: ChatRoom, message: ChatMessage, me: string): ChatRoom {
  if (message.senderId === me || message.deletedAt !== null || message.seq <= room.lastReadSeq) return room;
  const mentionsMe = message.mentions.some((id) => id === me);
  return {
    ...room,
    unreadCount: Math.min(room.unreadCount + 1, 1000),
    mentionCount: room.mentionCount + (mentionsMe ? 1 : 0),
  };
}

function countedOut(room: ChatRoom, message: ChatMessage | undefined, me: string): ChatRoom {
  if (!message || message.deletedAt !== null || message.senderId === me || message.seq <= room.lastReadSeq) return room;
  const mentionsMe = message.mentions.some((id) => id === me);
  return {
    ...room,
    unreadCount: Math.max(room.unreadCount - 1, 0),
    mentionCount: Math.max(room.mentionCount - (mentionsMe ? 1 : 0), 0),
  };
}

function inLastMessage(room: ChatRoom, id: string, change: (message: ChatMessage) => ChatMessage): ChatRoom {
  return room.lastMessage?.id === id ? { ...room, lastMessage: change(room.lastMessage) } : room;
}

function react(change: Change, step: 1 | -1): void {
  const { message_id, user_id, emoji } = change.event.d as Schemas["Reaction"];
  const isMine = userId(user_id) === change.world.me.getSnapshot().id;
  const counted = (message: ChatMessage) => ({ ...message, reactions: countReaction(message.reactions, emoji, step, isMine) });
  change.effects.amend(roomId(change.event.room_id), messageId(message_id), change.event.seq, counted);
  changeRoom(change, (room) => inLastMessage(room, message_id, counted));
}

function countReaction(reactions: readonly Reaction[], emoji: string, step: 1 | -1, isMine: boolean): readonly Reaction[] {
  const known = reactions.find((it) => it.emoji === emoji) ?? { emoji, count: 0, isMine: false };
  const counted = { emoji, count: known.count + step, isMine: isMine ? step === 1 : known.isMine };
  const isNew = !reactions.some((it) => it.emoji === emoji);
  const all = isNew ? [...reactions, counted] : reactions.map((it) => (it.emoji === emoji ? counted : it));
  return all.filter(({ count }) => count > 0);
}
