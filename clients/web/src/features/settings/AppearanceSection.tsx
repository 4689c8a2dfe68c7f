/** How Kith looks and speaks on this device. */
import { locales, type Locale } from "../../i18n/locales.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { preferences, setPreference, type Theme } from "../../state/preferences.ts";
import { useStore } from "../../state/useStore.ts";
import { Card, Choice, SectionPage } from "./SectionPage.tsx";

const themes = { system: "settings.themeSystem", light: "settings.themeLight", dark: "settings.themeDark" } as const;

export function AppearanceSection() {
  const { t } = useI18n();
  const { theme } = useStore(preferences);
  const options = (Object.keys(themes) as Theme[]).map((value) => ({ value, label: t(themes[value]) }));
  return (
    <SectionPage title={t("settings.appearance")}>
      <Card><Choice label={t("settings.appearance")} list name="theme" value={theme} options={options} onChange={(next) => setPreference({ theme: next })} /></Card>
    </SectionPage>
  );
}

export function LanguageSection() {
  const { t } = useI18n();
  const { locale } = useStore(preferences);
  const options = locales.map(({ id, name }) => ({ value: id, label: name, lang: id }));
  return (
    <SectionPage title={t("settings.language")}>
      <Card><Choice<Locale> label={t("settings.language")} list name="locale" value={locale} options={options} onChange={(next) => setPreference({ locale: next })} /></Card>
    </SectionPage>
  );
}
