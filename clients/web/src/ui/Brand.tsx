/** Kith's mark: two speech bubbles leaning on one another, and the name. */
import styles from "./Brand.module.css";

export function Mark({ size = 44 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 48 48" aria-hidden="true" className={styles.mark}>
      <rect width="48" height="48" rx="13" className={styles.ground} />
      <path className={styles.back} d="M21 11h7.5A8.5 8.5 0 0 1 37 19.5v1A8.5 8.5 0 0 1 28.5 29H21Z" />
      <path className={styles.front} d="M19.5 17H25a6 6 0 0 1 6 6v3a9 9 0 0 1-9 9h-9.4a.8.8 0 0 1-.6-1.3l1.6-1.9A9 9 0 0 1 11 26v-.5A8.5 8.5 0 0 1 19.5 17Z" />
    </svg>
  );
}

export function Wordmark() {
  return <span className={styles.word}><Mark size={40} /> Kith</span>;
}
