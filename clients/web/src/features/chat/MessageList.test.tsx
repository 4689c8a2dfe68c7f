// @vitest-environment jsdom
import { clientId, messageId, roomId, userId, type ChatMessage, type RoomMessages } from "@kith/client";
import { fireEvent, screen, within } from "@testing-library/dom";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { cleanup, render } from "../../ui/rendered.tsx";
import type { ChatViewModel } from "./chatViewModel.ts";
import { MessageList } from "./MessageList.tsx";
import { rowsOf } from "./rows.ts";
import type { MessageScroll } from "./useMessageScroll.ts";

const [me, ada] = [userId("me"), userId("ada")];
const noon = new Date(2026, 5, 1, 12).getTime();
const screenPx = 600;

beforeAll(() => {
  // jsdom lays nothing out: the list is told how tall it is, and each row counts as it was estimated.
  vi.stubGlobal("ResizeObserver", class {
    constructor(private readonly told: (entries: readonly object[]) => void) {}
    observe(target: HTMLElement): void {
      const isList = target.getAttribute("role") === "feed";
      const size = isList ? screenPx : 40;
      // As in a browser, not before the work under way is done.
      queueMicrotask(() => target.isConnected && this.told([{ target, contentRect: { width: 400, height: size } }]));
    }
    unobserve(): void {}
    disconnect(): void {}
  });
  Object.defineProperty(HTMLElement.prototype, "offsetParent", { get: () => document.body });
});

afterEach(cleanup);

const message = (seq: number, change: Partial<ChatMessage> = {}): ChatMessage => ({ id: messageId(`m${seq}`), roomId: roomId("r"), seq, senderId: ada, clientId: null, text: `text ${seq}`, mentions: [], replyTo: null, reactions: [], createdAt: noon + seq * 1000, editedAt: null, deletedAt: null, ...change });

const scroll: MessageScroll = { list: { current: null }, generation: 0, shift: false, isAtEnd: true, onScroll: () => undefined, onResize: () => undefined, onTakeHold: () => undefined, toEnd: () => undefined, toSeq: () => true };

async function list(messages: Partial<RoomMessages>, unreadAfter: number | null = null) {
  const all: RoomMessages = { items: [], notes: [], pending: [], hasOlder: false, hasNewer: false, load: { kind: "ready" }, isLoadingOlder: false, isLoadingNewer: false, ...messages };
  const person = (id: typeof me, displayName: string) => ({ user: { id, username: id, displayName, avatarUrl: null }, role: "member" as const, joinedAt: 0, lastReadSeq: 0 });
  const room = { id: roomId("r"), kind: "group", name: "Climbing", participantCount: 2, participants: [person(me, "Me"), person(ada, "Ada Asante")] } as unknown as ChatViewModel["room"];
  const model: ChatViewModel = { me, room, isGone: false, name: "Climbing", messages: all, rows: rowsOf(all, me, unreadAfter), rowsToCome: 0, progress: { readUpTo: 0, deliveredUpTo: 0 }, people: [], forgetUnread: () => undefined };
  const acts = { onMenu: vi.fn(), onOpenQuote: vi.fn(), onRetry: vi.fn(), onDiscard: vi.fn() };
  render(<MessageList model={model} scroll={scroll} highlightedSeq={null} {...acts} />);
  if (model.rows.length > 0) await screen.findAllByRole("article");
  return acts;
}

test("of ten thousand messages only those near the screen are in the document, and each knows its place", async () => {
  await list({ items: Array.from({ length: 10_000 }, (_, index) => message(index + 1)) });

  const shown = screen.getAllByRole("article");
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.length).toBeLessThan(60);
  expect(shown[0]?.getAttribute("aria-posinset")).toBe("1");
  expect(shown[0]?.getAttribute("aria-setsize")).toBe("10000");
});

test("others' messages carry their name once a run, mine never", async () => {
  await list({ items: [message(1), message(2), message(3, { senderId: me })] });

  expect(screen.getAllByText("Ada Asante")).toHaveLength(1);
  expect(screen.getAllByRole("article").map((article) => article.hasAttribute("data-mine"))).toEqual([false, false, true]);
});

test("joins and new names stand between the messages, in words", async () => {
  const who = { id: ada, username: "ada", displayName: "Ada Asante", avatarUrl: null };
  await list({ items: [message(2), message(4)], notes: [{ kind: "joined", seq: 3, at: noon, who }, { kind: "renamed", seq: 5, at: noon, byId: me, name: "Bouldering" }] });

  expect(screen.getByText(/Ada Asante joined/)).toBeTruthy();
  expect(screen.getByText(/You named the group “Bouldering”/)).toBeTruthy();
});

test("the unread line stands where reading ended", async () => {
  await list({ items: [message(1), message(2)] }, 1);

  const line = screen.getByText("New messages");
  expect(line.compareDocumentPosition(screen.getByText("text 1")) & Node.DOCUMENT_POSITION_PRECEDING).toBeTruthy();
  expect(line.compareDocumentPosition(screen.getByText("text 2")) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
});

test("a refused message says why, and can be sent again or deleted", async () => {
  const acts = await list({ pending: [{ clientId: clientId("c1"), roomId: roomId("r"), text: "hello?", replyTo: null, createdAt: noon, state: { kind: "failed", code: "not_allowed_by_privacy" } }] });

  const refused = screen.getByRole("article");
  expect(within(refused).getByText("hello?")).toBeTruthy();
  expect(within(refused).getByText("Not sent: Their privacy settings do not allow this.")).toBeTruthy();
  fireEvent.click(within(refused).getByRole("button", { name: "Send again" }));
  fireEvent.click(within(refused).getByRole("button", { name: "Delete" }));
  expect(acts.onRetry).toHaveBeenCalledOnce();
  expect(acts.onDiscard).toHaveBeenCalledOnce();
});

test("a deleted message is a tombstone without a menu", async () => {
  await list({ items: [message(1, { text: null, deletedAt: noon })] });

  const stone = screen.getByRole("article");
  expect(within(stone).getByText("This message was deleted")).toBeTruthy();
  expect(within(stone).queryByRole("button")).toBeNull();
});

test("while nothing is here yet, shapes stand for it", async () => {
  await list({ load: { kind: "loading" } });

  expect(screen.getByRole("status", { name: "Loading" })).toBeTruthy();
});
