/** Notes over everything, and the offer of a newer version. */
import { useEffect } from "react";
import { useI18n } from "../i18n/useI18n.tsx";
import { closeToast, toast, toasts } from "../state/toasts.ts";
import { useStore } from "../state/useStore.ts";
import { update } from "../state/worker.ts";
import { Toasts } from "../ui/Toasts.tsx";

export function Notices() {
  const { t } = useI18n();
  const apply = useStore(update);
  useEffect(() => {
    if (apply) toast("info", t("app.update"), { label: t("app.updateNow"), run: apply });
    // The offer is made once, in the language of that moment.
  }, [apply]);
  return <Toasts toasts={useStore(toasts)} closeLabel={t("common.close")} onClose={closeToast} />;
}
