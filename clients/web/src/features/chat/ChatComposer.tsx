/** The composer of one room: its draft, what it answers, its emoji. It redraws by itself, so that typing redraws nothing else. */
import { lazy, Suspense, useEffect, useRef, useState, type Ref } from "react";
import type { RoomId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { server } from "../../state/server.ts";
import { useAction } from "../../state/useAction.ts";
import { useStore } from "../../state/useStore.ts";
import { IconButton } from "../../ui/Button.tsx";
import { Composer, type ComposerHandle } from "../../ui/Composer.tsx";
import { Icon } from "../../ui/Icon.tsx";
import type { ShownMessage } from "./rows.ts";
import styles from "./ChatComposer.module.css";

const EmojiPicker = lazy(() => import("./EmojiPicker.tsx").then((module) => ({ default: module.EmojiPicker })));

export interface ChatComposerProps {
  readonly roomId: RoomId;
  readonly isShown: boolean;
  readonly answering: { readonly message: ShownMessage; readonly name: string } | null;
  readonly onStopAnswering: () => void;
  readonly onSent: () => void;
  readonly onAnswerLast: () => void;
  readonly ref: Ref<ComposerHandle>;
}

export function ChatComposer({ roomId, isShown, answering, onStopAnswering, onSent, onAnswerLast, ref }: ChatComposerProps) {
  const { messages } = useSession();
  const { t } = useI18n();
  const draft = useStore(messages.draft(roomId));
  const { textCharacters } = useStore(server);
  const [isPicking, setPicking] = useState(false);
  const handle = useRef<ComposerHandle>(null);
  const action = useAction();
  useEffect(() => {
    if (!isShown) setPicking(false);
    return () => messages.setTyping(roomId, false);
  }, [messages, roomId, isShown]);
  const change = (text: string): void => {
    messages.setDraft(roomId, text);
    messages.setTyping(roomId, text.trim() !== "");
  };
  const send = (): void => {
    // A key that repeats, or a second tap, while the disk is slow.
    if (action.isRunning) return;
    const text = draft.trim();
    const replyTo = answering?.message.id;
    // The words leave the field only when they are safe on the disk; a failure leaves them where they are.
    void action.run(async () => {
      await messages.sendMessage(roomId, replyTo ? { text, replyTo } : { text });
      const now = messages.draft(roomId).getSnapshot();
      // What was typed meanwhile stays.
      if (now.startsWith(draft)) messages.setDraft(roomId, now.slice(draft.length));
      messages.setTyping(roomId, false);
      onSent();
    });
  };
  return (
    <div className={styles.dock}>
      {isPicking && <Suspense fallback={null}><EmojiPicker onPick={(emoji) => handle.current?.insert(emoji)} onClose={() => { setPicking(false); handle.current?.focus(); }} /></Suspense>}
      <Composer ref={(value) => { handle.current = value; if (typeof ref === "function") ref(value); else if (ref) ref.current = value; }}
        value={draft} onChange={change} onSend={send} label={t("chat.write")} sendLabel={t("chat.send")} maxCharacters={textCharacters} leftLabel={(left) => t("chat.charactersLeft", { count: left })}
        onArrowUp={onAnswerLast} {...(answering ? { onEscape: onStopAnswering } : {})}
        tools={<IconButton icon="emoji" label={t("chat.emoji")} aria-expanded={isPicking} onClick={() => setPicking(!isPicking)} />}
        above={answering && <Answering name={answering.name} text={answering.message.text ?? ""} onClose={onStopAnswering} />} />
    </div>
  );
}

function Answering({ name, text, onClose }: { readonly name: string; readonly text: string; readonly onClose: () => void }) {
  const { t } = useI18n();
  return (
    <div className={styles.answering}>
      <span className={styles.mark}><Icon name="reply" size={18} /></span>
      <span className={styles.words}><b>{t("chat.replyingTo", { name })}</b><span dir="auto">{text.slice(0, 200)}</span></span>
      <IconButton icon="close" label={t("chat.cancelReply")} onClick={onClose} />
    </div>
  );
}
