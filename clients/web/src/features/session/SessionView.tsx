/** The entrance: sign in, or create an account. */
import { useState } from "react";
import { useI18n } from "../../i18n/useI18n.tsx";
import { server } from "../../state/server.ts";
import { useOpen } from "../../state/useOpen.ts";
import { useStore } from "../../state/useStore.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Wordmark } from "../../ui/Brand.tsx";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { useSessionViewModel, type SessionMode, type SessionViewModel } from "./sessionViewModel.ts";
import styles from "./SessionView.module.css";

export function SessionView({ mode, notice }: { readonly mode: SessionMode; readonly notice: string | null }) {
  const { t } = useI18n();
  const model = useSessionViewModel(mode);
  const open = useOpen();
  const isNew = mode === "sign-up";
  const other = isNew ? "/signin" : "/signup";
  return (
    <main className={styles.page}>
      <Promises />
      <div className={styles.side}>
        <div className={styles.card}>
          <div className={styles.brand}><Wordmark /></div>
          <h1>{t(isNew ? "session.join" : "session.welcome")}</h1>
          <p className={styles.lead}>{t(isNew ? "session.joinText" : "session.welcomeText")}</p>
          {notice && <p className={styles.notice} role="status">{notice}</p>}
          <SessionForm mode={mode} model={model} />
          <p className={styles.other}>
            {t(isNew ? "session.haveAccount" : "session.noAccount")}{" "}
            <a href={other} onClick={open(other)}>{t(isNew ? "session.signIn" : "session.signUp")}</a>
          </p>
          {!isNew && <DemoPeople model={model} />}
        </div>
      </div>
    </main>
  );
}

function SessionForm({ mode, model }: { readonly mode: SessionMode; readonly model: SessionViewModel }) {
  const { t } = useI18n();
  const [isShown, setShown] = useState(false);
  const isNew = mode === "sign-up";
  const { fields, change, errorOf } = model;
  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void model.submit(); }}>
      {isNew && <TextField label={t("session.displayName")} hint={t("session.displayNameHint")} error={errorOf("display_name")} name="name" autoComplete="name" maxLength={64} value={fields.displayName} onChange={(event) => change({ displayName: event.target.value })} />}
      <TextField label={t("session.username")} hint={isNew ? t("session.usernameHint") : undefined} error={errorOf("username")} name="username" autoComplete="username" autoCapitalize="none" autoCorrect="off" spellCheck={false} required value={fields.username} onChange={(event) => change({ username: event.target.value })} />
      <TextField label={t("session.password")} hint={isNew ? t("session.passwordHint") : undefined} error={errorOf("password")} name="password" type={isShown ? "text" : "password"} autoComplete={isNew ? "new-password" : "current-password"} required value={fields.password} onChange={(event) => change({ password: event.target.value })}
        trailing={<button type="button" className={styles.show} aria-pressed={isShown} onClick={() => setShown(!isShown)}>{t(isShown ? "session.hide" : "session.show")}</button>} />
      {model.error && <p className={styles.error} role="alert"><Icon name="alert" size={18} /> {model.error}</p>}
      <Button look="primary" type="submit" wide busy={model.isBusy}>{t(isNew ? "session.signUp" : "session.signIn")}</Button>
    </form>
  );
}

/** The other half of a wide screen: what Kith promises. */
function Promises() {
  const { t } = useI18n();
  return (
    <aside className={styles.promise}>
      <div>
        <p className={styles.tagline}>{t("session.tagline")}</p>
        <ul>
          {(["session.point1", "session.point2", "session.point3"] as const).map((key) => <li key={key}><Icon name="check" size={20} /> {t(key)}</li>)}
        </ul>
      </div>
    </aside>
  );
}

function DemoPeople({ model }: { readonly model: SessionViewModel }) {
  const { t } = useI18n();
  const { demo } = useStore(server);
  if (!demo) return null;
  return (
    <section className={styles.demo} aria-label={t("session.demo")}>
      <p>{t("session.demo")}</p>
      <div>
        {demo.usernames.slice(0, 6).map((name) => (
          <button key={name} type="button" disabled={model.isBusy} onClick={() => void model.signInAs(name, demo.password)}>
            <Avatar id={name} name={name} size="xs" /> {name}
          </button>
        ))}
      </div>
    </section>
  );
}
