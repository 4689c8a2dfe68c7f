/** Gives the focus back to what had it before something opened over it. */
import { useLayoutEffect, useState } from "react";

/** Call it in what opens; what takes the focus on purpose while it closes keeps it. */
export function useFocusBack(): void {
  // While drawing for the first time, before anything in here can have taken the focus.
  const [opener] = useState(() => document.activeElement);
  useLayoutEffect(() => () => {
    // Closed and gone a moment from now: only then is it known whether somebody else has the focus.
    queueMicrotask(() => {
      const holder = document.activeElement;
      if (opener instanceof HTMLElement && opener.isConnected && (!holder || holder === document.body)) opener.focus({ preventScroll: true });
    });
  }, [opener]);
}
