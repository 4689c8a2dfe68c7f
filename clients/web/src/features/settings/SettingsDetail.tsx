/** The chosen page of settings. */
import { AppearanceSection, LanguageSection } from "./AppearanceSection.tsx";
import { BlockedSection } from "./BlockedSection.tsx";
import { PrivacySection } from "./PrivacySection.tsx";
import { ProfileSection } from "./ProfileSection.tsx";
import { SecuritySection } from "./SecuritySection.tsx";
import type { SettingsSection } from "./SettingsView.tsx";

const pages = { profile: ProfileSection, privacy: PrivacySection, security: SecuritySection, blocked: BlockedSection, appearance: AppearanceSection, language: LanguageSection } as const;

export function SettingsDetail({ section }: { readonly section: SettingsSection }) {
  const Page = pages[section];
  return <Page key={section} />;
}
