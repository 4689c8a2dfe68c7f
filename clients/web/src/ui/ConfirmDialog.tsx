/** Asks once more before something that cannot simply be undone. */
import type { ReactNode } from "react";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";

export interface ConfirmDialogProps {
  readonly title: string;
  readonly text: ReactNode;
  readonly confirm: string;
  readonly cancel: string;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function ConfirmDialog({ title, text, confirm, cancel, isBusy, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Dialog title={title} closeLabel={cancel} onClose={onClose} actions={<><Button look="plain" onClick={onClose}>{cancel}</Button><Button look="danger" busy={isBusy} onClick={onConfirm}>{confirm}</Button></>}>
      {text}
    </Dialog>
  );
}
