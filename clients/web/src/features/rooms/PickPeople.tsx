/** Choosing several friends: a box per friend, and the chosen ones as chips. */
import type { Friend } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { Avatar } from "../../ui/Avatar.tsx";
import { Icon } from "../../ui/Icon.tsx";
import styles from "./PickPeople.module.css";

export function FriendCheck({ friend, isPicked, onToggle }: { readonly friend: Friend; readonly isPicked: boolean; readonly onToggle: () => void }) {
  const { user } = friend;
  return (
    <label className={styles.check}>
      <Avatar id={user.id} name={user.displayName} url={user.avatarUrl} />
      <span className={styles.words}>
        <bdi>{user.displayName}</bdi>
        <small dir="ltr">@{user.username}</small>
      </span>
      <input type="checkbox" checked={isPicked} onChange={onToggle} />
    </label>
  );
}

export function PickedPeople({ picked, onRemove }: { readonly picked: readonly Friend[]; readonly onRemove: (friend: Friend) => void }) {
  const { t } = useI18n();
  if (picked.length === 0) return null;
  return (
    <ul className={styles.chips}>
      {picked.map((friend) => (
        <li key={friend.user.id}>
          <button type="button" aria-label={t("rooms.remove", { name: friend.user.displayName })} onClick={() => onRemove(friend)}>
            <Avatar id={friend.user.id} name={friend.user.displayName} url={friend.user.avatarUrl} size="xs" />
            <bdi>{friend.user.displayName}</bdi> <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
