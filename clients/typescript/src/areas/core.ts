/** What the areas of a session share. */

import type { Rest } from "../api/rest.js";
import type { Source } from "../api/source.js";
import type { Keeper } from "../persist/keeper.js";
import type { Storage } from "../persist/storage.js";
import type { World } from "../store/world.js";
import type { Device } from "../sync/device.js";
import type { Link } from "../sync/link.js";
import type { Outbox } from "../sync/outbox.js";

export interface Core {
  readonly world: World;
  readonly rest: Rest;
  readonly source: Source;
  readonly device: Device;
  readonly link: Link;
  readonly keeper: Keeper;
  readonly storage: Storage;
  readonly outbox: Pick<Outbox, "add" | "retry" | "discard">;
}
