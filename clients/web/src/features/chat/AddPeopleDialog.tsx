/** Friends who are not in the group yet, to be added. */
import { useState } from "react";
import type { ChatRoom, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { SearchField } from "../../ui/Field.tsx";
import { FriendCheck } from "../rooms/PickPeople.tsx";
import { useFriendPicker } from "../rooms/useFriendPicker.ts";

export function AddPeopleDialog({ room, onClose }: { readonly room: ChatRoom; readonly onClose: () => void }) {
  const { rooms } = useSession();
  const { t } = useI18n();
  const [filter, setFilter] = useState("");
  const [picked, setPicked] = useState<readonly UserId[]>([]);
  const picker = useFriendPicker(filter);
  const action = useAction();
  const members = useStore(rooms.participants(room.id)).items;
  const inside = new Set([...room.participants, ...members].map((member) => member.user.id));
  const free = picker.shown.filter((friend) => !inside.has(friend.user.id));
  const add = async (): Promise<void> => {
    if (await action.run(() => rooms.addParticipants(room.id, picked))) onClose();
  };
  const toggle = (id: UserId): void => setPicked(picked.includes(id) ? picked.filter((item) => item !== id) : [...picked, id]);
  return (
    <Dialog title={t("info.add")} closeLabel={t("common.close")} onClose={onClose}
      actions={<><Button look="plain" onClick={onClose}>{t("common.cancel")}</Button><Button look="primary" busy={action.isRunning} disabled={picked.length === 0} onClick={() => void add()}>{picked.length > 0 ? t("info.addSelected", { count: picked.length }) : t("info.add")}</Button></>}>
      <SearchField label={t("rooms.filterFriends")} value={filter} onChange={setFilter} clearLabel={t("common.clear")} />
      {free.length === 0 && picker.load.kind === "ready" && <EmptyState icon="friends" title={filter ? t("friends.noMatch") : t("info.nobodyToAdd")} />}
      <ul>{free.map((friend) => <li key={friend.user.id}><FriendCheck friend={friend} isPicked={picked.includes(friend.user.id)} onToggle={() => toggle(friend.user.id)} /></li>)}</ul>
    </Dialog>
  );
}
