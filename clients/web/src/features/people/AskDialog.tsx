/** A friend request, with a note if one likes. */
import { useState } from "react";
import type { User } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextArea } from "../../ui/Field.tsx";
import { usePersonActions } from "./usePersonActions.tsx";

export function AskDialog({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const { t } = useI18n();
  const [note, setNote] = useState("");
  const actions = usePersonActions();
  const send = async (): Promise<void> => {
    if (await actions.ask(user, note.trim() || undefined)) onClose();
  };
  return (
    <Dialog title={t("find.noteTitle", { name: user.displayName })} closeLabel={t("common.close")} onClose={onClose} actions={<><Button look="plain" onClick={onClose}>{t("common.cancel")}</Button><Button look="primary" busy={actions.isRunning} onClick={() => void send()}>{t("find.noteSend")}</Button></>}>
      <TextArea label={t("find.note")} value={note} maxLength={280} onChange={(event) => setNote(event.target.value)} />
    </Dialog>
  );
}
