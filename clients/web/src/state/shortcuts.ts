/** Whether the list of keyboard shortcuts is open: a key opens it anywhere, and a line in the settings. */
import { cell } from "./cell.ts";

export const shortcutsShown = cell(false);
