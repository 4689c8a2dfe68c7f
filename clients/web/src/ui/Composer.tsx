/**
 * Where a message is written. Enter sends (Shift+Enter on a keyboard makes a line), unless an input method is composing.
 * `above` takes what is being answered, `tools` the buttons before the words; attachments and edits would come in there.
 */
import { useEffect, useImperativeHandle, useRef, type KeyboardEvent, type ReactNode, type Ref } from "react";
import { IconButton } from "./Button.tsx";
import { directionOf } from "./Field.tsx";
import styles from "./Composer.module.css";

export interface ComposerHandle {
  focus(): void;
  insert(text: string): void;
}

export interface ComposerProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onSend: () => void;
  readonly label: string;
  readonly sendLabel: string;
  readonly maxCharacters: number;
  readonly leftLabel: (left: number) => string;
  readonly onArrowUp?: () => void;
  readonly onEscape?: () => void;
  readonly above?: ReactNode;
  readonly tools?: ReactNode;
  readonly ref?: Ref<ComposerHandle>;
}

export function Composer({ value, onChange, onSend, label, sendLabel, maxCharacters, leftLabel, onArrowUp, onEscape, above, tools, ref }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(ref, () => ({
    focus: () => area.current?.focus(),
    insert: (text) => insertAt(area.current, text, onChange),
  }), [onChange]);
  useEffect(() => fit(area.current), [value]);
  const left = value.length > maxCharacters - 200 ? maxCharacters - [...value].length : null;
  const canSend = !isBlank(value) && (left === null || left >= 0);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (canSend) onSend();
    } else if (event.key === "ArrowUp" && value === "") {
      onArrowUp?.();
    } else if (event.key === "Escape" && onEscape) {
      onEscape();
    }
  };
  return (
    <form className={styles.composer} onSubmit={(event) => { event.preventDefault(); if (canSend) onSend(); }}>
      {above}
      <div className={styles.line}>
        <div className={styles.box}>
          {tools}
          <textarea ref={area} dir={directionOf(value)} rows={1} value={value} aria-label={label} placeholder={label} enterKeyHint="send" autoComplete="off" onChange={(event) => onChange(event.target.value)} onKeyDown={onKeyDown} />
          {left !== null && <span className={styles.left} data-over={left < 0 || undefined} role="status" aria-label={leftLabel(left)}>{left}</span>}
        </div>
        {/* Pressing it must not take the focus away, or a phone's keyboard would close after every message. */}
        <IconButton icon="send" label={sendLabel} look="solid" type="submit" disabled={!canSend} onMouseDown={(event) => event.preventDefault()} />
      </div>
    </form>
  );
}

/** Characters that nobody can see make no message; the server refuses them as well. */
function isBlank(text: string): boolean {
  return text.replaceAll(/[\s\u200b-\u200f\u2060-\u2064\ufeff]/g, "") === "";
}

function fit(area: HTMLTextAreaElement | null): void {
  if (!area) return;
  area.style.blockSize = "auto";
  area.style.blockSize = `${area.scrollHeight}px`;
}

function insertAt(area: HTMLTextAreaElement | null, text: string, onChange: (value: string) => void): void {
  if (!area) return;
  const { selectionStart: start, selectionEnd: end, value } = area;
  onChange(value.slice(0, start) + text + value.slice(end));
  requestAnimationFrame(() => area.setSelectionRange(start + text.length, start + text.length));
}
