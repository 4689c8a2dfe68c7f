/** What a server would say, with only what a test cares about spelled out. */

import type { WireEvent, WireUserEvent } from "../../src/wire/frames.js";
import type { Schemas } from "../../src/wire/schemas.js";

export const ME = "00000000-0000-7000-8000-000000000001";
export const ANN = "00000000-0000-7000-8000-00000000000a";
export const BEN = "00000000-0000-7000-8000-00000000000b";
export const ROOM = "00000000-0000-7000-8000-0000000000f0";
export const SESSION = "00000000-0000-7000-8000-0000000000e0";
export const AT = "2026-01-02T03:04:05.678Z";

export const messageIdOf = (room: string, seq: number): string => `${room}/${seq}`;

const wirePerson = (id: string): Schemas["Person"] => ({ id, username: `u${id.at(-1)}`, display_name: `Name ${id.at(-1)}`, avatar_url: null });

export const wireUser = (id: string, over: Partial<Schemas["UserResponse"]> = {}): Schemas["UserResponse"] => ({
  ...wirePerson(id),
  bio: "",
  interests: [],
  friends_count: 0,
  mutual_friends_count: 0,
  relation: id === ME ? "self" : "none",
  ...over,
});

export const wireMe = (over: Partial<Schemas["MeResponse"]> = {}): Schemas["MeResponse"] => ({ ...wireUser(ME), locale: null, created_at: AT, ...over });

export const wireMember = (id: string, over: Partial<Schemas["ParticipantResponse"]> = {}): Schemas["ParticipantResponse"] => ({
  user: wirePerson(id),
  role: "member",
  joined_at: AT,
  last_read_seq: 0,
  ...over,
});

export const wireMessage = (over: Partial<Schemas["MessageResponse"]> = {}): Schemas["MessageResponse"] => {
  const seq = over.seq ?? 2;
  const room_id = over.room_id ?? ROOM;
  return {
    id: messageIdOf(room_id, seq),
    room_id,
    seq,
    sender_id: ANN,
    text: `text ${seq}`,
    mentions: [],
    reply_to: null,
    attachments: [],
    created_at: AT,
    edited_at: null,
    deleted_at: null,
    ...over,
  };
};

export const wireRoom = (over: Partial<Schemas["ChatRoomResponse"]> = {}): Schemas["ChatRoomResponse"] => ({
  id: ROOM,
  kind: "group",
  name: "Room",
  avatar_url: null,
  external_id: null,
  last_seq: 1,
  epoch: 1,
  last_message: null,
  unread_count: 0,
  mention_count: 0,
  last_read_seq: 0,
  role: "member",
  joined_seq: 1,
  muted_until: null,
  pinned: false,
  archived: false,
  participant_count: 2,
  participants: [wireMember(ME), wireMember(ANN)],
  created_at: AT,
  updated_at: AT,
  ...over,
});

export const wireRequest = (over: Partial<Schemas["FriendRequestResponse"]> = {}): Schemas["FriendRequestResponse"] => ({
  id: "00000000-0000-7000-8000-0000000000d0",
  direction: "incoming",
  user: wireUser(ANN),
  note: null,
  status: "pending",
  created_at: AT,
  responded_at: null,
  ...over,
});

export const roomEvent = (seq: number, type: string, d: unknown, room_id = ROOM): WireEvent => ({ room_id, seq, type, at: AT, d });

export const userEvent = (useq: number, type: string, d: unknown): WireUserEvent => ({ useq, type, at: AT, d });
