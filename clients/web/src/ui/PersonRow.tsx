/** One person in a list: picture, name, a line about them, and what can be done. */
import type { MouseEvent, ReactNode } from "react";
import { Avatar } from "./Avatar.tsx";
import styles from "./PersonRow.module.css";

export interface PersonRowProps {
  readonly person: { readonly id: string; readonly displayName: string; readonly username: string; readonly avatarUrl: string | null };
  readonly detail?: ReactNode;
  readonly mark?: ReactNode;
  readonly presence?: "online" | "away" | "offline" | null;
  readonly href?: string;
  readonly onOpen?: (event: MouseEvent) => void;
  readonly isCurrent?: boolean;
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

export function PersonRow({ person, detail, mark, presence = null, href, onOpen, isCurrent = false, actions, children }: PersonRowProps) {
  const inner = (
    <>
      <Avatar id={person.id} name={person.displayName} url={person.avatarUrl} presence={presence} />
      <span className={styles.words}>
        <span className={styles.name}><bdi>{person.displayName}</bdi>{mark}</span>
        <span className={styles.detail}>{detail ?? (person.username && <bdi>@{person.username}</bdi>)}</span>
      </span>
    </>
  );
  return (
    <div className={styles.row} data-current={isCurrent || undefined}>
      <div className={styles.line}>
        {href ? <a className={styles.person} href={href} aria-current={isCurrent ? "page" : undefined} onClick={onOpen}>{inner}</a> : <span className={styles.person}>{inner}</span>}
        {actions && <span className={styles.actions}>{actions}</span>}
      </div>
      {children}
    </div>
  );
}
