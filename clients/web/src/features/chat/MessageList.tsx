/** The messages of the open room: only what is near the screen is in the document, whatever the room's length. */
import { useCallback, useMemo } from "react";
import { VList } from "virtua";
import type { UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { BubbleSkeletons } from "../../ui/Skeleton.tsx";
import { participantName } from "../rooms/roomNames.ts";
import type { ChatViewModel } from "./chatViewModel.ts";
import { MessageRow, type Author, type MessageRowProps } from "./MessageRow.tsx";
import type { Row } from "./rows.ts";
import { tickOf } from "./ticks.ts";
import type { MessageScroll } from "./useMessageScroll.ts";
import styles from "./MessageList.module.css";

export interface MessageListProps extends Pick<MessageRowProps, "onMenu" | "onOpenQuote" | "onRetry" | "onDiscard"> {
  readonly model: ChatViewModel;
  readonly scroll: MessageScroll;
  readonly highlightedSeq: number | null;
}

export function MessageList({ model, scroll, highlightedSeq, ...actions }: MessageListProps) {
  const { t } = useI18n();
  const authorOf = useAuthors(model);
  const mentionNames = useMemo(() => new Set([...(model.room?.participants ?? []), ...model.people].map(({ user }) => user.username)), [model.room, model.people]);
  const nameOf = useCallback((id: UserId) => (id === model.me ? null : authorOf(id).name), [authorOf, model.me]);
  const { kind: load } = model.messages.load;
  if (model.rows.length === 0 && load !== "failed" && (load !== "ready" || model.room === null)) return <div className={styles.frame}><BubbleSkeletons label={t("app.loading")} /></div>;
  const kind = model.room?.kind ?? "direct";
  const row = (item: Row, index: number) => {
    const { message } = item;
    const isMine = message.senderId === model.me;
    return (
      <MessageRow key={message.key} row={item} isMine={isMine} roomKind={kind} author={authorOf(message.senderId)}
        quoteAuthor={message.quote ? (message.quote.senderId === model.me ? t("common.you") : authorOf(message.quote.senderId).name) : null}
        mentionNames={message.text?.includes("@") ? mentionNames : undefined} tick={isMine ? tickOf(message, model.progress) : null}
        isHighlighted={message.seq !== null && message.seq === highlightedSeq} position={model.rowsToCome + index + 1} total={model.rowsToCome + model.rows.length} nameOf={nameOf} {...actions} />
    );
  };
  return (
    <div className={styles.frame} onWheel={scroll.onTakeHold} onTouchMove={scroll.onTakeHold} onPointerDown={scroll.onTakeHold} onKeyDown={scroll.onTakeHold}>
      {model.messages.isLoadingOlder && <p className={styles.loading} role="status"><span className="visually-hidden">{t("app.loading")}</span></p>}
      <VList key={scroll.generation} ref={scroll.list} className={styles.list} role="feed" aria-label={t("chat.history")} aria-busy={model.messages.isLoadingOlder} tabIndex={0}
        data={model.rows} shift={scroll.shift} bufferSize={400} onScroll={scroll.onScroll} onResize={scroll.onResize}>
        {row}
      </VList>
    </div>
  );
}

/** The same object for the same person, so that rows compare equal. */
function useAuthors(model: ChatViewModel): (id: UserId) => Author {
  const translator = useI18n();
  const { room, people } = model;
  const known = useMemo(() => new Map<string, Author>(), [room, people, translator]);
  return useCallback((id: UserId) => {
    let author = known.get(id);
    if (!author) {
      const user = [...(room?.participants ?? []), ...people].find((item) => item.user.id === id)?.user;
      author = { id, name: participantName(room, id, translator, people), avatarUrl: user?.avatarUrl ?? null };
      known.set(id, author);
    }
    return author;
  }, [known, room, people, translator]);
}
