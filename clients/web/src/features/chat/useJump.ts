/** Going to one message: from a link (`?m=` is its number or its id) or from a quote. It glows for a moment on arrival. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { RoomId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import type { Row, ShownMessage } from "./rows.ts";
import type { MessageScroll } from "./useMessageScroll.ts";

export interface Jump {
  readonly highlightedSeq: number | null;
  readonly toQuote: (message: ShownMessage) => void;
}

const glowMs = 2500;

export function useJump(roomId: RoomId, rows: readonly Row[], scroll: MessageScroll, target: string | null): Jump {
  const { messages } = useSession();
  const { t } = useI18n();
  const [highlightedSeq, setHighlighted] = useState<number | null>(null);
  const wanted = useRef<number | null>(null);
  const { toSeq } = scroll;

  const arrive = useCallback(() => {
    const seq = wanted.current;
    if (seq === null || !toSeq(seq)) return;
    wanted.current = null;
    setHighlighted(seq);
    setTimeout(() => setHighlighted((current) => (current === seq ? null : current)), glowMs);
  }, [toSeq]);
  const toMessage = useCallback(async (seq: number) => {
    wanted.current = seq;
    if (toSeq(seq)) return arrive();
    try {
      await messages.jumpTo(roomId, seq);
    } catch {
      wanted.current = null;
      toast("error", t("chat.jumpFailed"));
    }
  }, [arrive, messages, roomId, t, toSeq]);

  useEffect(arrive, [rows, arrive]);
  useEffect(() => {
    if (target === null) return;
    void (async () => {
      const seq = await seqOf(target, () => messages.of(roomId).getSnapshot(), () => messages.loadOlder(roomId));
      if (seq === null) toast("error", t("chat.jumpFailed"));
      else await toMessage(seq);
    })();
    // One jump per link, however often the rest changes.
  }, [roomId, target]);

  const toQuote = useCallback((message: ShownMessage) => {
    if (message.quote?.seq) void toMessage(message.quote.seq);
  }, [toMessage]);
  return { highlightedSeq, toQuote };
}

type Snapshot = { readonly items: readonly { readonly id: string; readonly seq: number }[]; readonly hasOlder: boolean };

/** Ids grow with time, so going back may stop as soon as an older one than the wanted is here. */
async function seqOf(target: string, snapshot: () => Snapshot, loadOlder: () => Promise<void>): Promise<number | null> {
  if (/^\d+$/.test(target)) return Number(target);
  for (let page = 0; page < 20; page += 1) {
    const { items, hasOlder } = snapshot();
    const found = items.find((item) => item.id === target);
    if (found) return found.seq;
    const oldest = items[0];
    if ((oldest && oldest.id < target) || (oldest && !hasOlder)) return null;
    try {
      await loadOlder();
    } catch {
      return null;
    }
  }
  return null;
}
