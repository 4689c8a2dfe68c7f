/** Messages: every conversation, or the archived ones. */
import { useEffect, useMemo, useState } from "react";
import { VList } from "virtua";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { useOpen } from "../../state/useOpen.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { SearchField } from "../../ui/Field.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { NewChatMenu } from "./NewChatMenu.tsx";
import { otherOf } from "./roomNames.ts";
import { RoomListItem } from "./RoomListItem.tsx";
import { useRoomsViewModel, type RoomsViewModel } from "./roomsViewModel.ts";
import styles from "./RoomsView.module.css";

export function RoomsView({ archived, current }: { readonly archived: boolean; readonly current: string | null }) {
  const { t } = useI18n();
  const [filter, setFilter] = useState("");
  const model = useRoomsViewModel(filter, archived);
  const open = useOpen();
  const title = t(archived ? "rooms.archived" : "rooms.title");
  return (
    <Pane title={title} label={title} fixed
      back={archived ? { href: "/messages", label: t("common.back"), onBack: open("/messages"), always: true } : null}
      actions={!archived && <NewChatMenu />}
      below={<SearchField label={t("rooms.filter")} value={filter} onChange={setFilter} clearLabel={t("common.clear")} />}>
      {!archived && !filter && model.archivedCount > 0 && (
        <a className={styles.archive} href="/messages/archived" onClick={open("/messages/archived")}>
          <Icon name="archive" size={18} /> {t("rooms.openArchive", { count: model.archivedCount })}
        </a>
      )}
      <RoomList model={model} filter={filter} archived={archived} current={current} />
    </Pane>
  );
}

function RoomList({ model, filter, archived, current }: { readonly model: RoomsViewModel; readonly filter: string; readonly archived: boolean; readonly current: string | null }) {
  const session = useSession();
  const translator = useI18n();
  const { t } = translator;
  const open = useOpen();
  // The server lets 200 people be watched; the newest rooms are the ones on the screen.
  const watched = useMemo(() => model.rooms.slice(0, 60).flatMap((room) => otherOf(room, model.me)?.id ?? []).join(" "), [model]);
  useEffect(() => (watched ? session.people.watch(watched.split(" ") as never) : undefined), [session, watched]);

  if (model.isEmpty) {
    if (model.load.kind === "failed") return <EmptyState icon="offline" title={errorText(translator, model.load.error)} action={null} />;
    if (model.load.kind !== "ready") return <RowSkeletons label={t("app.loading")} />;
    if (archived) return <EmptyState icon="archive" title={t("rooms.emptyArchive")}>{t("rooms.emptyArchiveText")}</EmptyState>;
    return <EmptyState icon="chat" title={t("rooms.empty")} action={<Button look="primary" icon="compose" onClick={open("/new")}>{t("rooms.new")}</Button>}>{t("rooms.emptyText")}</EmptyState>;
  }
  if (model.rooms.length === 0) return <EmptyState icon="search" title={t("rooms.noMatch")}>{t("rooms.noMatchText", { query: filter })}</EmptyState>;
  return (
    <nav className={styles.list} aria-label={t("rooms.title")}>
      <VList data={model.rooms} itemSize={72} bufferSize={400}>
        {(room) => <RoomListItem key={room.id} room={room} me={model.me} isCurrent={room.id === current} />}
      </VList>
    </nav>
  );
}
