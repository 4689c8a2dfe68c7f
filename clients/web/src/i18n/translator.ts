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
  // Made when first wanted: each takes milliseconds, and the first screen may need none.
  let rules: Intl.PluralRules | null = null;
  let numbers: Intl.NumberFormat | null = null;
  const formOf = (count: number): Intl.LDMLPluralRule => (rules ??= new Intl.PluralRules(locale)).select(count);
  const number = (value: number): string => (numbers ??= new Intl.NumberFormat(locale)).format(value);
  return {
    locale,
    t: (key, values = {}) => {
      const entry: string | Plural = catalogue[key];
      const text = typeof entry === "string" ? entry : (entry[formOf(Number(values["count"] ?? 0))] ?? entry.other);
      return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        if (value === undefined) return whole;
        return typeof value === "number" ? number(value) : isolated(value, locale);
      });
    },
  };
}

const rightToLeft = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/u;

/** A name of the other direction must not reorder the sentence around it. */
function isolated(value: string, locale: Locale): string {
  return directionOf(locale) === "rtl" || rightToLeft.test(value) ? `\u2068${value}\u2069` : value;
}
