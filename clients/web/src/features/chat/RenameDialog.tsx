/** A new name for a group. */
import { useState } from "react";
import type { ChatRoom } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText, fieldText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";

export function RenameDialog({ room, onClose }: { readonly room: ChatRoom; readonly onClose: () => void }) {
  const { rooms } = useSession();
  const translator = useI18n();
  const { t } = translator;
  const [name, setName] = useState(room.name ?? "");
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction();
  const save = async (): Promise<void> => {
    if (await action.run(() => rooms.rename(room.id, name.trim()), setFailure)) onClose();
  };
  const error = fieldText(translator, failure, "name") ?? (failure === null ? undefined : errorText(translator, failure));
  return (
    <Dialog title={t("info.rename")} closeLabel={t("common.close")} onClose={onClose} actions={<><Button look="plain" onClick={onClose}>{t("common.cancel")}</Button><Button look="primary" busy={action.isRunning} disabled={!name.trim()} onClick={() => void save()}>{t("common.save")}</Button></>}>
      <form onSubmit={(event) => { event.preventDefault(); if (name.trim()) void save(); }}>
        <TextField label={t("rooms.groupName")} value={name} maxLength={80} error={error} autoFocus onChange={(event) => setName(event.target.value)} />
      </form>
    </Dialog>
  );
}
