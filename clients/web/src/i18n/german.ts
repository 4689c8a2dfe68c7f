/** Deutsch. */
import { chat } from "./german/chat.ts";
import { errors } from "./german/errors.ts";
import { frame } from "./german/frame.ts";
import { people } from "./german/people.ts";
import { rooms } from "./german/rooms.ts";
import { settings } from "./german/settings.ts";
import type { Catalogue } from "./catalogue.ts";

export const german: Catalogue = { ...frame, ...rooms, ...chat, ...people, ...settings, ...errors };
