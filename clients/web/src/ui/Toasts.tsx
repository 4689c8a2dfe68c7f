/** Short notes at the edge of the screen; a screen reader hears them. */
import { Icon } from "./Icon.tsx";
import styles from "./Toasts.module.css";

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "error";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export function Toasts({ toasts, closeLabel, onClose }: { readonly toasts: readonly Toast[]; readonly closeLabel: string; readonly onClose: (id: number) => void }) {
  return (
    <div className={styles.stack} role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={styles.toast} data-kind={toast.kind}>
          {toast.kind === "error" && <Icon name="alert" size={18} />}
          <span>{toast.text}</span>
          {toast.action && <button type="button" className={styles.action} onClick={toast.action.run}>{toast.action.label}</button>}
          <button type="button" className={styles.close} aria-label={closeLabel} onClick={() => onClose(toast.id)}><Icon name="close" size={16} /></button>
        </div>
      ))}
    </div>
  );
}
