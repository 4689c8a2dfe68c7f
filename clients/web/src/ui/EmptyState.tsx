/** What a screen says when it has nothing to show, and what to do about it. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./EmptyState.module.css";

export function EmptyState({ icon, title, children, action }: { readonly icon: IconName; readonly title: string; readonly children?: ReactNode; readonly action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <span className={styles.mark}><Icon name={icon} size={30} /></span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
