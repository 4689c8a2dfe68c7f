/** The thin things between messages: a new day, where the unread begins, who is typing. */
import styles from "./Separators.module.css";

export function DaySeparator({ label }: { readonly label: string }) {
  return <div className={styles.day}><span>{label}</span></div>;
}

/** What happened besides what was said. */
export function QuietLine({ text, time, timeTitle }: { readonly text: string; readonly time: string; readonly timeTitle: string }) {
  return <p className={styles.quiet}>{text} <time title={timeTitle}>{time}</time></p>;
}

export function UnreadLine({ label }: { readonly label: string }) {
  return <div className={styles.unread}><span>{label}</span></div>;
}

export function TypingLine({ text }: { readonly text: string | null }) {
  return (
    <div className={styles.typing} data-shown={text ? "" : undefined}>
      {text && <><span className={styles.dots} aria-hidden="true"><i /><i /><i /></span><span className={styles.typingText}>{text}</span></>}
    </div>
  );
}
