/** A quiet heading inside a pane. */
import type { ReactNode } from "react";
import styles from "./SectionHeading.module.css";

export function SectionHeading({ children }: { readonly children: ReactNode }) {
  return <h2 className={styles.heading}>{children}</h2>;
}
