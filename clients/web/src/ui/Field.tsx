/** A labelled text field that says what is wrong with it where it is wrong. */
import { useId, type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes } from "react";
import { Icon } from "./Icon.tsx";
import styles from "./Field.module.css";

/** Words stand as they are written; an empty field, with its placeholder, as the page does. */
export const directionOf = (value: unknown): "auto" | undefined => (value === "" || value === undefined ? undefined : "auto");

interface Common {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

export function TextField({ label, hint, error, trailing, ...rest }: Common & { readonly trailing?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, "className">) {
  const id = useId();
  return (
    <div className={styles.field} data-bad={error ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.box}>
        <input dir={directionOf(rest.value)} {...rest} id={id} aria-invalid={error ? true : undefined} aria-describedby={error || hint ? `${id}-note` : undefined} />
        {trailing}
      </div>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

export function TextArea({ label, hint, error, ...rest }: Common & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "className">) {
  const id = useId();
  return (
    <div className={styles.field} data-bad={error ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.box}>
        <textarea dir={directionOf(rest.value)} rows={3} {...rest} id={id} aria-invalid={error ? true : undefined} aria-describedby={error || hint ? `${id}-note` : undefined} />
      </div>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

function Note({ id, hint, error }: { readonly id: string; readonly hint: string | undefined; readonly error: string | undefined }) {
  if (error) {
    return (
      <div id={id}>
        <p className={styles.error} role="alert">
          <Icon name="alert" size={15} /> {error}
        </p>
        {hint && <p className={styles.hint}>{hint}</p>}
      </div>
    );
  }
  return hint ? <p id={id} className={styles.hint}>{hint}</p> : null;
}

export interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly clearLabel: string;
  readonly autoFocus?: boolean;
}

export function SearchField({ label, value, onChange, clearLabel, autoFocus = false }: SearchFieldProps) {
  return (
    <div className={styles.search} role="search">
      <Icon name="search" size={18} />
      <input type="text" inputMode="search" enterKeyHint="search" dir={directionOf(value)} autoComplete="off" spellCheck={false} aria-label={label} placeholder={label} value={value} autoFocus={autoFocus}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !value) return;
          event.stopPropagation();
          onChange("");
        }} />
      {value && (
        <button type="button" className={styles.clear} aria-label={clearLabel} onClick={() => onChange("")}>
          <Icon name="close" size={16} />
        </button>
      )}
    </div>
  );
}
