/** Says that the device is offline, or why the connection stays closed; silent while all is well or only just breaking. */
import { useEffect, useState, useSyncExternalStore } from "react";
import type { ConnectionState } from "@kith/client";
import type { MessageKey } from "../i18n/catalogue.ts";
import { useI18n } from "../i18n/useI18n.tsx";
import { useSession } from "../state/session.tsx";
import { useStore } from "../state/useStore.ts";
import { Icon } from "../ui/Icon.tsx";
import styles from "./ConnectionBar.module.css";

/** A reconnect that is quicker than this is nobody's business. */
const patienceMs = 2500;

export function ConnectionBar() {
  const { t } = useI18n();
  const state = useStore(useSession().connection);
  const isOnline = useSyncExternalStore(onNetwork, () => navigator.onLine);
  const isUp = isOnline && (state.kind === "live" || state.kind === "resuming");
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (isUp) return;
    const timer = setTimeout(() => setLate(true), navigator.onLine ? patienceMs : 0);
    return () => clearTimeout(timer);
  }, [isUp]);
  const key = isLate ? wordsFor(state, isOnline) : null;
  return (
    <div role="status" className={styles.bar} data-shown={key ? "" : undefined}>
      {key && <p><Icon name={key === "app.connecting" ? "refresh" : "offline"} size={16} /> {t(key)}</p>}
    </div>
  );
}

function onNetwork(listener: () => void): () => void {
  for (const change of ["online", "offline"]) window.addEventListener(change, listener);
  return () => {
    for (const change of ["online", "offline"]) window.removeEventListener(change, listener);
  };
}

function wordsFor(state: ConnectionState, isOnline: boolean): MessageKey | null {
  // A socket outlives its network for a while.
  if (!isOnline && state.kind !== "stopped") return "app.offline";
  if (state.kind === "live" || state.kind === "resuming") return null;
  if (state.kind !== "stopped") return state.kind === "backing_off" ? "app.offline" : "app.connecting";
  if (state.reason === "too_many_devices") return "app.tooManyDevices";
  return state.reason === "protocol" ? "app.outdated" : null;
}
