/** What the device reads from the server by itself: REST answers as models. */

import type { Page } from "../store/messages.js";
import type { BlockedPerson, Friend, FriendRequest } from "../model/friend.js";
import type { MessageId, RoomId, UserId } from "../model/ids.js";
import type { ChatMessage, MessageReadReceipt } from "../model/message.js";
import type { RoomNote } from "../model/note.js";
import type { ChatParticipant, ChatRoom } from "../model/room.js";
import type { Me, Privacy, User } from "../model/user.js";
import { toMessage, toParticipant, toReceipt, toRoom } from "../wire/chat.js";
import type { Requests, Resume } from "../wire/frames.js";
import { toNote } from "../wire/notes.js";
import { toBlocked, toFriend, toFriendRequest, toMe, toPrivacy, toUser } from "../wire/people.js";
import type { Schemas } from "../wire/schemas.js";
import { type Rest, answer } from "./rest.js";

interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Which messages: the newest when nothing is said. */
type Window = { readonly before: number } | { readonly after: number } | { readonly around: number } | object;

export interface Source {
  rooms(isArchived: boolean, cursor: string | null): Promise<ListPage<ChatRoom>>;
  room(roomId: RoomId): Promise<ChatRoom>;
  messages(roomId: RoomId, window: Window): Promise<Page>;
  /** What happened besides messages, in this many events after one. */
  notes(roomId: RoomId, after: number, limit: number): Promise<readonly RoomNote[]>;
  participants(roomId: RoomId): Promise<readonly ChatParticipant[]>;
  receipts(messageId: MessageId): Promise<readonly MessageReadReceipt[]>;
  sync(resume: Resume): Promise<Schemas["SyncResponse"]>;
  friends(): Promise<readonly Friend[]>;
  requests(): Promise<readonly FriendRequest[]>;
  blocked(): Promise<readonly BlockedPerson[]>;
  user(userId: UserId): Promise<User>;
  me(): Promise<Me>;
  privacy(): Promise<Privacy>;
}

export const LIMIT = 100;
/** A list longer than this is shown in part. */
const MAX_PAGES = 50;

interface WirePage<W> {
  readonly items: readonly W[];
  readonly next_cursor: string | null;
}

/** All pages of a list that is shown as a whole. */
export async function allPages<W, M>(read: (cursor?: { cursor: string }) => Promise<WirePage<W>>, to: (wire: W) => M): Promise<M[]> {
  const items: M[] = [];
  let page = await read();
  items.push(...page.items.map(to));
  for (let count = 1; page.next_cursor !== null && count < MAX_PAGES; count += 1) {
    page = await read({ cursor: page.next_cursor });
    items.push(...page.items.map(to));
  }
  return items;
}

/** Sends without a socket. The same `client_id` gets the same message, however it was sent before. */
export const postMessage =
  (rest: Rest) =>
  async ({ room_id: id, ...body }: Requests["send"]["frame"]): Promise<ChatMessage> =>
    toMessage(await answer(rest.POST("/api/v1/chat/messages/{id}", { params: { path: { id } }, body })));

export function restSource(rest: Rest): Source {
  return {
    rooms: async (isArchived, cursor) => {
      const query = { limit: LIMIT, ...(isArchived && { archived: true }), ...(cursor && { cursor }) };
      const page = await answer(rest.GET("/api/v1/chat/rooms/", { params: { query } }));
      return { items: page.items.map(toRoom), next: page.next_cursor };
    },
    room: async (room_id) => toRoom(await answer(rest.GET("/api/v1/chat/rooms/{room_id}", { params: { path: { room_id } } }))),
    messages: async (id, window) => {
      const params = { path: { id }, query: { limit: 50, ...window } };
      const page = await answer(rest.GET("/api/v1/chat/messages/{id}", { params }));
      return {
        items: page.items.map(toMessage),
        hasBefore: page.has_before,
        hasAfter: page.has_after,
        lastSeq: page.last_seq,
      };
    },
    notes: async (room_id, after, limit) => {
      const params = { path: { room_id }, query: { after, limit } };
      const { items } = await answer(rest.GET("/api/v1/chat/rooms/{room_id}/events", { params }));
      return items.map(toNote).filter((note) => note !== null);
    },
    participants: (room_id) =>
      allPages((cursor) => {
        const params = { path: { room_id }, query: { limit: LIMIT, ...cursor } };
        return answer(rest.GET("/api/v1/chat/rooms/{room_id}/participants", { params }));
      }, toParticipant),
    receipts: (id) =>
      allPages((cursor) => {
        const params = { path: { id }, query: { limit: LIMIT, ...cursor } };
        return answer(rest.GET("/api/v1/chat/messages/{id}/receipts", { params }));
      }, toReceipt),
    sync: (body) => answer(rest.POST("/api/v1/chat/sync", { body })),
    friends: () =>
      allPages((cursor) => answer(rest.GET("/api/v1/friends/", { params: { query: { limit: LIMIT, ...cursor } } })), toFriend),
    requests: () =>
      allPages((cursor) => answer(rest.GET("/api/v1/friends/requests", { params: { query: { limit: LIMIT, ...cursor } } })), toFriendRequest),
    blocked: () =>
      allPages((cursor) => answer(rest.GET("/api/v1/friends/blocked", { params: { query: { limit: LIMIT, ...cursor } } })), toBlocked),
    user: async (id) => toUser(await answer(rest.GET("/api/v1/users/{id}", { params: { path: { id } } }))),
    me: async () => toMe(await answer(rest.GET("/api/v1/users/me"))),
    privacy: async () => toPrivacy(await answer(rest.GET("/api/v1/users/me/privacy"))),
  };
}
