/** Splits a message into plain words, links, code, bold and mentions. Knows nothing of elements, so it cannot make any. */

export type InlinePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "bold"; readonly text: string }
  | { readonly kind: "mention"; readonly text: string };

const pattern = /(https?:\/\/[^\s<>"\u200b-\u200f\u202a-\u202e\u2066-\u2069]+)|`([^`\n]+)`|(?<![\p{L}\p{N}*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_.])@([a-z0-9_.]{3,32})/giu;

export function inlineParts(text: string, mentions?: ReadonlySet<string>): readonly InlinePart[] {
  const parts: InlinePart[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const part = partOf(match, mentions);
    if (!part) continue;
    if (match.index > end) parts.push({ kind: "text", text: text.slice(end, match.index) });
    parts.push(part.part);
    end = match.index + part.length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

function partOf(match: RegExpMatchArray, mentions: ReadonlySet<string> | undefined): { readonly part: InlinePart; readonly length: number } | null {
  const [whole, url, code, bold, name] = match;
  if (url) {
    const text = trimmedUrl(url);
    return URL.canParse(text) ? { part: { kind: "link", text, href: new URL(text).href }, length: text.length } : null;
  }
  if (code) return { part: { kind: "code", text: code }, length: whole.length };
  if (bold) return { part: { kind: "bold", text: bold }, length: whole.length };
  if (name && mentions?.has(name.toLowerCase().replace(/\.+$/, ""))) return { part: { kind: "mention", text: whole }, length: whole.length };
  return null;
}

/** A sentence's own full stop or bracket does not belong to the address. */
function trimmedUrl(url: string): string {
  const trimmed = url.replace(/[.,;:!?'"\]]+$/, "");
  return trimmed.endsWith(")") && !trimmed.includes("(") ? trimmedUrl(trimmed.slice(0, -1)) : trimmed;
}

// Built from text: the v flag is newer than the language level that this compiles to.
const onlyEmoji = new RegExp(String.raw`^(?:\p{RGI_Emoji}|\s)+$`, "v");

/** One to three emoji and nothing else are shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > 60 || !onlyEmoji.test(text)) return false;
  return [...new Intl.Segmenter().segment(text.replaceAll(/\s/g, ""))].length <= 3;
}
