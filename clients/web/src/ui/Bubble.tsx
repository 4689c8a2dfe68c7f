/**
 * One message. What it says about itself comes in words; what may be done with it, and whatever else belongs to it
 * (reactions, pictures), comes as slots, so that a new thing is put beside this file and not into it.
 */
import { useState, type ReactNode } from "react";
import { isJumbo } from "./inlineParts.ts";
import { MessageText } from "./MessageText.tsx";
import { hueOf } from "./hue.ts";
import styles from "./Bubble.module.css";

export interface BubbleProps {
  readonly text: string;
  readonly isMine: boolean;
  readonly time: string;
  readonly timeTitle: string;
  /** Shown above the words of others in groups, on the first of a run. */
  readonly author?: { readonly id: string; readonly name: string } | null;
  readonly place: "only" | "first" | "middle" | "last";
  readonly mentions?: ReadonlySet<string>;
  readonly edited?: string | null;
  readonly isDeleted?: boolean;
  readonly isFailed?: boolean;
  readonly moreLabel: string;
  readonly ticks?: ReactNode;
  readonly quote?: ReactNode;
  readonly media?: ReactNode;
  readonly below?: ReactNode;
}

/** Longer messages are folded; nobody scrolls past a wall of text by accident. */
const foldedAt = 1200;

export function Bubble(props: BubbleProps) {
  const [isOpen, setOpen] = useState(false);
  const isLong = props.text.length > foldedAt || props.text.split("\n", 26).length > 25;
  const jumbo = !props.isDeleted && !props.quote && !props.isFailed && isJumbo(props.text);
  return (
    <div className={styles.column} data-mine={props.isMine || undefined}>
      <div className={styles.bubble} data-mine={props.isMine || undefined} data-place={props.place} data-jumbo={jumbo || undefined} data-deleted={props.isDeleted || undefined} data-failed={props.isFailed || undefined}>
        {props.author && <bdi className={styles.author} data-hue={hueOf(props.author.id)}>{props.author.name}</bdi>}
        {props.quote}
        {props.media}
        <div className={styles.words} data-folded={(isLong && !isOpen) || undefined}>
          <MessageText text={props.text} mentions={props.mentions} />
          <span className={styles.meta}>
            {props.edited && <span>{props.edited}</span>}
            <time title={props.timeTitle}>{props.time}</time>
            {props.ticks}
          </span>
        </div>
        {isLong && !isOpen && <button type="button" className={styles.unfold} onClick={() => setOpen(true)}>{props.moreLabel}</button>}
      </div>
      {props.below}
    </div>
  );
}

export interface QuoteProps {
  readonly authorId: string;
  readonly author: string;
  readonly text: string;
  readonly label: string;
  readonly onOpen?: () => void;
}

/** What a message answers to. */
export function Quote({ authorId, author, text, label, onOpen }: QuoteProps) {
  return (
    <button type="button" className={styles.quote} data-hue={hueOf(authorId)} onClick={onOpen} aria-label={label}>
      <bdi className={styles.quoteAuthor}>{author}</bdi>
      <span className={styles.quoteText} dir="auto">{text}</span>
    </button>
  );
}
