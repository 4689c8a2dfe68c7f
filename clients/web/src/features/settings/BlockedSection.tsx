/** The people I have blocked. */
import { useEffect } from "react";
import { shortDate } from "../../i18n/times.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import { useAction } from "../../state/useAction.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { SectionPage } from "./SectionPage.tsx";

export function BlockedSection() {
  const translator = useI18n();
  const { t } = translator;
  const { friends } = useSession();
  const list = useStore(friends.blocked);
  const action = useAction();
  useEffect(() => {
    friends.loadBlocked().catch(() => undefined);
  }, [friends]);
  return (
    <SectionPage title={t("settings.blocked")}>
      {list.items.length === 0 && list.load.kind === "failed" && <EmptyState icon="offline" title={errorText(translator, list.load.error)} />}
      {list.items.length === 0 && list.load.kind === "ready" && <EmptyState icon="block" title={t("settings.noBlocked")}>{t("settings.noBlockedText")}</EmptyState>}
      {list.items.length === 0 && (list.load.kind === "loading" || list.load.kind === "idle") && <RowSkeletons count={2} label={t("app.loading")} />}
      <ul>
        {list.items.map(({ user, blockedAt }) => (
          <li key={user.id}>
            <PersonRow person={user} detail={t("settings.blockedSince", { date: shortDate(translator, blockedAt) })}
              actions={<Button onClick={() => void action.run(async () => { await friends.unblock(user.id); toast("info", t("friends.unblocked", { name: user.displayName })); })}>{t("friends.unblock")}</Button>} />
          </li>
        ))}
      </ul>
    </SectionPage>
  );
}
