/** العربية. */
import { chat } from "./arabic/chat.ts";
import { errors } from "./arabic/errors.ts";
import { frame } from "./arabic/frame.ts";
import { people } from "./arabic/people.ts";
import { rooms } from "./arabic/rooms.ts";
import { settings } from "./arabic/settings.ts";
import type { Catalogue } from "./catalogue.ts";

export const arabic: Catalogue = { ...frame, ...rooms, ...chat, ...people, ...settings, ...errors };
