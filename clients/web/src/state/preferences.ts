/** How this device likes Kith to look and speak. Kept in localStorage, which never holds anything of the session. */
import { pickLocale, type Locale } from "../i18n/locales.ts";
import { cell } from "./cell.ts";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly theme: Theme;
  readonly locale: Locale;
}

const key = "kith.preferences";

export const preferences = cell<Preferences>(stored());

export function setPreference(change: Partial<Preferences>): void {
  preferences.set({ ...preferences.getSnapshot(), ...change });
  try {
    localStorage.setItem(key, JSON.stringify(preferences.getSnapshot()));
  } catch {
    // Storage may be full or forbidden; the choice then holds until the page is closed.
  }
  applyTheme();
}

/** Puts the chosen theme, or the device's, on the page. */
export function applyTheme(): void {
  const { theme } = preferences.getSnapshot();
  const isDark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", isDark ? "#1b161a" : "#ffffff");
}

function stored(): Preferences {
  const fallback: Preferences = { theme: "system", locale: pickLocale(navigator.languages) };
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? "{}") as { theme?: unknown; locale?: unknown };
    return {
      theme: value.theme === "light" || value.theme === "dark" ? value.theme : "system",
      locale: typeof value.locale === "string" ? pickLocale([value.locale]) : fallback.locale,
    };
  } catch {
    return fallback;
  }
}
