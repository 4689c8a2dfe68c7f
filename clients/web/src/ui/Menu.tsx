/** A menu under a button: arrow keys move, Escape closes and gives the focus back. */
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { IconButton } from "./Button.tsx";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./Menu.module.css";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}

export function MenuButton({ label, icon = "more", items }: { readonly label: string; readonly icon?: IconName; readonly items: readonly MenuItem[] }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  if (items.length === 0) return null;
  const close = (refocus: boolean): void => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  return (
    <span className={styles.anchor}>
      <IconButton ref={button} icon={icon} label={label} aria-haspopup="menu" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={() => setOpen(!isOpen)} />
      {isOpen && <MenuList id={id} label={label} items={items} onClose={close} />}
    </span>
  );
}

export interface MenuListProps {
  readonly id?: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly onClose: (refocus: boolean) => void;
  readonly header?: ReactNode;
}

export function MenuList({ id, label, items, onClose, header }: MenuListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = list.current;
    element?.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
    keepInView(element);
    const outside = (event: PointerEvent): void => {
      if (!element?.parentElement?.contains(event.target as Node)) onClose(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
    // The menu lives for one opening; it listens once.
  }, []);
  return (
    <div ref={list} id={id} role="menu" aria-label={label} className={styles.menu} onKeyDown={(event) => moveFocus(event, list.current, onClose)}>
      {header}
      {items.map((item) => (
        <button key={item.id} type="button" role="menuitem" tabIndex={-1} data-danger={item.danger || undefined} onClick={() => { onClose(true); item.onSelect(); }}>
          <Icon name={item.icon} size={20} /> {item.label}
        </button>
      ))}
    </div>
  );
}

function keepInView(element: HTMLElement | null): void {
  const box = element?.getBoundingClientRect();
  if (element && box && box.bottom > window.innerHeight - 8) element.dataset["above"] = "";
}

function moveFocus(event: KeyboardEvent, list: HTMLElement | null, onClose: (refocus: boolean) => void): void {
  const items = [...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    event.stopPropagation();
    onClose(event.key === "Escape");
  } else if (to !== undefined) {
    event.preventDefault();
    items[to]?.focus();
  }
}
