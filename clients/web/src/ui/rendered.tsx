/** Draws a component for a test, with the same library that the browser gets. */
import type { ReactNode } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";

const ends: (() => void)[] = [];

export function render(node: ReactNode): { readonly container: HTMLElement } {
  const container = document.body.appendChild(document.createElement("div"));
  const root = createRoot(container);
  flushSync(() => root.render(node));
  ends.push(() => {
    root.unmount();
    container.remove();
  });
  return { container };
}

export function cleanup(): void {
  for (const end of ends.splice(0)) end();
}
