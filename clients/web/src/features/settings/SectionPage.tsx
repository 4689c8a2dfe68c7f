/** The frame of one page of settings. */
import type { ReactNode } from "react";
import { useI18n } from "../../i18n/useI18n.tsx";
import { useOpen } from "../../state/useOpen.ts";
import { Pane } from "../../ui/Pane.tsx";
import styles from "./SectionPage.module.css";

export function SectionPage({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const { t } = useI18n();
  const open = useOpen();
  return (
    <Pane title={title} label={title} back={{ href: "/settings", label: t("common.back"), onBack: open("/settings") }}>
      <div className={styles.page}>{children}</div>
    </Pane>
  );
}

export function Card({ title, children }: { readonly title?: string; readonly children: ReactNode }) {
  return (
    <section className={styles.section}>
      {title && <h2>{title}</h2>}
      <div className={styles.card}>{children}</div>
    </section>
  );
}

export interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly name: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly lang?: string }[];
  readonly onChange: (value: Value) => void;
  /** One under another, where the page already says what it is about. */
  readonly list?: boolean;
}

/** A few words of which one holds. */
export function Choice<Value extends string>({ label, name, value, options, onChange, list = false }: ChoiceProps<Value>) {
  return (
    <fieldset className={list ? styles.list : styles.choice} aria-label={list ? label : undefined}>
      {!list && <legend>{label}</legend>}
      <div>
        {options.map((option) => (
          <label key={option.value} lang={option.lang}>
            <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
