/** Emoji, from this server and nowhere else; fetched when first wanted. */
import { useEffect, useRef } from "react";
import { EmojiPicker as Picker } from "frimousse";
import { useI18n } from "../../i18n/useI18n.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import styles from "./EmojiPicker.module.css";

export function EmojiPicker({ onPick, onClose }: { readonly onPick: (emoji: string) => void; readonly onClose: () => void }) {
  const { t, locale } = useI18n();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      const target = event.target as Element;
      if (!panel.current?.contains(target) && !target.closest("[aria-expanded]")) onClose();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [onClose]);
  useEffect(() => {
    // Where there is no mouse, the search field's focus would bring a keyboard up over the emoji.
    const first = matchMedia("(hover: hover)").matches ? panel.current?.querySelector("input") : panel.current;
    first?.focus();
  }, []);
  return (
    <div ref={panel} className={styles.panel} role="dialog" aria-label={t("chat.emoji")} tabIndex={-1} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
      <Picker.Root className={styles.root} locale={locale === "de" ? "de" : "en"} emojibaseUrl="/emoji" onEmojiSelect={({ emoji }) => onPick(emoji)}>
        <Picker.Search className={styles.search} aria-label={t("chat.emojiSearch")} placeholder={t("chat.emojiSearch")} />
        <Picker.Viewport className={styles.viewport}>
          <Picker.Loading><RowSkeletons count={3} label={t("app.loading")} /></Picker.Loading>
          <Picker.Empty className={styles.none}>{t("chat.emojiNone")}</Picker.Empty>
          <Picker.List className={styles.list} components={{
            CategoryHeader: ({ category, ...props }) => <div {...props} className={styles.category}>{category.label}</div>,
            Row: ({ children, ...props }) => <div {...props} aria-rowindex={oneBased(props["aria-rowindex"])} className={styles.row}>{children}</div>,
            Emoji: ({ emoji, ...props }) => <button type="button" {...props} aria-colindex={oneBased(props["aria-colindex"])} className={styles.emoji} data-active={emoji.isActive || undefined}>{emoji.emoji}</button>,
          }} />
        </Picker.Viewport>
      </Picker.Root>
    </div>
  );
}

/** The picker counts from 0, ARIA from 1. */
const oneBased = (index: number | undefined): number => (index ?? 0) + 1;
