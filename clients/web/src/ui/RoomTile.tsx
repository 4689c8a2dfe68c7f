/** One room in the list: who, what was last said, when, and what waits. */
import type { MouseEvent, ReactNode } from "react";
import { Avatar } from "./Avatar.tsx";
import { Badge } from "./Badge.tsx";
import { Icon } from "./Icon.tsx";
import styles from "./RoomTile.module.css";

export interface RoomTileProps {
  readonly href: string;
  readonly name: string;
  readonly avatar: { readonly id: string; readonly url: string | null; readonly kind: "person" | "group"; readonly presence?: "online" | "away" | "offline" | null };
  readonly preview: { readonly kind: "message" | "typing" | "draft" | "note"; readonly prefix?: string; readonly text: string };
  readonly time: string;
  readonly timeTitle: string;
  readonly unread: { readonly count: number; readonly label: string };
  readonly mention?: string | null;
  readonly muted?: string | null;
  readonly pinned?: string | null;
  readonly presenceLabel?: string | null;
  readonly isCurrent: boolean;
  readonly ticks?: ReactNode;
  readonly onOpen: (event: MouseEvent) => void;
}

export function RoomTile(props: RoomTileProps) {
  const { preview, unread } = props;
  return (
    <a className={styles.tile} href={props.href} aria-current={props.isCurrent ? "page" : undefined} data-unread={unread.count > 0 || undefined} onClick={props.onOpen}>
      <Avatar id={props.avatar.id} name={props.name} url={props.avatar.url} kind={props.avatar.kind} presence={props.avatar.presence ?? null} />
      <span className={styles.body}>
        <span className={styles.top}>
          <bdi className={styles.name}>{props.name}</bdi>
          {props.presenceLabel && <span className="visually-hidden">{props.presenceLabel}</span>}
          {props.muted && <span className={styles.mark} role="img" aria-label={props.muted} title={props.muted}><Icon name="mute" size={15} /></span>}
          <time className={styles.time} title={props.timeTitle}>{props.time}</time>
        </span>
        <span className={styles.bottom}>
          <span className={styles.preview} data-kind={preview.kind}>
            {props.ticks}
            {preview.prefix && <span className={styles.prefix}>{preview.prefix}</span>}
            <bdi className={styles.said}>{preview.text}</bdi>
          </span>
          {props.pinned && unread.count === 0 && <span className={styles.mark} role="img" aria-label={props.pinned} title={props.pinned}><Icon name="pin" size={15} /></span>}
          {props.mention && <span className={styles.at} role="img" aria-label={props.mention}>@</span>}
          <Badge count={unread.count} quiet={!!props.muted} label={unread.label} />
        </span>
      </span>
    </a>
  );
}
