/** Looks at all words of a page: whether some are of another language than the chosen one, and whether some are cut off. */
import type { Page } from "@playwright/test";
import type { Catalogue } from "../../src/i18n/catalogue.ts";

/** What the English catalogue says and the chosen one does not, where it stands on the page. */
export async function foreignWords(page: Page, english: Catalogue, chosen: Catalogue): Promise<readonly string[]> {
  const own = new Set(phrases(chosen));
  const patterns = phrases(english).filter((phrase) => !own.has(phrase)).map(patternOf).filter((pattern) => pattern !== null);
  const shown = await page.evaluate(wordsShown);
  return shown.filter((text) => patterns.some((pattern) => pattern.test(text))).map((text) => `English: ${text}`);
}

/** Words of the app itself that end at an edge; what people say and are called may. */
export async function cutWords(page: Page): Promise<readonly string[]> {
  return (await page.evaluate(wordsCut)).map((text) => `cut off: ${text}`);
}

function phrases(words: Catalogue): readonly string[] {
  return Object.values(words).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
}

/** Null for what has no word of its own, as "{name}: {text}" has none. */
function patternOf(phrase: string): RegExp | null {
  if (!/[a-z]{3}/i.test(phrase.replaceAll(/\{\w+\}/g, ""))) return null;
  const parts = phrase.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`, "u");
}

/** Also those that only a screen reader hears, or a pointer brings up. */
function wordsShown(): readonly string[] {
  const texts: string[] = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility()) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) texts.push(element.getAttribute(name) ?? "");
    if (element.closest("[lang]") !== document.documentElement) continue;
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? "");
    if (element.childElementCount > 0 && element instanceof HTMLElement) texts.push(element.innerText);
  }
  return [...new Set(texts.map((text) => text.replaceAll(/[\u2066-\u2069]/g, "").replaceAll(/\s+/g, " ").trim()).filter(Boolean))];
}

function wordsCut(): readonly string[] {
  const cut: string[] = [];
  const isPeoples = (element: Element): boolean => element.closest("bdi, [dir=auto], article, textarea, input, .visually-hidden, .skip-link") !== null;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element?.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || isPeoples(element) || !node.textContent?.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    for (let edge: HTMLElement | null = element; edge; edge = edge.parentElement) {
      const { overflowX } = getComputedStyle(edge);
      // What can be scrolled to is not cut off, and nothing around an open dialog cuts it.
      if (overflowX === "auto" || overflowX === "scroll") break;
      const frame = edge.getBoundingClientRect();
      if ((overflowX === "hidden" || overflowX === "clip") && (box.right > frame.right + 1 || box.left < frame.left - 1)) {
        cut.push(node.textContent.trim());
        break;
      }
      if (edge instanceof HTMLDialogElement) break;
      if (edge === document.body && (box.right > innerWidth + 1 || box.left < -1)) cut.push(node.textContent.trim());
    }
  }
  return cut;
}
