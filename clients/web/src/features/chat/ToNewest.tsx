/** Back down to the newest message, and how many wait there. */
import { useI18n } from "../../i18n/useI18n.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Icon } from "../../ui/Icon.tsx";
import styles from "./ToNewest.module.css";

export function ToNewest({ isShown, count, onPress }: { readonly isShown: boolean; readonly count: number; readonly onPress: () => void }) {
  const { t } = useI18n();
  if (!isShown) return null;
  return (
    <div className={styles.anchor}>
      <button type="button" className={styles.button} title={t("chat.toNewest")} onClick={onPress}>
        <Icon name="down" />
        <span className="visually-hidden">{t("chat.toNewest")}</span>
        <span className={styles.count}><Badge count={count} label={t("chat.newBelow", { count })} /></span>
      </button>
    </div>
  );
}
