/** A stable colour, 0 to 7, for an id or a name. */
export function hueOf(key: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 16_777_619);
  // Ids made together differ in few places; this spreads the difference over all bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % 8;
}

/** One or two letters that stand for a name; whole graphemes, so that no letter loses its marks. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].flatMap((word) => (word ? [firstLetter(word)] : []));
  return letters.join("").toLocaleUpperCase() || "·";
}

function firstLetter(word: string): string {
  const start = /[\p{L}\p{N}]/u.exec(word);
  return start ? start[0] : "";
}
