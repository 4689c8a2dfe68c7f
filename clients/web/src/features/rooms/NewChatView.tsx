/** A new conversation: pick a friend, or go on to a group. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { SearchField } from "../../ui/Field.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { FriendList } from "./FriendList.tsx";
import { useFriendPicker } from "./useFriendPicker.ts";
import styles from "./NewChatView.module.css";

export function NewChatView() {
  const { t } = useI18n();
  const session = useSession();
  const open = useOpen();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useState("");
  const picker = useFriendPicker(filter);
  const action = useAction();
  const write = (userId: UserId): void => {
    if (action.isRunning) return;
    const known = session.rooms.directWith(userId);
    if (known) return navigate(`/chat/${known.id}`);
    void action.run(async () => navigate(`/chat/${(await session.rooms.openDirectRoom(userId)).id}`));
  };
  return (
    <Pane title={t("rooms.new")} label={t("rooms.new")} back={{ href: "/messages", label: t("common.back"), onBack: open("/messages"), always: true }}
      below={<SearchField label={t("rooms.filterFriends")} value={filter} onChange={setFilter} clearLabel={t("common.clear")} autoFocus />}>
      <a className={styles.group} href="/new/group" onClick={open("/new/group")}><span><Icon name="group" /></span> {t("rooms.newGroup")}</a>
      <FriendList picker={picker} filter={filter} heading={t("rooms.friendsToWrite")}>
        {(friend) => <PersonRow key={friend.user.id} person={friend.user} href={`/people/${friend.user.id}`} onOpen={(event) => { event.preventDefault(); write(friend.user.id); }} />}
      </FriendList>
    </Pane>
  );
}
