/** Events that are no messages: from what the server says to the notes of a room. */

import { userId } from "../model/ids.js";
import type { RoomNote } from "../model/note.js";
import { toParticipant } from "./chat.js";
import type { WireEvent } from "./frames.js";
import type { Schemas } from "./schemas.js";
import { toTime } from "./time.js";

type Told = (d: unknown) => RoomNote extends infer Note ? (Note extends RoomNote ? Omit<Note, "seq" | "at"> : never) | null : never;

const participant = (d: unknown) => toParticipant(d as Schemas["ParticipantResponse"]);

const TABLE: Readonly<Record<string, Told>> = {
  "room.created": (d) => {
    const { kind, participants } = d as Schemas["RoomCreated"];
    if (kind === "direct") return null;
    const owner = participants.find(({ role }) => role === "owner");
    return { kind: "created", by: owner ? toParticipant(owner).user : null };
  },
  "participant.joined": (d) => ({ kind: "joined", who: participant(d).user }),
  "participant.left": (d) => ({ kind: "left", who: participant(d).user }),
  "participant.role": (d) => ({ kind: "role", who: participant(d).user, role: participant(d).role }),
  "room.updated": (d) => {
    const { actor_id, name } = d as Schemas["RoomUpdated"];
    return name === undefined ? null : { kind: "renamed", byId: userId(actor_id), name };
  },
};

/** Null for events that a history says nothing of. */
export function toNote({ type, seq, at, d }: WireEvent): RoomNote | null {
  const told = Object.hasOwn(TABLE, type) ? (TABLE[type]?.(d) ?? null) : null;
  return told && { ...told, seq, at: toTime(at) };
}
