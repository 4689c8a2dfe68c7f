/** What a user interface or a bot needs of Kith. */

export { ApiError, type ErrorCode, type FieldError } from "./api/error.js";
export type { Account } from "./areas/account.js";
export type { Friends } from "./areas/friends.js";
export type { Messages, RoomMessages, Send } from "./areas/messages.js";
export type { People } from "./areas/people.js";
export type { Rooms } from "./areas/rooms.js";
export { type Client, type ClientOptions, type ClientState, type Registration, type TokenStore, createClient } from "./client.js";
export type { ConnectionState, StopReason } from "./model/connection.js";
export type { BlockedPerson, Friend, FriendRequest, RequestAction, RequestStatus, Suggestion } from "./model/friend.js";
export * from "./model/ids.js";
export type { ChatMessage, MessageReadReceipt, PendingMessage, PendingState, Reaction, ReplyPreview } from "./model/message.js";
export type { RoomNote } from "./model/note.js";
export type { OwnStatus, Presence } from "./model/presence.js";
export type { ChatParticipant, ChatRoom, Position, Positions, Role, RoomSettingsChange } from "./model/room.js";
export type { CloseAudience, Device, Me, Person, Privacy, ProfileChange, Relation, User, WideAudience } from "./model/user.js";
export type { EndReason, Session } from "./session.js";
export type { Store } from "./store/cell.js";
export type { ListState, LoadState, SearchState } from "./store/list.js";
