/** The people of a group, with their roles, and what I may change about them. */
import type { ChatParticipant, ChatRoom, Role, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { MenuButton, type MenuItem } from "../../ui/Menu.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { SectionHeading } from "../../ui/SectionHeading.tsx";
import { personName } from "../rooms/roomNames.ts";
import styles from "./Members.module.css";

export function Members({ room, me }: { readonly room: ChatRoom; readonly me: UserId }) {
  const { t } = useI18n();
  const { rooms } = useSession();
  const list = useStore(rooms.participants(room.id));
  const members = list.items.length > 0 ? list.items : room.participants;
  return (
    <section className={styles.members} aria-label={t("info.participants")}>
      <SectionHeading>{t("info.participants")}</SectionHeading>
      <ul>{members.map((member) => <li key={member.user.id}><Member room={room} me={me} member={member} /></li>)}</ul>
    </section>
  );
}

const rank: Readonly<Record<Role, number>> = { member: 0, admin: 1, owner: 2 };

/** Owners change everybody; admins may remove members. Oneself leaves by the button below. */
export function rightsOver(mine: Role, theirs: Role): { readonly roles: readonly Role[]; readonly mayRemove: boolean } {
  if (mine === "owner") return { roles: (["owner", "admin", "member"] as const).filter((role) => role !== theirs), mayRemove: true };
  return { roles: [], mayRemove: mine === "admin" && rank[theirs] < rank[mine] };
}

function Member({ room, me, member }: { readonly room: ChatRoom; readonly me: UserId; readonly member: ChatParticipant }) {
  const translator = useI18n();
  const { t } = translator;
  const { rooms } = useSession();
  const open = useOpen();
  const action = useAction();
  const isMe = member.user.id === me;
  const { roles, mayRemove } = isMe ? { roles: [], mayRemove: false } : rightsOver(room.role, member.role);
  const roleItems = roles.map((role): MenuItem => ({
    id: role,
    label: t(role === "owner" ? "info.makeOwner" : role === "admin" ? "info.makeAdmin" : "info.makeMember"),
    icon: role === "member" ? "person" : "star",
    onSelect: () => void action.run(() => rooms.setRole(room.id, member.user.id, role)),
  }));
  const remove: MenuItem = { id: "remove", label: t("info.removePerson"), icon: "personRemove", danger: true, onSelect: () => void action.run(() => rooms.removeParticipant(room.id, member.user.id)) };
  const href = `/people/${member.user.id}`;
  const person = { ...member.user, displayName: personName(member.user, translator) };
  return (
    <PersonRow person={person} href={href} onOpen={open(href)} mark={isMe && <span className={styles.me}>{t("common.you")}</span>}
      actions={<>{member.role !== "member" && <span className={styles.role}>{t(`info.role.${member.role}`)}</span>}<MenuButton label={`${t("common.more")}: ${person.displayName}`} items={mayRemove ? [...roleItems, remove] : roleItems} /></>} />
  );
}
