/** The signed-in app: navigation, a list, and what was picked from it. Phones show one of the two, wide screens both. */
import { lazy, Suspense, useEffect, useRef } from "react";
import { useLocation, useSearch } from "wouter";
import type { MessageKey } from "../i18n/catalogue.ts";
import { useI18n } from "../i18n/useI18n.tsx";
import { useSession } from "../state/session.tsx";
import { shortcutsShown } from "../state/shortcuts.ts";
import { useStore } from "../state/useStore.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import type { IconName } from "../ui/Icon.tsx";
import { ConnectionBar } from "./ConnectionBar.tsx";
import { Conversations } from "./Conversations.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Navigation } from "./Navigation.tsx";
import { placeOf, type Area } from "./places.tsx";
import { useAcceptances } from "./useAcceptances.ts";
import { useAppBadge } from "./useAppBadge.ts";
import { useShortcuts } from "./useShortcuts.ts";
import styles from "./Shell.module.css";

const ShortcutsDialog = lazy(() => import("../features/settings/ShortcutsDialog.tsx").then((module) => ({ default: module.ShortcutsDialog })));

const nothingPicked: Readonly<Record<Area, { readonly icon: IconName; readonly title: MessageKey; readonly text: MessageKey }>> = {
  messages: { icon: "chat", title: "rooms.pick", text: "rooms.pickText" },
  friends: { icon: "friends", title: "friends.pick", text: "friends.pickText" },
  find: { icon: "search", title: "friends.pick", text: "friends.pickText" },
  settings: { icon: "settings", title: "settings.pick", text: "settings.pickText" },
};

export function Shell() {
  const { t } = useI18n();
  const { friends } = useSession();
  const [path] = useLocation();
  const search = useSearch();
  const area = useRef<Area>("friends");
  const place = placeOf(path, new URLSearchParams(search), area.current);
  const detail = useRef<HTMLElement>(null);
  useEffect(() => { area.current = place.area; }, [place]);
  useEffect(() => {
    // The number at "Friends" needs them from the start.
    friends.loadRequests().catch(() => undefined);
  }, [friends]);
  useAppBadge();
  useAcceptances();
  useShortcuts(place.back);
  const { detailKey } = place;
  const isOnDetail = detailKey !== null;
  const shown = useRef(detailKey);
  useEffect(() => {
    // A keyboard or a screen reader follows to what was opened; the first page load keeps its own order.
    if (detailKey !== shown.current && detailKey) detail.current?.focus({ preventScroll: true });
    shown.current = detailKey;
  }, [detailKey]);
  const empty = nothingPicked[place.area];
  return (
    <div className={styles.shell} data-detail={isOnDetail || undefined}>
      <a className="skip-link" href="#main">{t("app.skip")}</a>
      <Navigation area={place.area} isHidden={isOnDetail} />
      <div className={styles.main}>
        <ConnectionBar />
        <div className={styles.panes}>
          <div className={styles.list} key={place.listKey}>
            <ErrorBoundary><Suspense fallback={null}>{place.list}</Suspense></ErrorBoundary>
          </div>
          <main ref={detail} id="main" className={styles.detail} tabIndex={-1}>
            <Conversations open={place.chat} />
            <ErrorBoundary key={detailKey}><Suspense fallback={null}>{isOnDetail ? place.detail : <div className={styles.empty}><EmptyState icon={empty.icon} title={t(empty.title)}>{t(empty.text)}</EmptyState></div>}</Suspense></ErrorBoundary>
          </main>
        </div>
      </div>
      {useStore(shortcutsShown) && <Suspense fallback={null}><ShortcutsDialog onClose={() => shortcutsShown.set(false)} /></Suspense>}
    </div>
  );
}
