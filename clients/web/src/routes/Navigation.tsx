/** The four areas: a bar below on phones, a rail beside on wide screens. */
import type { MessageKey } from "../i18n/catalogue.ts";
import { useI18n } from "../i18n/useI18n.tsx";
import { useUnreadRooms } from "../features/rooms/roomsViewModel.ts";
import { useSession } from "../state/session.tsx";
import { server } from "../state/server.ts";
import { useOpen } from "../state/useOpen.ts";
import { useStore } from "../state/useStore.ts";
import { Badge } from "../ui/Badge.tsx";
import { Mark } from "../ui/Brand.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import type { Area } from "./places.tsx";
import styles from "./Navigation.module.css";

const areas: readonly { readonly id: Area; readonly href: string; readonly icon: IconName; readonly label: MessageKey }[] = [
  { id: "messages", href: "/messages", icon: "chat", label: "nav.messages" },
  { id: "friends", href: "/friends", icon: "friends", label: "nav.friends" },
  { id: "find", href: "/friends/find", icon: "search", label: "nav.find" },
  { id: "settings", href: "/settings", icon: "settings", label: "nav.settings" },
];

export function Navigation({ area, isHidden }: { readonly area: Area; readonly isHidden: boolean }) {
  const { t } = useI18n();
  const open = useOpen();
  const { friends } = useSession();
  const { userSearch, suggestions } = useStore(server);
  const unread = useUnreadRooms();
  const requests = useStore(friends.incoming).items.length;
  const badges: Readonly<Partial<Record<Area, { readonly count: number; readonly label: string }>>> = {
    messages: { count: unread, label: t("nav.unread", { count: unread }) },
    friends: { count: requests, label: t("nav.requests", { count: requests }) },
  };
  const shown = areas.filter((item) => item.id !== "find" || userSearch || suggestions);
  return (
    <nav className={styles.nav} aria-label={t("nav.label")} data-hidden={isHidden || undefined}>
      <span className={styles.brand}><Mark size={36} /></span>
      {shown.map((item) => {
        const badge = badges[item.id];
        return (
          <a key={item.id} href={item.href} aria-current={area === item.id ? "page" : undefined} onClick={open(item.href)}>
            <span className={styles.icon}><Icon name={item.icon} size={24} />{badge && <span className={styles.badge}><Badge count={badge.count} label={badge.label} /></span>}</span>
            <span className={styles.label}>{t(item.label)}</span>
          </a>
        );
      })}
    </nav>
  );
}
