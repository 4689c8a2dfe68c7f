/** Settings: what there is to set, and the way out. */
import { useState } from "react";
import { useI18n } from "../../i18n/useI18n.tsx";
import { locales } from "../../i18n/locales.ts";
import type { MessageKey } from "../../i18n/catalogue.ts";
import { installer } from "../../state/installer.ts";
import { shortcutsShown } from "../../state/shortcuts.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Icon, type IconName } from "../../ui/Icon.tsx";
import { Pane } from "../../ui/Pane.tsx";
import styles from "./SettingsView.module.css";

export type SettingsSection = "profile" | "privacy" | "security" | "blocked" | "appearance" | "language";

const sections: readonly { readonly id: SettingsSection; readonly icon: IconName; readonly label: MessageKey; readonly hint: MessageKey | null }[] = [
  { id: "privacy", icon: "lock", label: "settings.privacy", hint: "settings.privacyHint" },
  { id: "security", icon: "device", label: "settings.security", hint: "settings.securityHint" },
  { id: "blocked", icon: "block", label: "settings.blocked", hint: "settings.blockedHint" },
  { id: "appearance", icon: "palette", label: "settings.appearance", hint: "settings.appearanceHint" },
  { id: "language", icon: "globe", label: "settings.language", hint: null },
];

export function SettingsView({ current }: { readonly current: SettingsSection | null }) {
  const { t, locale } = useI18n();
  const { account } = useSession();
  const me = useStore(account.me);
  const open = useOpen();
  const [isLeaving, setLeaving] = useState(false);
  const install = useStore(installer);
  const language = locales.find((item) => item.id === locale)?.name ?? "";
  return (
    <Pane title={t("settings.title")} label={t("settings.title")}>
      <a className={styles.me} href="/settings/profile" aria-current={current === "profile" ? "page" : undefined} onClick={open("/settings/profile")}>
        <Avatar id={me.id} name={me.displayName} url={me.avatarUrl} size="lg" />
        <span className={styles.words}><bdi className={styles.name}>{me.displayName}</bdi><small dir="ltr">@{me.username}</small></span>
        <Icon name="chevron" size={18} />
      </a>
      <ul className={styles.list}>
        {sections.map((section) => (
          <li key={section.id}>
            <a className={styles.item} href={`/settings/${section.id}`} aria-current={current === section.id ? "page" : undefined} onClick={open(`/settings/${section.id}`)}>
              <span className={styles.icon}><Icon name={section.icon} size={20} /></span>
              <span className={styles.words}><span>{t(section.label)}</span><small>{section.hint ? t(section.hint) : language}</small></span>
              <Icon name="chevron" size={18} />
            </a>
          </li>
        ))}
        <li className={styles.keyboard}><button type="button" className={styles.item} onClick={() => shortcutsShown.set(true)}><span className={styles.icon}><Icon name="keyboard" size={20} /></span><span className={styles.words}><span>{t("keys.title")}</span><small>{t("keys.hint")}</small></span></button></li>
        {install && <li><button type="button" className={styles.item} onClick={() => void install()}><span className={styles.icon}><Icon name="install" size={20} /></span><span className={styles.words}><span>{t("settings.install")}</span><small>{t("settings.installHint")}</small></span></button></li>}
        <li><button type="button" className={styles.item} data-danger onClick={() => setLeaving(true)}><span className={styles.icon}><Icon name="leave" size={20} /></span><span className={styles.words}><span>{t("settings.signOut")}</span></span></button></li>
      </ul>
      {isLeaving && <SignOutDialog onClose={() => setLeaving(false)} />}
    </Pane>
  );
}

function SignOutDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useI18n();
  const session = useSession();
  const action = useAction();
  const waiting = useStore(session.outbox).length;
  return (
    <ConfirmDialog title={t("settings.signOutAsk")} confirm={t("settings.signOut")} cancel={t("common.cancel")} isBusy={action.isRunning} onClose={onClose} onConfirm={() => void action.run(() => session.logout())}
      text={<>{waiting > 0 && <p><strong>{t("settings.signOutPending", { count: waiting })}</strong></p>}<p>{t("settings.signOutText")}</p></>} />
  );
}
