/** A person's or a group's round picture: their image, or their initials on a colour that is always theirs. */
import { hueOf, initialsOf } from "./hue.ts";
import { Icon } from "./Icon.tsx";
import styles from "./Avatar.module.css";

export type AvatarSize = "xs" | "sm" | "md" | "lg" | "xl";

export interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly url?: string | null;
  readonly size?: AvatarSize;
  readonly kind?: "person" | "group";
  readonly presence?: "online" | "away" | "offline" | null;
}

export function Avatar({ id, name, url = null, size = "md", kind = "person", presence = null }: AvatarProps) {
  const dot = presence === "online" || presence === "away" ? presence : null;
  return (
    <span className={styles.avatar} data-size={size} data-hue={hueOf(id)} data-dot={dot} aria-hidden="true">
      <span className={styles.disc}>
        {url ? <img src={url} alt="" loading="lazy" decoding="async" /> : kind === "group" && !name ? <Icon name="group" /> : initialsOf(name)}
      </span>
      {dot && <span className={styles.dot} data-status={dot} />}
    </span>
  );
}
