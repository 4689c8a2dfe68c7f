/** How far one of my messages has got. */
import { Icon } from "./Icon.tsx";
import styles from "./Ticks.module.css";

export type TickState = "queued" | "sending" | "failed" | "sent" | "delivered" | "read";

export function Ticks({ state, label }: { readonly state: TickState; readonly label: string }) {
  return (
    <span className={styles.ticks} data-state={state} role="img" aria-label={label} title={label}>
      {state === "queued" || state === "sending" ? <Icon name="clock" size={13} /> : state === "failed" ? <Icon name="alert" size={14} /> : (
        <svg width={state === "sent" ? 12 : 17} height="11" viewBox={state === "sent" ? "0 0 12 11" : "0 0 17 11"} aria-hidden="true">
          <path d="M1 6l3.2 3.5L10.5 1.5" />
          {state !== "sent" && <path d="M6.7 8.200l1.5 1.300L15.5 1.5" />}
        </svg>
      )}
    </span>
  );
}
