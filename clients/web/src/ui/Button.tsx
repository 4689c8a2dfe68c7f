/** Buttons with words, and round buttons with an icon and a spoken name. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./Button.module.css";

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className">;

export interface ButtonProps extends Native {
  readonly look?: "primary" | "soft" | "plain" | "danger";
  readonly icon?: IconName;
  readonly wide?: boolean;
  readonly busy?: boolean;
  readonly children: ReactNode;
}

export function Button({ look = "soft", icon, wide = false, busy = false, children, type = "button", onClick, ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={styles.button} data-look={look} data-wide={wide || undefined} aria-busy={busy || undefined} onClick={busy ? (event) => event.preventDefault() : onClick}>
      {icon && <Icon name={icon} size={18} />}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps extends Native {
  readonly icon: IconName;
  readonly label: string;
  readonly look?: "plain" | "solid" | "soft";
  readonly ref?: Ref<HTMLButtonElement>;
  readonly children?: ReactNode;
}

export function IconButton({ icon, label, look = "plain", type = "button", children, ...rest }: IconButtonProps) {
  return (
    <button {...rest} type={type} className={styles.round} data-look={look} aria-label={label} title={label}>
      <Icon name={icon} />
      {children}
    </button>
  );
}
