/** The ways around people: friends, requests, find. */
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Icon } from "../../ui/Icon.tsx";
import styles from "./PeopleHead.module.css";

export function RequestsLink() {
  const { t } = useI18n();
  const { friends } = useSession();
  const open = useOpen();
  const count = useStore(friends.incoming).items.length;
  return (
    <a className={styles.link} href="/friends/requests" onClick={open("/friends/requests")}>
      <span className={styles.icon}><Icon name="personAdd" size={20} /></span>
      <span className={styles.words}>{t("requests.title")}</span>
      <Badge count={count} label={t("nav.requests", { count })} />
      <Icon name="chevron" size={18} />
    </a>
  );
}
