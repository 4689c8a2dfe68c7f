/** Grey shapes where content is about to be. */
import styles from "./Skeleton.module.css";

export function RowSkeletons({ count = 8, label }: { readonly count?: number; readonly label: string }) {
  return (
    <div className={styles.rows} role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={styles.row} data-step={index % 4}>
          <span className={styles.disc} />
          <span className={styles.lines}><i /><i /></span>
        </div>
      ))}
    </div>
  );
}

export function BubbleSkeletons({ label }: { readonly label: string }) {
  return (
    <div className={styles.bubbles} role="status" aria-label={label}>
      {Array.from({ length: 7 }, (_, index) => <i key={index} data-step={index % 4} data-mine={index % 3 === 2 || undefined} />)}
    </div>
  );
}
