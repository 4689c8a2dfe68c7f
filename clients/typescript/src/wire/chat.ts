/** Rooms and messages: from what the server says to the models. */

import { clientId, messageId, roomId, userId } from "../model/ids.js";
import type { ChatMessage, MessageReadReceipt } from "../model/message.js";
import type { ChatParticipant, ChatRoom, RoomSettingsChange } from "../model/room.js";
import { toPerson } from "./people.js";
import type { Schemas } from "./schemas.js";
import { fromTime, toTime, toTimeOrNull } from "./time.js";

export const toMessage = (wire: Schemas["MessageResponse"]): ChatMessage => ({
  id: messageId(wire.id),
  roomId: roomId(wire.room_id),
  seq: wire.seq,
  senderId: userId(wire.sender_id),
  clientId: wire.client_id === undefined ? null : clientId(wire.client_id),
  text: wire.deleted_at === null ? wire.text : null,
  mentions: wire.mentions.map(userId),
  replyTo: wire.reply_to && {
    id: messageId(wire.reply_to.id),
    seq: wire.reply_to.seq,
    senderId: userId(wire.reply_to.sender_id),
    excerpt: wire.reply_to.excerpt,
  },
  reactions: (wire.reactions ?? []).map((reaction) => ({
    emoji: reaction.emoji,
    count: reaction.count,
    isMine: reaction.me,
  })),
  createdAt: toTime(wire.created_at),
  editedAt: toTimeOrNull(wire.edited_at),
  deletedAt: toTimeOrNull(wire.deleted_at),
});

export const toReceipt = (wire: Schemas["MessageReceiptResponse"]): MessageReadReceipt => ({
  userId: userId(wire.user_id),
  deliveredAt: toTimeOrNull(wire.delivered_at),
  readAt: toTimeOrNull(wire.read_at),
});

export const toParticipant = (wire: Schemas["ParticipantResponse"]): ChatParticipant => ({
  user: toPerson(wire.user),
  role: wire.role,
  joinedAt: toTime(wire.joined_at),
  lastReadSeq: wire.last_read_seq,
});

export const toRoom = (wire: Schemas["ChatRoomResponse"]): ChatRoom => ({
  id: roomId(wire.id),
  kind: wire.kind,
  name: wire.name,
  avatarUrl: wire.avatar_url,
  externalId: wire.external_id,
  lastSeq: wire.last_seq,
  lastMessage: wire.last_message && toMessage(wire.last_message),
  unreadCount: wire.unread_count,
  mentionCount: wire.mention_count,
  lastReadSeq: wire.last_read_seq,
  role: wire.role,
  joinedSeq: wire.joined_seq,
  mutedUntil: toTimeOrNull(wire.muted_until),
  isPinned: wire.pinned,
  isArchived: wire.archived,
  participantCount: wire.participant_count,
  participants: wire.participants.map(toParticipant),
  createdAt: toTime(wire.created_at),
  updatedAt: toTime(wire.updated_at),
});

export const fromSettings = (change: RoomSettingsChange): Schemas["ChatRoomSettingsUpdate"] => ({
  ...(change.mutedUntil !== undefined && {
    muted_until: change.mutedUntil === null ? null : fromTime(change.mutedUntil),
  }),
  ...(change.isPinned !== undefined && { pinned: change.isPinned }),
  ...(change.isArchived !== undefined && { archived: change.isArchived }),
});
