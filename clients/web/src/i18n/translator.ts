/** Turns a key and its values into a sentence of one language. Knows no React. */
import type { Catalogue, MessageKey } from "./catalogue.ts";
import type { Plural } from "./plural.ts";
import { directionOf, type Locale } from "./locales.ts";

export type Values = Readonly<Record<string, string | number>>;

export interface Translator {
  readonly locale: Locale;
  t(key: MessageKey, values?: Values): string;
}

export function translator(locale: Locale, catalogue: Catalogue): Translator {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return {
    locale,
    t: (key, values = {}) => {
      const entry: string | Plural = catalogue[key];
      const text = typeof entry === "string" ? entry : (entry[rules.select(Number(values["count"] ?? 0))] ?? entry.other);
      return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        if (value === undefined) return whole;
        return typeof value === "number" ? numbers.format(value) : isolated(value, locale);
      });
    },
  };
}

const rightToLeft = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/u;

/** A name of the other direction must not reorder the sentence around it. */
function isolated(value: string, locale: Locale): string {
  return directionOf(locale) === "rtl" || rightToLeft.test(value) ? `\u2068${value}\u2069` : value;
}
