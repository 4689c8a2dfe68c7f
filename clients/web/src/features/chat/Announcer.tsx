/** Tells a screen reader of new messages by others in the open room; history that is loaded stays silent. */
import { useEffect, useRef, useState } from "react";
import type { UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import type { Row, ShownMessage } from "./rows.ts";

export function Announcer({ rows, me, nameOf }: { readonly rows: readonly Row[]; readonly me: UserId; readonly nameOf: (message: ShownMessage) => string }) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const heardUpTo = useRef<number | null>(null);
  useEffect(() => {
    const newest = rows.findLast((row) => row.message.seq !== null)?.message;
    if (!newest || newest.seq === null) return;
    const isNew = heardUpTo.current !== null && newest.seq > heardUpTo.current;
    heardUpTo.current = Math.max(heardUpTo.current ?? 0, newest.seq);
    if (isNew && newest.senderId !== me && newest.text !== null) setText(t("chat.announce", { name: nameOf(newest), text: newest.text.slice(0, 300) }));
    // Names may settle later; only new rows are worth a word.
  }, [rows]);
  return <p className="visually-hidden" aria-live="polite">{text}</p>;
}
