/** Signing in and up: what was typed stays, whatever the server says. */
import { useState } from "react";
import { ApiError } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText, fieldText } from "../../state/errors.ts";
import { useClient } from "../../state/session.tsx";

export type SessionMode = "sign-in" | "sign-up";

export interface SessionFields {
  readonly username: string;
  readonly displayName: string;
  readonly password: string;
}

export interface SessionViewModel {
  readonly fields: SessionFields;
  readonly change: (change: Partial<SessionFields>) => void;
  readonly submit: () => Promise<void>;
  readonly signInAs: (username: string, password: string) => Promise<void>;
  readonly isBusy: boolean;
  /** For the whole form; null when a field has the blame. */
  readonly error: string | null;
  readonly errorOf: (field: "username" | "display_name" | "password") => string | undefined;
}

export function useSessionViewModel(mode: SessionMode): SessionViewModel {
  const client = useClient();
  const translator = useI18n();
  const [fields, setFields] = useState<SessionFields>({ username: "", displayName: "", password: "" });
  const [failure, setFailure] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const errorOf = (field: "username" | "display_name" | "password"): string | undefined => {
    const isTaken = field === "username" && failure instanceof ApiError && failure.code === "username_taken";
    return isTaken ? errorText(translator, failure) : fieldText(translator, failure, field);
  };
  const hasFieldError = errorOf("username") ?? errorOf("display_name") ?? errorOf("password");
  const displayName = fields.displayName.trim();
  return {
    fields,
    change: (change) => setFields({ ...fields, ...change }),
    submit: () => attempt(() => mode === "sign-in"
      ? client.login(fields.username.trim(), fields.password)
      : client.register({ username: fields.username.trim(), password: fields.password, ...(displayName ? { displayName } : {}) })),
    signInAs: (username, password) => attempt(() => client.login(username, password)),
    isBusy,
    error: failure !== null && !hasFieldError ? errorText(translator, failure) : null,
    errorOf,
  };
}
