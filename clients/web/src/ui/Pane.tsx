/** A pane: a heading with what belongs to it, and content that scrolls under it. */
import type { ReactNode } from "react";
import { Icon } from "./Icon.tsx";
import styles from "./Pane.module.css";

export interface PaneProps {
  readonly title: ReactNode;
  readonly label: string;
  readonly back?: { readonly href: string; readonly label: string; readonly onBack: (event: React.MouseEvent) => void; readonly always?: boolean } | null;
  readonly actions?: ReactNode;
  readonly below?: ReactNode;
  readonly children: ReactNode;
  readonly fixed?: boolean;
}

export function Pane({ title, label, back = null, actions, below, children, fixed = false }: PaneProps) {
  return (
    <section className={styles.pane} aria-label={label}>
      <header className={styles.head}>
        {back && <a className={styles.back} data-always={back.always || undefined} href={back.href} aria-label={back.label} onClick={back.onBack}><Icon name="back" /></a>}
        <div className={styles.title}>{typeof title === "string" ? <h1>{title}</h1> : title}</div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {below && <div className={styles.below}>{below}</div>}
      <div className={fixed ? styles.fixed : styles.scroll}>{children}</div>
    </section>
  );
}
