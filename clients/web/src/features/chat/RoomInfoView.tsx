/** About a room: its people and their roles, and how I keep it. */
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import type { ChatRoom, RoomId, UserId } from "@kith/client";
import { shortDate } from "../../i18n/times.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { isNotFound } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { isMuted } from "../rooms/roomsViewModel.ts";
import { isDeleted, otherOf, roomName, roomPicture } from "../rooms/roomNames.ts";
import { AddPeopleDialog } from "./AddPeopleDialog.tsx";
import { Members } from "./Members.tsx";
import { RenameDialog } from "./RenameDialog.tsx";
import styles from "./RoomInfoView.module.css";

export function RoomInfoView({ roomId }: { readonly roomId: RoomId }) {
  const session = useSession();
  const { t } = useI18n();
  const open = useOpen();
  const room = useStore(session.rooms.byId(roomId));
  const [isGone, setGone] = useState(false);
  useEffect(() => {
    if (!session.rooms.byId(roomId).getSnapshot()) session.rooms.load(roomId).catch((error: unknown) => setGone(isNotFound(error)));
    session.rooms.loadParticipants(roomId).catch(() => undefined);
  }, [session, roomId]);
  const back = `/chat/${roomId}`;
  const title = t(room?.kind === "direct" ? "info.titleDirect" : "info.title");
  return (
    <Pane title={title} label={title} back={{ href: back, label: t("common.back"), onBack: open(back), always: true }}>
      {isGone && !room && <EmptyState icon="chat" title={t("chat.gone")}>{t("chat.goneText")}</EmptyState>}
      {room && <RoomInfo room={room} me={session.userId} />}
    </Pane>
  );
}

function RoomInfo({ room, me }: { readonly room: ChatRoom; readonly me: UserId }) {
  const translator = useI18n();
  const { t } = translator;
  const open = useOpen();
  const [dialog, setDialog] = useState<"rename" | "add" | "leave" | null>(null);
  const picture = roomPicture(room, me);
  const partner = otherOf(room, me);
  const other = isDeleted(partner) ? null : partner;
  const name = roomName(room, me, translator);
  const mayManage = room.kind === "group" && room.role !== "member";
  const close = (): void => setDialog(null);
  return (
    <div className={styles.page}>
      <header className={styles.hero}>
        <Avatar id={picture.id} name={name} url={picture.url} kind={picture.kind} size="xl" />
        <h2><bdi>{name}</bdi></h2>
        <p>{room.kind === "group" ? `${t("chat.members", { count: room.participantCount })} · ${t("info.created", { date: shortDate(translator, room.createdAt) })}` : other && <bdi>@{other.username}</bdi>}</p>
        <div className={styles.buttons}>
          {other && <Button icon="person" onClick={open(`/people/${other.id}`)}>{t("info.profile")}</Button>}
          {mayManage && <Button icon="personAdd" onClick={() => setDialog("add")}>{t("info.add")}</Button>}
          {mayManage && <Button icon="compose" onClick={() => setDialog("rename")}>{t("info.rename")}</Button>}
        </div>
      </header>
      <RoomSwitches room={room} />
      {room.kind === "group" && <Members room={room} me={me} />}
      {room.kind === "group" && <div className={styles.end}><Button look="danger" icon="leave" onClick={() => setDialog("leave")}>{t("info.leave")}</Button></div>}
      {dialog === "rename" && <RenameDialog room={room} onClose={close} />}
      {dialog === "add" && <AddPeopleDialog room={room} onClose={close} />}
      {dialog === "leave" && <LeaveDialog room={room} onClose={close} />}
    </div>
  );
}

/** Far enough away to mean "until I say otherwise"; the server wants a time. */
const muteYears = 50;

const mutedUntil = (on: boolean): number | null => (on ? new Date().setFullYear(new Date().getFullYear() + muteYears) : null);

function RoomSwitches({ room }: { readonly room: ChatRoom }) {
  const { rooms } = useSession();
  const { t } = useI18n();
  const action = useAction();
  return (
    <section className={styles.card}>
      <Switch label={t("info.mute")} hint={t("info.muteHint")} checked={isMuted(room)} onChange={(on) => void action.run(() => rooms.updateSettings(room.id, { mutedUntil: mutedUntil(on) }))} />
      <Switch label={t("info.pin")} checked={room.isPinned} onChange={(isPinned) => void action.run(() => rooms.updateSettings(room.id, { isPinned }))} />
      <Switch label={t("info.archive")} checked={room.isArchived} onChange={(isArchived) => void action.run(() => rooms.updateSettings(room.id, { isArchived }))} />
    </section>
  );
}

function LeaveDialog({ room, onClose }: { readonly room: ChatRoom; readonly onClose: () => void }) {
  const { rooms } = useSession();
  const { t } = useI18n();
  const [, navigate] = useLocation();
  const action = useAction();
  const leave = async (): Promise<void> => {
    if (await action.run(() => rooms.leave(room.id))) navigate("/messages", { replace: true });
    onClose();
  };
  return <ConfirmDialog title={t("info.leaveAsk", { name: room.name ?? "" })} text={t("info.leaveText")} confirm={t("info.leave")} cancel={t("common.cancel")} isBusy={action.isRunning} onConfirm={() => void leave()} onClose={onClose} />;
}
