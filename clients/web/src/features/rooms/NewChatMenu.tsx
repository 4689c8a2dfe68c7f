/** The way to a new conversation. */
import { useI18n } from "../../i18n/useI18n.tsx";
import { useOpen } from "../../state/useOpen.ts";
import { Icon } from "../../ui/Icon.tsx";
import styles from "./NewChatMenu.module.css";

export function NewChatMenu() {
  const { t } = useI18n();
  const open = useOpen();
  return <a className={styles.new} href="/new" aria-label={t("rooms.new")} title={t("rooms.new")} onClick={open("/new")}><Icon name="compose" /></a>;
}
