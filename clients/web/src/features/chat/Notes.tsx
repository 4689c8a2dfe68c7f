/** Who came, who went, how the group is called now: quiet lines between the messages. */
import type { RoomNote, UserId } from "@kith/client";
import { clockTime, fullTime } from "../../i18n/times.ts";
import type { Translator } from "../../i18n/translator.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { QuietLine } from "../../ui/Separators.tsx";
import { personName } from "../rooms/roomNames.ts";

export interface NotesProps {
  readonly notes: readonly RoomNote[];
  /** Null for me. */
  readonly nameOf: (id: UserId) => string | null;
}

export function Notes({ notes, nameOf }: NotesProps) {
  const translator = useI18n();
  return notes.map((note) => <QuietLine key={note.seq} text={noteText(note, nameOf, translator)} time={clockTime(translator, note.at)} timeTitle={fullTime(translator, note.at)} />);
}

export function noteText(note: RoomNote, nameOf: NotesProps["nameOf"], translator: Translator): string {
  const { t } = translator;
  switch (note.kind) {
    case "created": {
      const name = note.by && nameOf(note.by.id);
      if (note.by && name === null) return t("note.createdYou");
      return t("note.created", { name: note.by ? personName(note.by, translator) : t("common.someone") });
    }
    case "joined":
      return nameOf(note.who.id) === null ? t("note.joinedYou") : t("note.joined", { name: personName(note.who, translator) });
    case "left":
      return t("note.left", { name: personName(note.who, translator) });
    case "renamed": {
      const name = nameOf(note.byId);
      return name === null ? t("note.renamedYou", { title: note.name }) : t("note.renamed", { name, title: note.name });
    }
    case "role":
      return nameOf(note.who.id) === null ? t(`note.${note.role}You`) : t(`note.${note.role}`, { name: personName(note.who, translator) });
  }
}
