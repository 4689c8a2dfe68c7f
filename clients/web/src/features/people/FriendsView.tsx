/** My friends: who is here, when the others were, and what to do with them. */
import { useState } from "react";
import type { Friend } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useNow } from "../../state/useNow.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Button, IconButton } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { SearchField } from "../../ui/Field.tsx";
import { MenuButton } from "../../ui/Menu.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { SectionHeading } from "../../ui/SectionHeading.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { presenceText } from "../chat/ChatHeader.tsx";
import { useFriendsViewModel } from "./friendsViewModel.ts";
import { RequestsLink } from "./PeopleHead.tsx";
import { usePersonActions, type PersonActions } from "./usePersonActions.tsx";

export function FriendsView({ current }: { readonly current: string | null }) {
  const translator = useI18n();
  const { t } = translator;
  const open = useOpen();
  const [filter, setFilter] = useState("");
  const model = useFriendsViewModel(filter);
  const actions = usePersonActions();
  const rows = (friends: readonly Friend[]) => friends.map((friend) => <li key={friend.user.id}><FriendRow friend={friend} actions={actions} isCurrent={friend.user.id === current} /></li>);
  const nobody = model.online.length + model.others.length === 0;
  return (
    <Pane title={t("friends.title")} label={t("friends.title")}
      actions={<IconButton icon="personAdd" label={t("find.title")} onClick={open("/friends/find")} />}
      below={<SearchField label={t("friends.search")} value={filter} onChange={setFilter} clearLabel={t("common.clear")} />}>
      {!filter && <RequestsLink />}
      {model.isEmpty && model.load.kind === "failed" && <EmptyState icon="offline" title={errorText(translator, model.load.error)} />}
      {model.isEmpty && model.load.kind === "ready" && <EmptyState icon="friends" title={t("friends.none")} action={<Button look="primary" icon="search" onClick={open("/friends/find")}>{t("find.title")}</Button>}>{t("friends.noneText")}</EmptyState>}
      {model.isEmpty && (model.load.kind === "idle" || model.load.kind === "loading") && <RowSkeletons label={t("app.loading")} />}
      {!model.isEmpty && nobody && <EmptyState icon="search" title={t("friends.noMatch")} />}
      {/* One list: whoever comes or goes moves within it, and what is open at their row stays open. */}
      {!nobody && <ul>{[
        ...(model.online.length > 0 ? [<li key="online"><SectionHeading>{t("friends.onlineSection")}</SectionHeading></li>, ...rows(model.online)] : []),
        ...(model.others.length > 0 ? [<li key="others"><SectionHeading>{model.online.length > 0 ? t("friends.othersSection") : t("friends.count", { count: model.total })}</SectionHeading></li>, ...rows(model.others)] : []),
      ]}</ul>}
      {actions.dialog}
    </Pane>
  );
}

function FriendRow({ friend, actions, isCurrent }: { readonly friend: Friend; readonly actions: PersonActions; readonly isCurrent: boolean }) {
  const translator = useI18n();
  const { t } = translator;
  const { people } = useSession();
  const now = useNow();
  const open = useOpen();
  const { user } = friend;
  const presence = useStore(people.presence(user.id)) ?? friend.presence;
  const href = `/people/${user.id}`;
  return (
    <PersonRow person={user} presence={presence?.status ?? null} detail={presenceText(presence, user.username, now, translator)} href={href} onOpen={open(href)} isCurrent={isCurrent}
      actions={<>
        <IconButton icon="chat" label={`${t("friends.message")}: ${user.displayName}`} onClick={() => actions.write(user.id)} />
        <MenuButton label={`${t("common.more")}: ${user.displayName}`} items={[
          { id: "remove", label: t("friends.remove"), icon: "personRemove", onSelect: () => actions.askRemove(user) },
          { id: "block", label: t("friends.block"), icon: "block", danger: true, onSelect: () => actions.askBlock(user) },
        ]} />
      </>} />
  );
}
