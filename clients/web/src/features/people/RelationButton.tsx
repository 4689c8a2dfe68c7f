/** The next step between me and somebody, as one button. */
import type { User } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { useStore } from "../../state/useStore.ts";
import { Button, IconButton } from "../../ui/Button.tsx";
import { usePersonActions } from "./usePersonActions.tsx";

export function RelationButton({ user, onAsk }: { readonly user: User; readonly onAsk: (user: User) => void }) {
  const { t } = useI18n();
  const { friends, people } = useSession();
  const actions = usePersonActions();
  const live = useStore(people.byId(user.id));
  const incoming = useStore(friends.incoming).items.find((request) => request.user.id === user.id);
  const relation = live?.relation ?? user.relation;
  switch (relation) {
    case "none":
      return <IconButton icon="personAdd" look="soft" label={`${t("find.add")}: ${user.displayName}`} onClick={() => onAsk(user)} />;
    case "outgoing":
      return <Button disabled>{t("find.added")}</Button>;
    case "incoming":
      return <Button look="primary" onClick={() => void (incoming ? actions.respond(incoming, "accept") : actions.ask(user))}>{t("requests.accept")}</Button>;
    case "friends":
      return <IconButton icon="chat" look="soft" label={`${t("friends.message")}: ${user.displayName}`} onClick={() => actions.write(user.id)} />;
    case "blocked":
      return <Button onClick={() => actions.unblock(user)}>{t("friends.unblock")}</Button>;
    case "self":
      return null;
  }
}
