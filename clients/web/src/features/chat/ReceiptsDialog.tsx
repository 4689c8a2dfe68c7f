/** Who has got and read one of my messages, and when. */
import { useEffect, useState } from "react";
import type { ChatRoom, MessageId, MessageReadReceipt } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { fullTime, listTime } from "../../i18n/times.ts";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { Ticks } from "../../ui/Ticks.tsx";
import { personName, type Known } from "../rooms/roomNames.ts";

type Loaded = { readonly kind: "loading" } | { readonly kind: "failed"; readonly text: string } | { readonly kind: "ready"; readonly items: readonly MessageReadReceipt[] };

export function ReceiptsDialog({ messageId, room, people, onClose }: { readonly messageId: MessageId; readonly room: ChatRoom; readonly people: readonly Known[]; readonly onClose: () => void }) {
  const { messages } = useSession();
  const translator = useI18n();
  const { t } = translator;
  const [loaded, setLoaded] = useState<Loaded>({ kind: "loading" });
  useEffect(() => {
    messages.receipts(messageId).then(
      (items) => setLoaded({ kind: "ready", items }),
      (error: unknown) => setLoaded({ kind: "failed", text: errorText(translator, error) }),
    );
  }, [messages, messageId, translator]);
  return (
    <Dialog title={t("chat.receipts")} closeLabel={t("common.close")} onClose={onClose}>
      {loaded.kind === "loading" && <RowSkeletons count={Math.min(4, room.participantCount - 1)} label={t("app.loading")} />}
      {loaded.kind === "failed" && <EmptyState icon="alert" title={loaded.text} />}
      {loaded.kind === "ready" && <Receipts items={loaded.items} people={[...room.participants, ...people]} />}
    </Dialog>
  );
}

function Receipts({ items, people }: { readonly items: readonly MessageReadReceipt[]; readonly people: readonly Known[] }) {
  const translator = useI18n();
  const { t } = translator;
  const now = useNow();
  const { userId } = useSession();
  const seen = items.filter((item) => item.userId !== userId && (item.readAt ?? item.deliveredAt) !== null).toSorted((one, other) => Number(other.readAt !== null) - Number(one.readAt !== null) || (one.readAt ?? one.deliveredAt ?? 0) - (other.readAt ?? other.deliveredAt ?? 0));
  if (seen.length === 0) return <EmptyState icon="clock" title={t("chat.nobodyYet")} />;
  return (
    <ul>
      {seen.map((item) => {
        const at = item.readAt ?? item.deliveredAt ?? 0;
        const known = people.find((participant) => participant.user.id === item.userId)?.user;
        const user = { id: item.userId, username: "", avatarUrl: null, ...known, displayName: known ? personName(known, translator) : t("common.someone") };
        const state = item.readAt === null ? "delivered" : "read";
        return <li key={item.userId}><PersonRow person={user} detail={<time title={fullTime(translator, at)}>{t(item.readAt === null ? "chat.deliveredTo" : "chat.readBy")} · {listTime(translator, at, now)}</time>} actions={<Ticks state={state} label={t(`chat.state.${state}`)} />} /></li>;
      })}
    </ul>
  );
}
