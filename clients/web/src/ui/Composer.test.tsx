// @vitest-environment jsdom
import { fireEvent, screen } from "@testing-library/dom";
import { afterEach, expect, test, vi } from "vitest";
import { Composer } from "./Composer.tsx";
import { cleanup, render } from "./rendered.tsx";

afterEach(cleanup);

function setUp(value: string) {
  const onSend = vi.fn();
  render(<Composer value={value} onChange={() => undefined} onSend={onSend} label="Message" sendLabel="Send" maxCharacters={4000} leftLabel={(left) => `${left} left`} />);
  return { onSend, field: screen.getByRole("textbox"), button: screen.getByRole("button", { name: "Send" }) as HTMLButtonElement };
}

test("enter sends", () => {
  const { onSend, field } = setUp("hello");
  fireEvent.keyDown(field, { key: "Enter" });

  expect(onSend).toHaveBeenCalledOnce();
});

test("shift and enter makes a line", () => {
  const { onSend, field } = setUp("hello");
  fireEvent.keyDown(field, { key: "Enter", shiftKey: true });

  expect(onSend).not.toHaveBeenCalled();
});

test("enter that ends an input method's word does not send", () => {
  const { onSend, field } = setUp("こんにち");
  fireEvent.keyDown(field, { key: "Enter", isComposing: true });

  expect(onSend).not.toHaveBeenCalled();
});

test("blank text cannot be sent, however it is blank", () => {
  expect([setUp("  \n").button.disabled]).toEqual([true]);
  cleanup();
  expect(setUp("\u200b\u200d\u2060").button.disabled).toBe(true);
});

test("the limit counts characters, not code units", () => {
  expect(setUp("😀".repeat(4000)).button.disabled).toBe(false);
  cleanup();
  expect(setUp("😀".repeat(4001)).button.disabled).toBe(true);
});
