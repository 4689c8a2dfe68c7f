/** How many: unread messages, waiting requests. */
import styles from "./Badge.module.css";

export function Badge({ count, quiet = false, label }: { readonly count: number; readonly quiet?: boolean; readonly label: string }) {
  if (count <= 0) return null;
  return (
    <span className={styles.badge} data-quiet={quiet || undefined}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
