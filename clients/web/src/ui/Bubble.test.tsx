// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from "@testing-library/dom";
import { afterEach, expect, test } from "vitest";
import { Bubble } from "./Bubble.tsx";
import { cleanup, render } from "./rendered.tsx";
import { inlineParts, isJumbo } from "./inlineParts.ts";

afterEach(cleanup);

const bubble = (text: string) => <Bubble text={text} isMine={false} time="10:32" timeTitle="today" place="only" moreLabel="Read more" />;

test("html in a message stays text", () => {
  const { container } = render(bubble('<img src=x onerror="alert(1)"><script>alert(1)</script>'));

  expect(container.querySelector("img, script")).toBeNull();
  expect(screen.getByText(/<img src=x/)).toBeTruthy();
});

test("an address becomes a link that tells the other side nothing", () => {
  render(bubble("see https://example.com/a_(b). ok"));

  const link = screen.getByRole("link");
  expect(link.getAttribute("href")).toBe("https://example.com/a_(b)");
  expect(link.getAttribute("rel")).toContain("noopener");
});

test("only http addresses become links", () => {
  const kinds = ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"].flatMap((text) => inlineParts(text).map((part) => part.kind));

  expect(kinds).toEqual(["text", "text", "text"]);
});

test("a long message is folded until it is asked for", async () => {
  render(bubble("word ".repeat(400)));
  fireEvent.click(screen.getByRole("button", { name: "Read more" }));

  await waitFor(() => expect(screen.queryByRole("button")).toBeNull());
});

test("a few emoji alone are large, words and crowds of emoji are not", () => {
  expect([isJumbo("🎉"), isJumbo("👩‍👩‍👧 👍"), isJumbo("ok 👍"), isJumbo("😀".repeat(4000)), isJumbo("42")]).toEqual([true, true, false, false, false]);
});

test("a name that was mentioned stands out, other words after an @ do not", () => {
  const parts = inlineParts("@ada and @nobody", new Set(["ada"]));

  expect(parts).toEqual([{ kind: "mention", text: "@ada" }, { kind: "text", text: " and @nobody" }]);
});

test("bold and code are marked, arithmetic is not", () => {
  expect(inlineParts("*yes* `x*y` 2*3*4").map((part) => part.kind)).toEqual(["bold", "text", "code", "text"]);
});
