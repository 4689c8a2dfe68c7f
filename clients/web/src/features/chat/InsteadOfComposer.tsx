/** What stands where one would write: to a person whom one has blocked oneself, or whose account is gone. */
import { useEffect } from "react";
import type { BlockedPerson, ChatRoom, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useStoreWhile } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { usePersonActions } from "../people/usePersonActions.tsx";
import { otherOf } from "../rooms/roomNames.ts";
import styles from "./InsteadOfComposer.module.css";

export function BlockedNote({ person }: { readonly person: BlockedPerson["user"] }) {
  const { t } = useI18n();
  const actions = usePersonActions();
  return (
    <div className={styles.note}>
      <p>{t("profile.blocked", { name: person.displayName })}</p>
      <Button disabled={actions.isRunning} onClick={() => actions.unblock(person)}>{t("friends.unblock")}</Button>
    </div>
  );
}

export function DeletedNote() {
  const { t } = useI18n();
  return <div className={styles.note}><p>{t("chat.closed")}</p></div>;
}

/** Of the two in a direct room, the other one, when I have blocked them. */
export function useBlocked(room: ChatRoom | null, me: UserId, isShown: boolean): BlockedPerson["user"] | null {
  const { friends } = useSession();
  const blocked = useStoreWhile(isShown, friends.blocked);
  const other = room && otherOf(room, me)?.id;
  useEffect(() => {
    // Without the list the server still refuses what is sent.
    if (other && isShown && friends.blocked.getSnapshot().load.kind === "idle") friends.loadBlocked().catch(() => undefined);
  }, [friends, other, isShown]);
  return blocked.items.find(({ user }) => user.id === other)?.user ?? null;
}
