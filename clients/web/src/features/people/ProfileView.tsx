/** Somebody's profile: who they are, how we stand, and what comes next. */
import { useEffect, useState } from "react";
import type { User, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { isNotFound } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { MenuButton, type MenuItem } from "../../ui/Menu.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { atName, presenceText } from "../chat/ChatHeader.tsx";
import { isDeleted } from "../rooms/roomNames.ts";
import { AskDialog } from "./AskDialog.tsx";
import { usePersonActions, type PersonActions } from "./usePersonActions.tsx";
import styles from "./ProfileView.module.css";

export function ProfileView({ userId, backTo }: { readonly userId: UserId; readonly backTo: string }) {
  const { t } = useI18n();
  const { people } = useSession();
  const open = useOpen();
  const known = useStore(people.byId(userId));
  const user = isDeleted(known) ? null : known;
  const [isMissing, setMissing] = useState(false);
  const isGone = isMissing || isDeleted(known);
  useEffect(() => {
    setMissing(false);
    people.load(userId).catch((error: unknown) => setMissing(isNotFound(error)));
    return people.watch([userId]);
  }, [people, userId]);
  const actions = usePersonActions(() => void people.load(userId).catch(() => undefined));
  return (
    <Pane title={t("profile.title")} label={t("profile.title")} back={{ href: backTo, label: t("common.back"), onBack: open(backTo) }} actions={user && <MoreMenu user={user} actions={actions} />}>
      {user ? <Profile user={user} actions={actions} /> : isGone ? <EmptyState icon="person" title={t("profile.gone")}>{t("profile.goneText")}</EmptyState> : <RowSkeletons count={1} label={t("app.loading")} />}
      {actions.dialog}
    </Pane>
  );
}

function MoreMenu({ user, actions }: { readonly user: User; readonly actions: PersonActions }) {
  const { t } = useI18n();
  if (user.relation === "self") return null;
  const items: readonly MenuItem[] = [
    ...(user.relation === "friends" ? [{ id: "remove", label: t("friends.remove"), icon: "personRemove" as const, onSelect: () => actions.askRemove(user) }] : []),
    user.relation === "blocked"
      ? { id: "unblock", label: t("friends.unblock"), icon: "block" as const, onSelect: () => actions.unblock(user) }
      : { id: "block", label: t("friends.block"), icon: "block" as const, danger: true, onSelect: () => actions.askBlock(user) },
  ];
  return <MenuButton label={t("common.more")} items={items} />;
}

function Profile({ user, actions }: { readonly user: User; readonly actions: PersonActions }) {
  const translator = useI18n();
  const { t } = translator;
  const { people } = useSession();
  const now = useNow();
  const presence = useStore(people.presence(user.id));
  const status = presenceText(presence, user.username, now, translator);
  return (
    <div className={styles.page}>
      <header className={styles.hero}>
        <Avatar id={user.id} name={user.displayName} url={user.avatarUrl} size="xl" presence={presence?.status ?? null} />
        <h2><bdi>{user.displayName}</bdi></h2>
        <p><bdi>@{user.username}</bdi>{status !== atName(user.username) && <span> · {status}</span>}</p>
      </header>
      <dl className={styles.counts}>
        <div><dd>{user.friendsCount}</dd><dt>{t("profile.friends", { count: user.friendsCount })}</dt></div>
        {user.relation !== "self" && <div><dd>{user.mutualFriendsCount}</dd><dt>{t("profile.mutual")}</dt></div>}
      </dl>
      <Relation user={user} actions={actions} />
      {user.bio && <section><h3>{t("profile.about")}</h3><p className={styles.bio} dir="auto">{user.bio}</p></section>}
      {user.interests.length > 0 && <section><h3>{t("profile.interests")}</h3><ul className={styles.interests}>{user.interests.map((word) => <li key={word}><bdi>{word}</bdi></li>)}</ul></section>}
    </div>
  );
}

function Relation({ user, actions }: { readonly user: User; readonly actions: PersonActions }) {
  const { t } = useI18n();
  const { friends } = useSession();
  const open = useOpen();
  const [isAsking, setAsking] = useState(false);
  const incoming = useStore(friends.incoming).items.find((request) => request.user.id === user.id);
  const outgoing = useStore(friends.outgoing).items.find((request) => request.user.id === user.id);
  const name = user.displayName;
  const write = <Button look={user.relation === "friends" ? "primary" : "soft"} icon="chat" onClick={() => actions.write(user.id)}>{t("friends.message")}</Button>;
  useEffect(() => {
    if (user.relation === "incoming" || user.relation === "outgoing") friends.loadRequests().catch(() => undefined);
  }, [friends, user.relation]);
  return (
    <div className={styles.relation}>
      {user.relation === "incoming" && <p>{t("profile.incoming", { name })}</p>}
      {user.relation === "outgoing" && <p>{t("profile.outgoing", { name })}</p>}
      {user.relation === "blocked" && <p>{t("profile.blocked", { name })}</p>}
      <div>
        {user.relation === "friends" && write}
        {user.relation === "none" && <Button look="primary" icon="personAdd" onClick={() => setAsking(true)}>{t("find.add")}</Button>}
        {user.relation === "incoming" && <Button look="primary" onClick={() => void (incoming ? actions.respond(incoming, "accept") : actions.ask(user))}>{t("requests.accept")}</Button>}
        {user.relation === "incoming" && incoming && <Button onClick={() => void actions.respond(incoming, "decline")}>{t("requests.decline")}</Button>}
        {user.relation === "outgoing" && outgoing && <Button onClick={() => void actions.respond(outgoing, "cancel")}>{t("requests.cancel")}</Button>}
        {user.relation === "blocked" && <Button onClick={() => actions.unblock(user)}>{t("friends.unblock")}</Button>}
        {user.relation === "self" && <Button onClick={open("/settings/profile")}>{t("profile.edit")}</Button>}
      </div>
      {isAsking && <AskDialog user={user} onClose={() => setAsking(false)} />}
    </div>
  );
}
