/** The chosen language for every component under it. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { english, type Catalogue } from "./catalogue.ts";
import { catalogueOf, directionOf, type Locale } from "./locales.ts";
import { translator, type Translator } from "./translator.ts";

const I18n = createContext<Translator>(translator("en", english));

export const useI18n = (): Translator => useContext(I18n);

export function I18nProvider({ locale, children }: { readonly locale: Locale; readonly children: ReactNode }) {
  const [loaded, setLoaded] = useState<{ readonly locale: Locale; readonly catalogue: Catalogue } | null>(locale === "en" ? { locale, catalogue: english } : null);
  useEffect(() => {
    let isCurrent = true;
    void catalogueOf(locale).then(
      (catalogue) => isCurrent && setLoaded({ locale, catalogue }),
      () => isCurrent && setLoaded({ locale: "en", catalogue: english }),
    );
    return () => { isCurrent = false; };
  }, [locale]);
  useEffect(() => {
    if (!loaded) return;
    document.documentElement.lang = loaded.locale;
    document.documentElement.dir = directionOf(loaded.locale);
  }, [loaded]);
  const value = useMemo(() => (loaded ? translator(loaded.locale, loaded.catalogue) : null), [loaded]);
  return value && <I18n.Provider value={value}>{children}</I18n.Provider>;
}
