/** Times on the wire are RFC 3339; here they are milliseconds. */

import type { Timestamp } from "../model/ids.js";

export const toTime = (text: string): Timestamp => Date.parse(text);

export const toTimeOrNull = (text: string | null | undefined): Timestamp | null =>
  text === null || text === undefined ? null : Date.parse(text);

export const fromTime = (time: Timestamp): string => new Date(time).toISOString();
