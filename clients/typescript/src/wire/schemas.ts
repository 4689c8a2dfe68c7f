/** Short names for what the server's description calls its shapes. */

import type { components } from "../api/schema.js";

export type Schemas = components["schemas"];
