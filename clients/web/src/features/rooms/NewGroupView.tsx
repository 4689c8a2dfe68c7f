/** A new group: its people and its name. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { Friend } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText, fieldText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { Button } from "../../ui/Button.tsx";
import { SearchField, TextField } from "../../ui/Field.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { FriendList } from "./FriendList.tsx";
import { FriendCheck, PickedPeople } from "./PickPeople.tsx";
import { useFriendPicker } from "./useFriendPicker.ts";
import styles from "./NewGroupView.module.css";

export function NewGroupView() {
  const translator = useI18n();
  const { t } = translator;
  const session = useSession();
  const open = useOpen();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useState("");
  const [name, setName] = useState("");
  const [picked, setPicked] = useState<readonly Friend[]>([]);
  const [failure, setFailure] = useState<unknown>(null);
  const [nameMissing, setNameMissing] = useState(false);
  const picker = useFriendPicker(filter);
  const action = useAction();
  const toggle = (friend: Friend): void => setPicked(picked.some((item) => item.user.id === friend.user.id) ? picked.filter((item) => item.user.id !== friend.user.id) : [...picked, friend]);
  const create = (): void => {
    setNameMissing(name.trim() === "");
    if (name.trim() === "") return;
    setFailure(null);
    void action.run(async () => navigate(`/chat/${(await session.rooms.createGroup(name.trim(), picked.map((friend) => friend.user.id))).id}`), setFailure);
  };
  const nameError = nameMissing ? t("rooms.groupNeedsName") : (fieldText(translator, failure, "name") ?? (failure === null ? undefined : errorText(translator, failure)));
  return (
    <Pane title={t("rooms.newGroup")} label={t("rooms.newGroup")} fixed back={{ href: "/new", label: t("common.back"), onBack: open("/new"), always: true }}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); create(); }}>
        <div className={styles.fields}>
          <TextField label={t("rooms.groupName")} value={name} maxLength={80} error={nameError} onChange={(event) => { setName(event.target.value); setNameMissing(false); }} />
          <SearchField label={t("rooms.groupPick")} value={filter} onChange={setFilter} clearLabel={t("common.clear")} />
          <PickedPeople picked={picked} onRemove={toggle} />
        </div>
        <div className={styles.scroll}>
          <FriendList picker={picker} filter={filter} heading={t("friends.title")}>
            {(friend) => <FriendCheck friend={friend} isPicked={picked.some((item) => item.user.id === friend.user.id)} onToggle={() => toggle(friend)} />}
          </FriendList>
        </div>
        <footer className={styles.foot}>
          <span>{picked.length > 0 && t("rooms.groupPicked", { count: picked.length })}</span>
          <Button look="primary" type="submit" busy={action.isRunning} disabled={picked.length === 0}>{t("rooms.groupCreate")}</Button>
        </footer>
      </form>
    </Pane>
  );
}
