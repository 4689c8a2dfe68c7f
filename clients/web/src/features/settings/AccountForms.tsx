/** Changing the password, and deleting the account: both ask for the current password. */
import { useState } from "react";
import { ApiError } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText, fieldText } from "../../state/errors.ts";
import type { Translator } from "../../i18n/translator.ts";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import { useAction } from "../../state/useAction.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import styles from "./SecuritySection.module.css";

export function PasswordForm() {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction();
  const save = async (): Promise<void> => {
    setFailure(null);
    if (!(await action.run(() => account.changePassword(current, next), setFailure))) return;
    setCurrent("");
    setNext("");
    toast("info", t("settings.passwordChanged"));
  };
  const newError = fieldText(translator, failure, "new_password");
  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <TextField label={t("settings.passwordCurrent")} type="password" autoComplete="current-password" required value={current} error={newError ? undefined : passwordError(translator, failure)} onChange={(event) => setCurrent(event.target.value)} />
      <TextField label={t("settings.passwordNew")} type="password" autoComplete="new-password" required minLength={8} maxLength={128} hint={t("session.passwordHint")} value={next} error={newError} onChange={(event) => setNext(event.target.value)} />
      <div className={styles.formEnd}><span>{t("settings.passwordText")}</span><Button look="primary" type="submit" busy={action.isRunning}>{t("settings.password")}</Button></div>
    </form>
  );
}

export function DeleteAccountDialog({ onClose }: { readonly onClose: () => void }) {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction();
  const remove = async (): Promise<void> => {
    if (await action.run(() => account.deleteAccount(password), setFailure)) toast("info", t("settings.deleted"));
  };
  return (
    <Dialog title={t("settings.deleteAccount")} closeLabel={t("common.close")} onClose={onClose}
      actions={<><Button look="plain" onClick={onClose}>{t("common.cancel")}</Button><Button look="danger" busy={action.isRunning} disabled={!password} onClick={() => void remove()}>{t("settings.deleteConfirm")}</Button></>}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); if (password) void remove(); }}>
        <p>{t("settings.deleteText")}</p>
        <TextField label={t("settings.passwordCurrent")} type="password" autoComplete="current-password" value={password} error={passwordError(translator, failure)} onChange={(event) => setPassword(event.target.value)} />
      </form>
    </Dialog>
  );
}

function passwordError(translator: Translator, failure: unknown): string | undefined {
  if (failure === null) return undefined;
  const isWrong = failure instanceof ApiError && failure.code === "invalid_credentials";
  return isWrong ? translator.t("error.currentPassword") : errorText(translator, failure);
}
