/** Friend requests, received and sent. */
import { useEffect, useState, type ReactNode } from "react";
import type { FriendRequest, ListState } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { relativeTime } from "../../i18n/times.ts";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { usePersonActions, type PersonActions } from "./usePersonActions.tsx";
import styles from "./RequestsView.module.css";

export function RequestsView({ current }: { readonly current: string | null }) {
  const { t } = useI18n();
  const { friends } = useSession();
  const open = useOpen();
  const [tab, setTab] = useState<"received" | "sent">("received");
  const incoming = useStore(friends.incoming);
  const outgoing = useStore(friends.outgoing);
  const actions = usePersonActions();
  useEffect(() => {
    friends.loadRequests().catch(() => undefined);
  }, [friends]);
  const list = tab === "received" ? incoming : outgoing;
  return (
    <Pane fixed title={t("requests.title")} label={t("requests.title")} back={{ href: "/friends", label: t("common.back"), onBack: open("/friends"), always: true }}>
      <Tabs label={t("requests.title")} current={tab} onChange={setTab} tabs={[{ key: "received", label: t("requests.received"), count: incoming.items.length }, { key: "sent", label: t("requests.sent"), count: outgoing.items.length }]}>
        <RequestList list={list} empty={tab === "received" ? <EmptyState icon="personAdd" title={t("requests.noneReceived")}>{t("requests.noneReceivedText")}</EmptyState> : <EmptyState icon="clock" title={t("requests.noneSent")}>{t("requests.noneSentText")}</EmptyState>}>
          {(request) => <RequestRow request={request} actions={actions} isCurrent={request.user.id === current} />}
        </RequestList>
      </Tabs>
    </Pane>
  );
}

function RequestList({ list, empty, children }: { readonly list: ListState<FriendRequest>; readonly empty: ReactNode; readonly children: (request: FriendRequest) => ReactNode }) {
  const translator = useI18n();
  if (list.items.length > 0) return <ul>{list.items.map((request) => <li key={request.id}>{children(request)}</li>)}</ul>;
  if (list.load.kind === "failed") return <EmptyState icon="offline" title={errorText(translator, list.load.error)} />;
  return list.load.kind === "ready" ? empty : <RowSkeletons count={4} label={translator.t("app.loading")} />;
}

function RequestRow({ request, actions, isCurrent }: { readonly request: FriendRequest; readonly actions: PersonActions; readonly isCurrent: boolean }) {
  const translator = useI18n();
  const { t } = translator;
  const now = useNow();
  const open = useOpen();
  const { user } = request;
  const href = `/people/${user.id}`;
  const since = relativeTime(translator, request.createdAt, now);
  const mutual = user.mutualFriendsCount > 0 ? `${t("find.mutual", { count: user.mutualFriendsCount })} · ${since}` : since;
  return (
    <PersonRow person={user} href={href} onOpen={open(href)} isCurrent={isCurrent} detail={request.direction === "incoming" ? mutual : `${t("requests.waiting")} · ${since}`}>
      {request.note && <blockquote className={styles.note} dir="auto">{request.note}</blockquote>}
      <div className={styles.answers}>
        {request.direction === "incoming" ? (
          <>
            <Button look="primary" onClick={() => void actions.respond(request, "accept")}>{t("requests.accept")}</Button>
            <Button onClick={() => void actions.respond(request, "decline")}>{t("requests.decline")}</Button>
          </>
        ) : <Button onClick={() => void actions.respond(request, "cancel")}>{t("requests.cancel")}</Button>}
      </div>
    </PersonRow>
  );
}
