/** An address that leads nowhere. */
import { useI18n } from "../i18n/useI18n.tsx";
import { useOpen } from "../state/useOpen.ts";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import styles from "./Shell.module.css";

export function NotFoundView() {
  const { t } = useI18n();
  const open = useOpen();
  return (
    <div className={styles.empty}>
      <EmptyState icon="search" title={t("app.notFound")} action={<Button look="primary" onClick={open("/messages")}>{t("app.home")}</Button>}>{t("app.notFoundText")}</EmptyState>
    </div>
  );
}
