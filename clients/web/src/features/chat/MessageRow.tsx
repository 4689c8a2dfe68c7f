/** One message in its room: whose it is, what it answers, how far it got, and what may be done with it. */
import { memo, useRef, type MouseEvent } from "react";
import type { ChatRoom, UserId } from "@kith/client";
import { clockTime, dayName, fullTime } from "../../i18n/times.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { codeText } from "../../state/errors.ts";
import { useNow } from "../../state/useNow.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Bubble, Quote } from "../../ui/Bubble.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { DaySeparator, UnreadLine } from "../../ui/Separators.tsx";
import { Ticks, type TickState } from "../../ui/Ticks.tsx";
import { Notes } from "./Notes.tsx";
import type { Row, ShownMessage } from "./rows.ts";
import styles from "./MessageRow.module.css";

export interface Author {
  readonly id: string;
  readonly name: string;
  readonly avatarUrl: string | null;
}

export interface MessageRowProps {
  readonly row: Row;
  readonly isMine: boolean;
  readonly roomKind: ChatRoom["kind"];
  readonly author: Author;
  readonly quoteAuthor: string | null;
  readonly mentionNames: ReadonlySet<string> | undefined;
  readonly tick: TickState | null;
  readonly isHighlighted: boolean;
  readonly nameOf: (id: UserId) => string | null;
  readonly position: number;
  readonly total: number;
  readonly onMenu: (message: ShownMessage, at: { readonly x: number; readonly y: number }) => void;
  readonly onOpenQuote: (message: ShownMessage) => void;
  readonly onRetry: (message: ShownMessage) => void;
  readonly onDiscard: (message: ShownMessage) => void;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { row, isMine, author } = props;
  const { message } = row;
  const translator = useI18n();
  const { t } = translator;
  const isLastOfRun = row.place === "last" || row.place === "only";
  const isFirstOfRun = row.place === "first" || row.place === "only";
  const press = useLongPress((at) => props.onMenu(message, at));
  const isDeleted = message.text === null;
  return (
    <div className={styles.row} data-first={isFirstOfRun || undefined}>
      {row.isBeginning && <p className={styles.beginning}>{t("chat.start")}</p>}
      {row.day !== null && <Day at={row.day} />}
      <Notes notes={row.notes} nameOf={props.nameOf} />
      {row.isFirstUnread && <UnreadLine label={t("chat.unreadLine")} />}
      <article className={styles.line} data-mine={isMine || undefined} data-highlighted={props.isHighlighted || undefined} data-seq={message.seq ?? undefined} aria-posinset={props.position} aria-setsize={props.total}
        aria-label={t("chat.announce", { name: isMine ? t("common.you") : author.name, text: clockTime(translator, message.createdAt) })} {...press}>
        {!isMine && props.roomKind === "group" && <span className={styles.face}>{isLastOfRun && <Avatar id={author.id} name={author.name} url={author.avatarUrl} size="xs" />}</span>}
        <Bubble text={isDeleted ? t("chat.deletedMessage") : (message.text ?? "")} isMine={isMine} isDeleted={isDeleted} isFailed={message.state.kind === "failed"} place={row.place}
          time={clockTime(translator, message.createdAt)} timeTitle={fullTime(translator, message.createdAt)} moreLabel={t("common.readMore")}
          author={!isMine && props.roomKind === "group" && isFirstOfRun ? author : null}
          mentions={props.mentionNames} edited={message.isEdited ? t("chat.edited") : null}
          ticks={props.tick && !isDeleted ? <Ticks state={props.tick} label={t(`chat.state.${props.tick}`)} /> : null}
          quote={message.quote && props.quoteAuthor !== null ? <Quote authorId={message.quote.senderId} author={props.quoteAuthor} text={message.quote.excerpt || t("chat.deletedMessage")} label={t("chat.openQuote", { name: props.quoteAuthor })} onOpen={() => props.onOpenQuote(message)} /> : null}
          below={message.state.kind === "failed" ? <Failure code={message.state.code} onRetry={() => props.onRetry(message)} onDiscard={() => props.onDiscard(message)} /> : null} />
        {!isDeleted && (
          <button type="button" className={styles.more} aria-label={t("chat.actions")} aria-haspopup="menu" onClick={(event) => props.onMenu(message, below(event))}><Icon name="down" size={18} /></button>
        )}
      </article>
      <Notes notes={row.notesBelow} nameOf={props.nameOf} />
    </div>
  );
});

function Day({ at }: { readonly at: number }) {
  const translator = useI18n();
  return <DaySeparator label={dayName(translator, at, useNow())} />;
}

function Failure({ code, onRetry, onDiscard }: { readonly code: string; readonly onRetry: () => void; readonly onDiscard: () => void }) {
  const translator = useI18n();
  const { t } = translator;
  return (
    <p className={styles.failure} role="alert">
      <span>{t("chat.failed", { reason: codeText(translator, code) })}</span>
      <button type="button" onClick={onRetry}>{t("chat.retry")}</button>
      <button type="button" onClick={onDiscard}>{t("chat.discard")}</button>
    </p>
  );
}

function below(event: MouseEvent<HTMLElement>): { readonly x: number; readonly y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: box.left, y: box.bottom };
}

/** A finger held still opens the menu; a mouse has its right button and the little arrow. */
function useLongPress(onPress: (at: { readonly x: number; readonly y: number }) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stop = (): void => clearTimeout(timer.current);
  return {
    onTouchStart: (event: React.TouchEvent) => {
      const touch = event.touches[0];
      if (touch) timer.current = setTimeout(() => onPress({ x: touch.clientX, y: touch.clientY }), 450);
    },
    onTouchMove: stop,
    onTouchEnd: stop,
    onTouchCancel: stop,
  };
}
