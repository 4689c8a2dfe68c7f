/** What is there before anything is known. */
import { Mark } from "../ui/Brand.tsx";
import styles from "./Splash.module.css";

export function Splash() {
  return <div className={styles.splash} role="status"><Mark size={64} /></div>;
}
