import { roomId } from "@kith/client";
import { expect, test } from "vitest";
import { afterOpening, nothingKept, type KeptRooms } from "./keptRooms.ts";

const quiet = (): boolean => false;
const open = (kept: KeptRooms, id: string, isNews = quiet, target: string | null = null): KeptRooms => afterOpening(kept, { roomId: roomId(id), target }, isNews);
const names = (kept: KeptRooms): readonly string[] => kept.rooms.map((room) => room.roomId);
const openingOf = (kept: KeptRooms, id: string): number | undefined => kept.rooms.find((room) => room.roomId === id)?.opening;

test("a room that is left stays as it was, in its place", () => {
  const both = open(open(nothingKept, "a"), "b");
  const back = open(both, "a");
  expect(names(back)).toEqual(["a", "b"]);
  expect(openingOf(back, "a")).toBe(openingOf(both, "a"));
});

test("a room with something to read opens anew, but not while it is shown", () => {
  const first = open(nothingKept, "a");
  expect(openingOf(open(first, "a", () => true), "a")).toBe(openingOf(first, "a"));
  const away = open(first, "b");
  expect(openingOf(open(away, "a", () => true), "a")).not.toBe(openingOf(first, "a"));
});

test("the list in between counts as leaving", () => {
  const first = open(nothingKept, "a");
  const list = afterOpening(first, null, quiet);
  expect(names(list)).toEqual(["a"]);
  expect(openingOf(open(list, "a", () => true), "a")).not.toBe(openingOf(first, "a"));
});

test("a link into a kept room leads on within it", () => {
  const first = open(nothingKept, "a");
  const linked = open(open(first, "b"), "a", () => true, "17");
  expect(linked.rooms[0]).toEqual({ roomId: "a", target: "17", opening: openingOf(first, "a") });
});

test("the least recent makes room", () => {
  const five = ["a", "b", "c", "d", "e", "a"].reduce((kept, id) => open(kept, id), nothingKept);
  expect(names(open(five, "f"))).toEqual(["a", "c", "d", "e", "f"]);
});
