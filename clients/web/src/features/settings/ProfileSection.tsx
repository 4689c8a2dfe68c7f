/** My own profile. */
import { useState } from "react";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText, fieldText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import { useAction } from "../../state/useAction.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { TextArea, TextField } from "../../ui/Field.tsx";
import { SectionPage } from "./SectionPage.tsx";
import styles from "./SectionPage.module.css";

export function ProfileSection() {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const me = useStore(account.me);
  const [displayName, setDisplayName] = useState(me.displayName);
  const [bio, setBio] = useState(me.bio ?? "");
  const [interests, setInterests] = useState(me.interests.join(", "));
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction();
  const save = async (): Promise<void> => {
    setFailure(null);
    const words = interests.split(",").map((word) => word.trim()).filter(Boolean);
    if (await action.run(() => account.updateProfile({ displayName: displayName.trim(), bio: bio.trim() || null, interests: words }), setFailure)) toast("info", t("common.saved"));
  };
  const errors = { name: fieldText(translator, failure, "display_name"), bio: fieldText(translator, failure, "bio"), interests: fieldText(translator, failure, "interests") };
  const other = failure !== null && !errors.name && !errors.bio && !errors.interests ? errorText(translator, failure) : undefined;
  return (
    <SectionPage title={t("settings.profile")}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <TextField label={t("settings.displayName")} hint={t("settings.username", { name: me.username })} error={errors.name ?? other} autoComplete="name" maxLength={64} value={displayName} onChange={(event) => setDisplayName(event.target.value)} />
        <TextArea label={t("settings.bio")} hint={t("settings.bioHint")} error={errors.bio} maxLength={500} value={bio} onChange={(event) => setBio(event.target.value)} />
        <TextField label={t("settings.interests")} hint={t("settings.interestsHint")} error={errors.interests} value={interests} onChange={(event) => setInterests(event.target.value)} />
        <div className={styles.formEnd}><Button look="primary" type="submit" busy={action.isRunning}>{t("common.save")}</Button></div>
      </form>
    </SectionPage>
  );
}
