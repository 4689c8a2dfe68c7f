/**
 * The open conversation, and the last few before it: they stay in the document, unseen and standing still, so that
 * going back to one takes no time. One in which something waits to be read opens anew, at the line where it begins.
 */
import { lazy, Suspense, useRef } from "react";
import { useSession } from "../state/session.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { afterOpening, nothingKept, type OpenRoom } from "./keptRooms.ts";
import styles from "./Conversations.module.css";

const ChatView = lazy(() => import("../features/chat/ChatView.tsx").then((module) => ({ default: module.ChatView })));

export function Conversations({ open }: { readonly open: OpenRoom | null }) {
  const { rooms } = useSession();
  const kept = useRef(nothingKept);
  kept.current = afterOpening(kept.current, open, (roomId) => (rooms.byId(roomId).getSnapshot()?.unreadCount ?? 0) > 0);
  return kept.current.rooms.map(({ roomId, target, opening }) => {
    const isShown = roomId === open?.roomId;
    return (
      <div key={`${roomId} ${opening}`} className={styles.conversation} data-hidden={!isShown || undefined} inert={!isShown}>
        <ErrorBoundary><Suspense fallback={null}><ChatView roomId={roomId} target={target} isShown={isShown} /></Suspense></ErrorBoundary>
      </div>
    );
  });
}
