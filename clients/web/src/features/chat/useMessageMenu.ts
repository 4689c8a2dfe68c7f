/** Which message's menu is open, and what is in it. */
import { useCallback, useState } from "react";
import type { MessageId, RoomId, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { toast } from "../../state/toasts.ts";
import type { MenuItem } from "../../ui/Menu.tsx";
import type { ShownMessage } from "./rows.ts";

interface Opened {
  readonly message: ShownMessage;
  readonly at: { readonly x: number; readonly y: number };
}

export interface MessageMenuModel {
  readonly opened: Opened | null;
  readonly open: (message: ShownMessage, at: Opened["at"]) => void;
  readonly close: () => void;
  readonly items: (message: ShownMessage) => readonly MenuItem[];
  readonly receiptsOf: MessageId | null;
  readonly closeReceipts: () => void;
}

export function useMessageMenu(roomId: RoomId, me: UserId, onAnswer: (message: ShownMessage) => void): MessageMenuModel {
  const { t } = useI18n();
  const [opened, setOpened] = useState<Opened | null>(null);
  const [receiptsOf, setReceiptsOf] = useState<MessageId | null>(null);
  const copy = (text: string): void => void navigator.clipboard?.writeText(text).then(() => toast("info", t("common.copied")), () => undefined);
  const items = (message: ShownMessage): readonly MenuItem[] => {
    const { id, seq, text } = message;
    const list: MenuItem[] = [];
    if (id && text !== null) list.push({ id: "reply", label: t("chat.reply"), icon: "reply", onSelect: () => onAnswer(message) });
    if (text !== null) list.push({ id: "copy", label: t("chat.copy"), icon: "copy", onSelect: () => copy(text) });
    if (seq !== null) list.push({ id: "link", label: t("chat.copyLink"), icon: "link", onSelect: () => copy(`${location.origin}/chat/${roomId}?m=${seq}`) });
    if (id && message.senderId === me) list.push({ id: "receipts", label: t("chat.receipts"), icon: "info", onSelect: () => setReceiptsOf(id) });
    return list;
  };
  return {
    opened,
    open: useCallback((message, at) => { if (message.text !== null) setOpened({ message, at }); }, []),
    close: useCallback(() => setOpened(null), []),
    items,
    receiptsOf,
    closeReceipts: useCallback(() => setReceiptsOf(null), []),
  };
}
