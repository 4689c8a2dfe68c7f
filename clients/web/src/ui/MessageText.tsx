/** A message's words as elements, never as HTML: links, `code`, *bold* and mentions of known names. */
import { Fragment, useMemo, type ReactNode } from "react";
import { inlineParts, type InlinePart } from "./inlineParts.ts";
import styles from "./MessageText.module.css";

export interface MessageTextProps {
  readonly text: string;
  /** User names that were really mentioned; other words after an @ stay words. */
  readonly mentions?: ReadonlySet<string>;
}

export function MessageText({ text, mentions }: MessageTextProps) {
  const parts = useMemo(() => inlineParts(text, mentions), [text, mentions]);
  return <span className={styles.text}>{parts.map((part, index) => <Fragment key={index}>{element(part)}</Fragment>)}</span>;
}

function element(part: InlinePart): ReactNode {
  switch (part.kind) {
    case "text":
      return part.text;
    case "link":
      return <a href={part.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{part.text}</a>;
    case "code":
      return <code>{part.text}</code>;
    case "bold":
      return <strong>{part.text}</strong>;
    case "mention":
      return <span className={styles.mention}>{part.text}</span>;
  }
}
