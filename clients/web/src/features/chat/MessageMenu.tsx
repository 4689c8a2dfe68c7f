/** What can be done with a message: beside it on a wide screen, a sheet from below on a phone. */
import { useEffect } from "react";
import { createPortal } from "react-dom";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useFocusBack } from "../../ui/focus.ts";
import { MenuList, type MenuItem } from "../../ui/Menu.tsx";
import styles from "./MessageMenu.module.css";

export interface MessageMenuProps {
  readonly at: { readonly x: number; readonly y: number };
  readonly items: readonly MenuItem[];
  readonly onClose: () => void;
}

export function MessageMenu({ at, items, onClose }: MessageMenuProps) {
  const { t } = useI18n();
  useFocusBack();
  useEffect(() => {
    document.addEventListener("wheel", onClose, { once: true, passive: true });
    return () => document.removeEventListener("wheel", onClose);
  }, [onClose]);
  const isLate = at.y > window.innerHeight - 240;
  const isFar = at.x > window.innerWidth / 2;
  return createPortal(
    <div className={styles.floor}>
      <div className={styles.spot} data-late={isLate || undefined} data-far={isFar || undefined} style={{ left: at.x, top: at.y }}>
        <MenuList label={t("chat.actions")} items={items} onClose={onClose} />
      </div>
    </div>,
    document.body,
  );
}
