/** Which address shows what: a list at the start, and what was picked from it beside or over it. Nothing else. */
import { lazy, type ReactNode } from "react";
import { roomId, userId } from "@kith/client";
import { RoomsView } from "../features/rooms/RoomsView.tsx";
import type { SettingsSection } from "../features/settings/SettingsView.tsx";
import type { OpenRoom } from "./keptRooms.ts";
import { NotFoundView } from "./NotFoundView.tsx";

const RoomInfoView = lazy(() => import("../features/chat/RoomInfoView.tsx").then((module) => ({ default: module.RoomInfoView })));
const NewChatView = lazy(() => import("../features/rooms/NewChatView.tsx").then((module) => ({ default: module.NewChatView })));
const NewGroupView = lazy(() => import("../features/rooms/NewGroupView.tsx").then((module) => ({ default: module.NewGroupView })));
const FriendsView = lazy(() => import("../features/people/FriendsView.tsx").then((module) => ({ default: module.FriendsView })));
const RequestsView = lazy(() => import("../features/people/RequestsView.tsx").then((module) => ({ default: module.RequestsView })));
const FindView = lazy(() => import("../features/people/FindView.tsx").then((module) => ({ default: module.FindView })));
const ProfileView = lazy(() => import("../features/people/ProfileView.tsx").then((module) => ({ default: module.ProfileView })));
const SettingsView = lazy(() => import("../features/settings/SettingsView.tsx").then((module) => ({ default: module.SettingsView })));
const SettingsDetail = lazy(() => import("../features/settings/SettingsDetail.tsx").then((module) => ({ default: module.SettingsDetail })));

export type Area = "messages" | "friends" | "find" | "settings";

export interface Place {
  readonly area: Area;
  /** Same key, same list: it stays as it is while the detail changes. */
  readonly listKey: string;
  readonly list: ReactNode;
  readonly detailKey: string | null;
  /** Empty where the detail is a conversation. */
  readonly detail: ReactNode;
  readonly chat: OpenRoom | null;
  /** Where Escape leads; null at the top of an area. */
  readonly back: string | null;
}

const sections: ReadonlySet<string> = new Set<SettingsSection>(["profile", "privacy", "security", "blocked", "appearance", "language"]);
const isSection = (word: string): word is SettingsSection => sections.has(word);

/** `area` is where the person was: a profile opens beside the list it was opened from. */
export function placeOf(path: string, search: URLSearchParams, area: Area): Place {
  const [first = "", second = "", third = ""] = path.split("/").filter(Boolean);
  switch (first) {
    case "":
    case "signin":
    case "signup":
    case "messages":
      return messages(null, null, null, second === "archived");
    case "chat":
      if (!second) return messages(null, null, null);
      if (third === "info") return { ...messages(second, `info ${second}`, <RoomInfoView roomId={roomId(second)} />), back: `/chat/${second}` };
      return { ...messages(second, `chat ${second}`, null), chat: { roomId: roomId(second), target: search.get("m") } };
    case "new":
      return newRoom(second === "group");
    case "friends":
      return friends(second, null, null);
    case "people":
      return person(second, area);
    case "settings":
      if (second && !isSection(second)) return nothing();
      return settings(isSection(second) ? second : null);
    default:
      return nothing();
  }
}

function messages(current: string | null, detailKey: string | null, detail: ReactNode, archived = false): Place {
  return { area: "messages", listKey: archived ? "archived" : "messages", list: <RoomsView archived={archived} current={current} />, detailKey, detail, chat: null, back: archived || detailKey ? "/messages" : null };
}

function newRoom(isGroup: boolean): Place {
  return { area: "messages", listKey: isGroup ? "new group" : "new", list: isGroup ? <NewGroupView /> : <NewChatView />, detailKey: null, detail: null, chat: null, back: isGroup ? "/new" : "/messages" };
}

function friends(word: string, current: string | null, detail: ReactNode): Place {
  const detailKey = current && `person ${current}`;
  if (word === "find") return { area: "find", listKey: "find", list: <FindView current={current} />, detailKey, detail, chat: null, back: current && "/friends/find" };
  if (word === "requests") return { area: "friends", listKey: "requests", list: <RequestsView current={current} />, detailKey, detail, chat: null, back: "/friends" };
  return { area: "friends", listKey: "friends", list: <FriendsView current={current} />, detailKey, detail, chat: null, back: current && "/friends" };
}

function person(id: string, area: Area): Place {
  if (!id) return nothing();
  const backTo = area === "find" ? "/friends/find" : area === "messages" ? "/messages" : "/friends";
  const detail = <ProfileView key={id} userId={userId(id)} backTo={backTo} />;
  if (area === "messages") return messages(null, `person ${id}`, detail);
  return friends(area === "find" ? "find" : "", id, detail);
}

function settings(section: SettingsSection | null): Place {
  return { area: "settings", listKey: "settings", list: <SettingsView current={section} />, detailKey: section && `settings ${section}`, detail: section && <SettingsDetail section={section} />, chat: null, back: section && "/settings" };
}

function nothing(): Place {
  return messages(null, "nothing", <NotFoundView />);
}
