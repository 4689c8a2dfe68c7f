/** What this server offers; what it does not is left out of the screens. */
import { cell } from "./cell.ts";

export interface Server {
  readonly userSearch: boolean;
  readonly suggestions: boolean;
  readonly presence: boolean;
  readonly textCharacters: number;
  /** People to try it as, where the demo was made. */
  readonly demo: { readonly usernames: readonly string[]; readonly password: string } | null;
}

const key = "kith.server";
const unknown: Server = { userSearch: false, suggestions: false, presence: false, textCharacters: 4000, demo: null };

export const server = cell<Server>(remembered());

/** Asks once at the start; without a network what was learnt last time holds. */
export async function loadServer(): Promise<void> {
  try {
    const response = await fetch("/api/v1/meta");
    if (!response.ok) return;
    const meta = (await response.json()) as Meta;
    server.set(decode(meta));
    localStorage.setItem(key, JSON.stringify(meta));
  } catch {
    // Offline, or a storage that refuses: both leave what is known.
  }
}

interface Meta {
  readonly limits?: Readonly<Record<string, number>>;
  readonly features?: Readonly<Record<string, boolean>>;
  readonly demo?: Server["demo"];
}

function decode(meta: Meta): Server {
  return {
    userSearch: meta.features?.["user_search"] === true,
    suggestions: meta.features?.["suggestions"] === true,
    presence: meta.features?.["presence"] === true,
    textCharacters: meta.limits?.["text_characters"] ?? unknown.textCharacters,
    demo: meta.demo ?? null,
  };
}

function remembered(): Server {
  try {
    return decode(JSON.parse(localStorage.getItem(key) ?? "{}") as Meta);
  } catch {
    return unknown;
  }
}
