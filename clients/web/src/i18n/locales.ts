/** The languages, and how one is chosen. English is always here; the others come when they are wanted. */
import { english, type Catalogue } from "./catalogue.ts";

export type Locale = "en" | "de" | "ar";

export const locales: readonly { readonly id: Locale; readonly name: string; readonly dir: "ltr" | "rtl" }[] = [
  { id: "en", name: "English", dir: "ltr" },
  { id: "de", name: "Deutsch", dir: "ltr" },
  { id: "ar", name: "العربية", dir: "rtl" },
];

export const directionOf = (locale: Locale): "ltr" | "rtl" => (locale === "ar" ? "rtl" : "ltr");

export async function catalogueOf(locale: Locale): Promise<Catalogue> {
  if (locale === "de") return (await import("./german.ts")).german;
  if (locale === "ar") return (await import("./arabic.ts")).arabic;
  return english;
}

/** The first wish that can be met. */
export function pickLocale(wishes: readonly string[]): Locale {
  for (const wish of wishes) {
    const found = locales.find((locale) => locale.id === wish.toLowerCase().split("-")[0]);
    if (found) return found.id;
  }
  return "en";
}
