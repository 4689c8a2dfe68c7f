/** Runs something that may fail: says so in a note unless the caller wants the failure itself, and whether it is under way. */
import { useCallback, useState } from "react";
import { useI18n } from "../i18n/useI18n.tsx";
import { errorText } from "./errors.ts";
import { toast } from "./toasts.ts";

export interface Action {
  readonly isRunning: boolean;
  /** True when it worked. */
  run(work: () => Promise<unknown>, onError?: (error: unknown) => void): Promise<boolean>;
}

export function useAction(): Action {
  const translator = useI18n();
  const [isRunning, setRunning] = useState(false);
  const run = useCallback(async (work: () => Promise<unknown>, onError?: (error: unknown) => void) => {
    setRunning(true);
    try {
      await work();
      return true;
    } catch (error) {
      if (onError) onError(error);
      else toast("error", errorText(translator, error));
      return false;
    } finally {
      setRunning(false);
    }
  }, [translator]);
  return { isRunning, run };
}
