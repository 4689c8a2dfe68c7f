/** What the keys do. */
import type { MessageKey } from "../../i18n/catalogue.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import styles from "./ShortcutsDialog.module.css";

type Shortcut = readonly [MessageKey, readonly string[]];

const everywhere: readonly Shortcut[] = [
  ["keys.new", ["N"]],
  ["keys.search", ["/"]],
  ["keys.next", ["Alt", "↓"]],
  ["keys.previous", ["Alt", "↑"]],
  ["keys.back", ["Esc"]],
  ["keys.help", ["?"]],
];

const writing: readonly Shortcut[] = [
  ["keys.send", ["Enter"]],
  ["keys.line", ["Shift", "Enter"]],
  ["keys.answer", ["↑"]],
];

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t("keys.title")} closeLabel={t("common.close")} onClose={onClose}>
      <Keys shortcuts={everywhere} />
      <h3 className={styles.heading}>{t("keys.writing")}</h3>
      <Keys shortcuts={writing} />
    </Dialog>
  );
}

function Keys({ shortcuts }: { readonly shortcuts: readonly Shortcut[] }) {
  const { t } = useI18n();
  return (
    <dl className={styles.keys}>
      {shortcuts.map(([label, keys]) => (
        <div key={label}>
          <dt>{t(label)}</dt>
          <dd dir="ltr">{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
        </div>
      ))}
    </dl>
  );
}
