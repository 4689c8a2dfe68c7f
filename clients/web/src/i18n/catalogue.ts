/** English, and with it the list of everything the client can say. The other languages must say the same. */
import { chat } from "./english/chat.ts";
import { errors } from "./english/errors.ts";
import { frame } from "./english/frame.ts";
import { people } from "./english/people.ts";
import { rooms } from "./english/rooms.ts";
import { settings } from "./english/settings.ts";
import type { Plural } from "./plural.ts";

export const english = { ...frame, ...rooms, ...chat, ...people, ...settings, ...errors };

export type MessageKey = keyof typeof english;

/** What each language must provide: a text for a text, plural forms for plural forms. */
export type Catalogue = { readonly [Key in MessageKey]: (typeof english)[Key] extends string ? string : Plural };
