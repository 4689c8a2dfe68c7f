/** A conversation. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { RoomId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import type { ComposerHandle } from "../../ui/Composer.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { TypingLine } from "../../ui/Separators.tsx";
import { isDeleted, otherOf, participantName, shortName } from "../rooms/roomNames.ts";
import { Announcer } from "./Announcer.tsx";
import { ChatComposer, type ChatComposerProps } from "./ChatComposer.tsx";
import { ChatHeader } from "./ChatHeader.tsx";
import { useChatViewModel, type ChatViewModel } from "./chatViewModel.ts";
import { BlockedNote, DeletedNote, useBlocked } from "./InsteadOfComposer.tsx";
import { MessageList } from "./MessageList.tsx";
import { MessageMenu } from "./MessageMenu.tsx";
import { ReceiptsDialog } from "./ReceiptsDialog.tsx";
import type { ShownMessage } from "./rows.ts";
import { ToNewest } from "./ToNewest.tsx";
import { useJump } from "./useJump.ts";
import { useMessageMenu } from "./useMessageMenu.ts";
import { useMessageScroll } from "./useMessageScroll.ts";
import styles from "./ChatView.module.css";

export interface ChatViewProps {
  readonly roomId: RoomId;
  readonly target: string | null;
  /** False for a conversation that is kept for later: it stands still. */
  readonly isShown: boolean;
}

export function ChatView({ roomId, target, isShown }: ChatViewProps) {
  const model = useChatViewModel(roomId, target !== null, isShown);
  const { t } = useI18n();
  const open = useOpen();
  if (model.isGone) return <EmptyState icon="chat" title={t("chat.gone")} action={<Button look="primary" onClick={open("/messages")}>{t("app.home")}</Button>}>{t("chat.goneText")}</EmptyState>;
  const label = t("chat.label", { name: model.name });
  return (
    <Pane fixed label={label} title={model.room ? <ChatHeader room={model.room} me={model.me} /> : <span />} back={{ href: "/messages", label: t("common.back"), onBack: open("/messages") }}>
      <Conversation roomId={roomId} model={model} target={target} isShown={isShown} />
    </Pane>
  );
}

/** What fails here shows in the store's own load state. */
const quietly = (work: Promise<unknown>): void => void work.catch(() => undefined);

function Conversation({ roomId, model, target, isShown }: ChatViewProps & { readonly model: ChatViewModel }) {
  const session = useSession();
  const { messages } = session;
  const translator = useI18n();
  const { t } = translator;
  const action = useAction();
  const composer = useRef<ComposerHandle>(null);
  const [answering, setAnswering] = useState<ShownMessage | null>(null);
  const scroll = useMessageScroll({
    rows: model.rows,
    isShown,
    hasOlder: model.messages.hasOlder && !model.messages.isLoadingOlder && model.rowsToCome === 0,
    hasNewer: model.messages.hasNewer,
    isCutAbove: model.messages.hasOlder || model.rowsToCome > 0,
    onNeedOlder: () => messages.loadOlder(roomId),
    onNeedNewer: () => { if (!model.messages.isLoadingNewer) quietly(messages.loadNewer(roomId)); },
    onSeen: (seq) => { if (document.visibilityState === "visible" && document.hasFocus()) messages.markRead(roomId, seq); },
  });
  const jump = useJump(roomId, model.rows, scroll, isShown ? target : null);
  const nameOf = (message: ShownMessage): string => message.senderId === model.me ? t("common.you") : participantName(model.room, message.senderId, translator, model.people);
  const answer = useCallback((message: ShownMessage) => {
    setAnswering(message);
    composer.current?.focus();
  }, []);
  const menu = useMessageMenu(roomId, model.me, answer);
  const { close, closeReceipts } = menu;
  useEffect(() => {
    if (isShown) return;
    close();
    closeReceipts();
  }, [isShown, close, closeReceipts]);
  const answerLast = (): void => {
    const last = model.rows.findLast((row) => row.message.id !== null && row.message.senderId !== model.me && row.message.text !== null);
    if (last) answer(last.message);
  };
  const toNewest = (): void => {
    if (model.messages.hasNewer) void action.run(() => messages.jumpToNewest(roomId)).then(() => requestAnimationFrame(() => scroll.toEnd(false)));
    else scroll.toEnd(true);
  };
  const { run } = action;
  const retry = useCallback(({ clientId }: ShownMessage) => { if (clientId) void run(() => messages.retry(clientId)); }, [run, messages]);
  const discard = useCallback(({ clientId }: ShownMessage) => { if (clientId) void run(() => messages.discard(clientId)); }, [run, messages]);
  const isEmpty = model.rows.length === 0 && model.room !== null && model.messages.load.kind === "ready";
  return (
    <div className={styles.paper}>
      {isEmpty && <div className={styles.empty}><EmptyState icon="chat" title={t("chat.start")}>{model.room?.kind === "group" ? t("chat.startGroup") : t("chat.startDirect", { name: shortName(model.name) })}</EmptyState></div>}
      {model.rows.length === 0 && model.messages.load.kind === "failed" && <div className={styles.empty}><EmptyState icon="offline" title={errorText(translator, model.messages.load.error)} action={<Button onClick={() => quietly(messages.open(roomId))}>{t("common.retry")}</Button>} /></div>}
      {!isEmpty && !(model.rows.length === 0 && model.messages.load.kind === "failed") && (
        <MessageList model={model} scroll={scroll} highlightedSeq={jump.highlightedSeq} onMenu={menu.open} onOpenQuote={jump.toQuote} onRetry={retry} onDiscard={discard} />
      )}
      <ToNewest isShown={!isEmpty && model.rows.length > 0 && (!scroll.isAtEnd || model.messages.hasNewer)} count={model.room?.unreadCount ?? 0} onPress={toNewest} />
      <Typists roomId={roomId} model={model} />
      {isShown && <Announcer rows={model.rows} me={model.me} nameOf={nameOf} />}
      <Writing ref={composer} room={model.room} me={model.me} roomId={roomId} isShown={isShown} answering={answering && { message: answering, name: nameOf(answering) }} onStopAnswering={() => setAnswering(null)} onAnswerLast={answerLast}
        onSent={() => { setAnswering(null); model.forgetUnread(); if (model.messages.hasNewer) toNewest(); }} />
      {menu.opened && <MessageMenu at={menu.opened.at} items={menu.items(menu.opened.message)} onClose={menu.close} />}
      {menu.receiptsOf && model.room && <ReceiptsDialog messageId={menu.receiptsOf} room={model.room} people={model.people} onClose={menu.closeReceipts} />}
    </div>
  );
}

/** The composer, unless I have blocked the one whom I would write to, or they are gone. */
function Writing({ room, me, ...composer }: ChatComposerProps & Pick<ChatViewModel, "room" | "me">) {
  const blocked = useBlocked(room, me, composer.isShown);
  if (blocked) return <BlockedNote person={blocked} />;
  return room && isDeleted(otherOf(room, me)) ? <DeletedNote /> : <ChatComposer {...composer} />;
}

function Typists({ roomId, model }: { readonly roomId: RoomId; readonly model: ChatViewModel }) {
  const { rooms } = useSession();
  const translator = useI18n();
  const { t } = translator;
  const [first, second, third] = useStore(rooms.typing(roomId));
  const name = (id: Parameters<typeof participantName>[1]): string => shortName(participantName(model.room, id, translator, model.people));
  const text = third ? t("chat.typingMany") : first && second ? t("chat.typingTwo", { first: name(first), second: name(second) }) : first ? t("chat.typingOne", { name: name(first) }) : null;
  return <TypingLine text={text} />;
}
