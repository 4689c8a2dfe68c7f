/** Times and dates as people say them, in their language. */
import type { Translator } from "./translator.ts";

const day = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The reader's own region, when it speaks the chosen language: a British reader wants 17:05, not 5:05 PM. */
function regional(locale: string): string {
  return globalThis.navigator?.languages?.find((wish) => wish.split("-")[0] === locale) ?? locale;
}

function format(locale: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(regional(locale), options)));
  return found;
}

/** Calendar days between two moments, in the reader's time zone. */
export function daysBetween(earlier: number, later: number): number {
  return Math.round((new Date(later).setHours(0, 0, 0, 0) - new Date(earlier).setHours(0, 0, 0, 0)) / day);
}

export const clockTime = ({ locale }: Translator, at: number): string => format(locale, "clock", { timeStyle: "short" }).format(at);

export const fullTime = ({ locale }: Translator, at: number): string => format(locale, "full", { dateStyle: "full", timeStyle: "short" }).format(at);

export const shortDate = ({ locale }: Translator, at: number): string => format(locale, "short", { day: "numeric", month: "long", year: "numeric" }).format(at);

/** For a list: the time today, the weekday this week, else the date. */
export function listTime(translator: Translator, at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clockTime(translator, at);
  if (days === 1) return translator.t("time.yesterday");
  if (days < 7) return format(translator.locale, "weekday", { weekday: "short" }).format(at);
  return format(translator.locale, "numeric", { day: "numeric", month: "short" }).format(at);
}

/** Between the messages of two days. */
export function dayName(translator: Translator, at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return translator.t("time.today");
  if (days === 1) return translator.t("time.yesterday");
  if (days < 7) return format(translator.locale, "long weekday", { weekday: "long" }).format(at);
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  if (isThisYear) return format(translator.locale, "day", { weekday: "short", day: "numeric", month: "long" }).format(at);
  return format(translator.locale, "day and year", { weekday: "short", day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** "5 minutes ago". */
export function relativeTime(translator: Translator, at: number, now: number): string {
  const relative = new Intl.RelativeTimeFormat(translator.locale, { numeric: "auto" });
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 60) return translator.t("time.justNow");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (seconds < 30 * 86_400) return relative.format(-daysBetween(at, now), "day");
  return shortDate(translator, at);
}
