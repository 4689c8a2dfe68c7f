/** Who may find me, reach me and see me. Each choice is saved as it is made. */
import { useEffect, useState } from "react";
import type { CloseAudience, Privacy, WideAudience } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useStore } from "../../state/useStore.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { Card, Choice, SectionPage } from "./SectionPage.tsx";

const wide: readonly WideAudience[] = ["everyone", "friends_of_friends", "nobody"];
const close: readonly CloseAudience[] = ["everyone", "friends", "nobody"];

export function PrivacySection() {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const privacy = useStore(account.privacy);
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction();
  useEffect(() => {
    account.loadPrivacy().catch(setFailure);
  }, [account]);
  const save = (change: Partial<Privacy>): void => void action.run(() => account.updatePrivacy(change));
  const audience = <Value extends WideAudience | CloseAudience>(key: keyof Privacy & MessageName, value: Value, values: readonly Value[]) => (
    <Choice key={key} label={t(`settings.${key}`)} name={key} value={value} options={values.map((item) => ({ value: item, label: t(`settings.${item}`) }))} onChange={(next) => save({ [key]: next })} />
  );
  return (
    <SectionPage title={t("settings.privacy")}>
      {!privacy && (failure === null ? <RowSkeletons count={5} label={t("app.loading")} /> : <EmptyState icon="offline" title={errorText(translator, failure)} />)}
      {privacy && (
        <>
          <Card>{[audience("searchable", privacy.searchable, wide), audience("friendRequests", privacy.friendRequests, wide), audience("directMessages", privacy.directMessages, close), audience("groupAdds", privacy.groupAdds, close)]}</Card>
          <Card>{[audience("presence", privacy.presence, close), audience("lastSeen", privacy.lastSeen, close), <Switch key="receipts" label={t("settings.readReceipts")} hint={t("settings.readReceiptsHint")} checked={privacy.readReceipts} onChange={(readReceipts) => save({ readReceipts })} />]}</Card>
        </>
      )}
    </SectionPage>
  );
}

type MessageName = "searchable" | "friendRequests" | "directMessages" | "groupAdds" | "presence" | "lastSeen";
