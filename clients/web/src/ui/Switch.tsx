/** An on-off setting with its label and explanation. */
import { useId } from "react";
import styles from "./Switch.module.css";

export function Switch({ label, hint, checked, onChange, disabled = false }: { readonly label: string; readonly hint?: string; readonly checked: boolean; readonly onChange: (checked: boolean) => void; readonly disabled?: boolean }) {
  const id = useId();
  return (
    <label className={styles.row}>
      <span className={styles.words}>
        <span>{label}</span>
        {hint && <small id={id}>{hint}</small>}
      </span>
      <input type="checkbox" role="switch" checked={checked} disabled={disabled} aria-describedby={hint ? id : undefined} onChange={(event) => onChange(event.target.checked)} />
    </label>
  );
}
