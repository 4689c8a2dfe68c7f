/** Find people: search as you type, and suggestions with their reasons. */
import { useEffect, useState } from "react";
import type { Suggestion, User } from "@kith/client";
import { useI18n } from "../../i18n/useI18n.tsx";
import type { Translator } from "../../i18n/translator.ts";
import { errorText } from "../../state/errors.ts";
import { server } from "../../state/server.ts";
import { useSession } from "../../state/session.tsx";
import { useAction } from "../../state/useAction.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Button, IconButton } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { SearchField } from "../../ui/Field.tsx";
import { Pane } from "../../ui/Pane.tsx";
import { PersonRow } from "../../ui/PersonRow.tsx";
import { SectionHeading } from "../../ui/SectionHeading.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { shortName } from "../rooms/roomNames.ts";
import { AskDialog } from "./AskDialog.tsx";
import { RelationButton } from "./RelationButton.tsx";

export function FindView({ current }: { readonly current: string | null }) {
  const { t } = useI18n();
  const { people } = useSession();
  const { userSearch, suggestions } = useStore(server);
  const [query, setQuery] = useState(() => people.found.getSnapshot().query);
  const [asking, setAsking] = useState<User | null>(null);
  useEffect(() => {
    // It waits for a breath between keystrokes by itself.
    people.search(query.trim()).catch(() => undefined);
  }, [people, query]);
  return (
    <Pane title={t("find.title")} label={t("find.title")}
      below={userSearch && <SearchField label={t("find.search")} value={query} onChange={setQuery} clearLabel={t("common.clear")} />}>
      {query.trim() ? <Found query={query.trim()} current={current} onAsk={setAsking} /> : suggestions ? <Suggestions current={current} onAsk={setAsking} /> : <Nothing hasSearch={userSearch} />}
      {asking && <AskDialog user={asking} onClose={() => setAsking(null)} />}
    </Pane>
  );
}

function Nothing({ hasSearch }: { readonly hasSearch: boolean }) {
  const { t } = useI18n();
  return hasSearch ? <EmptyState icon="search" title={t("find.noSuggestions")}>{t("find.noSuggestionsText")}</EmptyState> : <EmptyState icon="search" title={t("find.unavailable")}>{t("find.unavailableText")}</EmptyState>;
}

function Found({ query, current, onAsk }: { readonly query: string; readonly current: string | null; readonly onAsk: (user: User) => void }) {
  const translator = useI18n();
  const { t } = translator;
  const { people } = useSession();
  const found = useStore(people.found);
  const open = useOpen();
  if ([...query].length < 2) return <EmptyState icon="search" title={t("find.short")} />;
  if (found.items.length === 0) {
    if (found.load.kind === "failed") return <EmptyState icon="offline" title={errorText(translator, found.load.error)} />;
    if (found.load.kind !== "ready" || found.query !== query) return <RowSkeletons count={5} label={t("app.loading")} />;
    return <EmptyState icon="search" title={t("find.none")}>{t("find.noneText", { query })}</EmptyState>;
  }
  return (
    <>
      <ul>
        {found.items.map((user) => (
          <li key={user.id}>
            <PersonRow person={user} href={`/people/${user.id}`} onOpen={open(`/people/${user.id}`)} isCurrent={user.id === current}
              detail={<><bdi>@{user.username}</bdi>{user.mutualFriendsCount > 0 && ` · ${t("find.mutual", { count: user.mutualFriendsCount })}`}</>} actions={<RelationButton user={user} onAsk={onAsk} />} />
          </li>
        ))}
      </ul>
      {found.hasMore && <Button look="plain" wide onClick={() => void people.loadMoreFound().catch(() => undefined)}>{t("common.loadMore")}</Button>}
    </>
  );
}

function Suggestions({ current, onAsk }: { readonly current: string | null; readonly onAsk: (user: User) => void }) {
  const translator = useI18n();
  const { t } = translator;
  const { friends } = useSession();
  const list = useStore(friends.suggestions);
  const open = useOpen();
  const action = useAction();
  useEffect(() => {
    friends.loadSuggestions().catch(() => undefined);
  }, [friends]);
  if (list.items.length === 0) return list.load.kind === "loading" || list.load.kind === "idle" ? <RowSkeletons count={5} label={t("app.loading")} /> : <Nothing hasSearch />;
  return (
    <>
      <SectionHeading>{t("find.suggestions")}</SectionHeading>
      <ul>
        {list.items.map((suggestion) => {
          const { user } = suggestion;
          return (
            <li key={user.id}>
              <PersonRow person={user} href={`/people/${user.id}`} onOpen={open(`/people/${user.id}`)} isCurrent={user.id === current} detail={reasonText(suggestion, translator)}
                actions={<><RelationButton user={user} onAsk={onAsk} /><IconButton icon="close" label={t("find.dismiss", { name: user.displayName })} onClick={() => void action.run(() => friends.dismissSuggestion(user.id))} /></>} />
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function reasonText({ reason, mutualFriends, mutualFriendsCount }: Suggestion, translator: Translator): string {
  const { t, locale } = translator;
  if (mutualFriendsCount === 0) return otherReason(reason, translator);
  // Each name keeps its own direction, and the words between them that of the language.
  const names = mutualFriends.slice(0, 2).map((user) => `\u2068${shortName(user.displayName)}\u2069`);
  if (names.length === 0 || mutualFriendsCount > names.length) return t("find.mutual", { count: mutualFriendsCount });
  return t("find.mutualNames", { names: new Intl.ListFormat(locale).format(names) });
}

/** The server says why in English; what it says is told again in the reader's language. */
function otherReason(reason: string, { t }: Translator): string {
  const interest = /^also into (.+)$/u.exec(reason)?.[1];
  if (interest) return t("find.sharedInterests", { words: interest });
  return /\bgroups? with you$/u.test(reason) ? t("find.sharedRooms") : t("find.suggested");
}
