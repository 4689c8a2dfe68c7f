/** What one can do with a person, the same everywhere: ask, answer, write, remove, block. */
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { FriendRequest, User, UserId } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import { useAction } from "../../state/useAction.ts";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";

export interface PersonActions {
  readonly isRunning: boolean;
  readonly ask: (user: User, note?: string) => Promise<boolean>;
  readonly respond: (request: FriendRequest, action: "accept" | "decline" | "cancel") => Promise<boolean>;
  readonly write: (userId: UserId) => void;
  readonly unblock: (user: User) => void;
  readonly askRemove: (user: User) => void;
  readonly askBlock: (user: User) => void;
  /** Put this where the person's actions are. */
  readonly dialog: ReactNode;
}

const said = { accept: "requests.accepted", decline: "requests.declined", cancel: "requests.cancelled" } as const;

export function usePersonActions(onChanged: () => void = () => undefined): PersonActions {
  const { friends, rooms } = useSession();
  const { t } = useI18n();
  const [, navigate] = useLocation();
  const action = useAction();
  const [asking, setAsking] = useState<{ readonly what: "remove" | "block"; readonly user: User } | null>(null);
  const done = (text: string): void => {
    toast("info", text);
    onChanged();
  };
  const confirmed = async (): Promise<void> => {
    if (!asking) return;
    const { what, user } = asking;
    const name = user.displayName;
    if (await action.run(() => (what === "remove" ? friends.remove(user.id) : friends.block(user.id)))) done(t(what === "remove" ? "friends.removed" : "friends.blocked", { name }));
    setAsking(null);
  };
  return {
    isRunning: action.isRunning,
    ask: (user, note) => action.run(async () => {
      const request = await friends.sendFriendRequest(user.id, note);
      done(request.status === "accepted" ? t("requests.accepted", { name: user.displayName }) : t("find.added"));
    }),
    respond: (request, answer) => action.run(async () => {
      await friends.respond(request.id, answer);
      done(t(said[answer], { name: request.user.displayName }));
    }),
    write: (userId) => {
      const known = rooms.directWith(userId);
      if (known) navigate(`/chat/${known.id}`);
      else void action.run(async () => navigate(`/chat/${(await rooms.openDirectRoom(userId)).id}`));
    },
    unblock: (user) => void action.run(async () => {
      await friends.unblock(user.id);
      done(t("friends.unblocked", { name: user.displayName }));
    }),
    askRemove: (user) => setAsking({ what: "remove", user }),
    askBlock: (user) => setAsking({ what: "block", user }),
    dialog: asking && (
      <ConfirmDialog title={t(asking.what === "remove" ? "friends.removeAsk" : "friends.blockAsk", { name: asking.user.displayName })} text={t(asking.what === "remove" ? "friends.removeText" : "friends.blockText")}
        confirm={t(asking.what === "remove" ? "friends.remove" : "friends.block")} cancel={t("common.cancel")} isBusy={action.isRunning} onConfirm={() => void confirmed()} onClose={() => setAsking(null)} />
    ),
  };
}
