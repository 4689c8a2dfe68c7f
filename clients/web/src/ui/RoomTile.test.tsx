// @vitest-environment jsdom
import { screen } from "@testing-library/dom";
import { afterEach, expect, test } from "vitest";
import { RoomTile, type RoomTileProps } from "./RoomTile.tsx";
import { cleanup, render } from "./rendered.tsx";

afterEach(cleanup);

const tile = (change: Partial<RoomTileProps> = {}) => (
  <RoomTile href="/chat/1" name="Sunday run" avatar={{ id: "1", url: null, kind: "group" }} preview={{ kind: "message", prefix: "Ada:", text: "See you" }} time="10:32" timeTitle="today" unread={{ count: 0, label: "" }} isCurrent={false} onOpen={() => undefined} {...change} />
);

test("one link says who, what, when and how much waits", () => {
  render(tile({ unread: { count: 3, label: "3 unread messages" }, muted: "Muted" }));

  const name = screen.getByRole("link").textContent;
  for (const word of ["Sunday run", "Ada:", "See you", "10:32", "3 unread messages"]) expect(name).toContain(word);
  expect(screen.getByRole("img", { name: "Muted" })).toBeTruthy();
});

test("a hundred or more is 99+", () => {
  render(tile({ unread: { count: 1000, label: "many" } }));

  expect(screen.getByText("99+")).toBeTruthy();
});

test("the pin gives way to what is unread", () => {
  render(tile({ pinned: "Pinned", unread: { count: 1, label: "1 unread" } }));

  expect(screen.queryByRole("img", { name: "Pinned" })).toBeNull();
});
