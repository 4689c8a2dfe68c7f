/** Friends to choose from, with what to say when there are none. */
import type { ReactNode } from "react";
import type { Friend } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useOpen } from "../../state/useOpen.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { SectionHeading } from "../../ui/SectionHeading.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import type { FriendPicker } from "./useFriendPicker.ts";

export function FriendList({ picker, filter, heading, children }: { readonly picker: FriendPicker; readonly filter: string; readonly heading: string; readonly children: (friend: Friend) => ReactNode }) {
  const translator = useI18n();
  const { t } = translator;
  const open = useOpen();
  if (picker.all.length === 0) {
    if (picker.load.kind === "failed") return <EmptyState icon="offline" title={errorText(translator, picker.load.error)} />;
    if (picker.load.kind !== "ready") return <RowSkeletons count={5} label={t("app.loading")} />;
    return <EmptyState icon="friends" title={t("friends.none")} action={<Button look="primary" icon="personAdd" onClick={open("/friends/find")}>{t("find.title")}</Button>}>{t("friends.noneText")}</EmptyState>;
  }
  if (picker.shown.length === 0) return <EmptyState icon="search" title={filter ? t("friends.noMatch") : t("friends.none")} />;
  return (
    <>
      <SectionHeading>{heading}</SectionHeading>
      <ul>{picker.shown.map((friend) => <li key={friend.user.id}>{children(friend)}</li>)}</ul>
    </>
  );
}
