/** Whoever asked somebody hears of the yes, wherever in the app they are. */
import { useEffect } from "react";
import { useI18n } from "../i18n/useI18n.tsx";
import { useSession } from "../state/session.tsx";
import { toast } from "../state/toasts.ts";

export function useAcceptances(): void {
  const { t } = useI18n();
  const { friends } = useSession();
  useEffect(() => friends.onAccepted(({ user }) => toast("info", t("requests.acceptedBy", { name: user.displayName }))), [friends, t]);
}
