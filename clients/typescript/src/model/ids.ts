/**
 * Ids that cannot be mistaken for one another. Outside they are plain UUIDs; only the wire makes them.
 */

declare const brand: unique symbol;

type Id<Name extends string> = string & { readonly [brand]: Name };

export type UserId = Id<"user">;
export type RoomId = Id<"room">;
export type MessageId = Id<"message">;
export type FriendRequestId = Id<"friend request">;
export type SessionId = Id<"session">;

/** Chosen by this device for one send, and unique for ever; a repeated send carries the same. */
export type ClientId = Id<"client">;

/** Milliseconds since 1970, UTC. */
export type Timestamp = number;

/** Reads an id out of an address or a stored value; the server judges whether it names anything. */
export const userId = (text: string): UserId => text as UserId;
export const roomId = (text: string): RoomId => text as RoomId;
export const messageId = (text: string): MessageId => text as MessageId;
export const friendRequestId = (text: string): FriendRequestId => text as FriendRequestId;
export const sessionId = (text: string): SessionId => text as SessionId;
export const clientId = (text: string): ClientId => text as ClientId;
