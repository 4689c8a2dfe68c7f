/** Signed in or not, and in which language. */
import { Suspense, useEffect } from "react";
import type { Client } from "@kith/client";
import { Redirect, Route, Switch } from "wouter";
import { SessionView } from "../features/session/SessionView.tsx";
import { I18nProvider, useI18n } from "../i18n/useI18n.tsx";
import { preferences } from "../state/preferences.ts";
import { ClientProvider, SessionProvider } from "../state/session.tsx";
import { useStore } from "../state/useStore.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Notices } from "./Notices.tsx";
import { Shell } from "./Shell.tsx";
import { Splash } from "./Splash.tsx";

export function App({ client }: { readonly client: Client }) {
  const { locale } = useStore(preferences);
  useEffect(() => {
    // Without a session, or without one that can be restored, the state says so.
    client.restore().catch(() => undefined);
  }, [client]);
  return (
    <I18nProvider locale={locale}>
      <ClientProvider client={client}>
        <ErrorBoundary>
          <Suspense fallback={<Splash />}><Entrance client={client} /></Suspense>
        </ErrorBoundary>
        <Notices />
      </ClientProvider>
    </I18nProvider>
  );
}

function Entrance({ client }: { readonly client: Client }) {
  const state = useStore(client.state);
  const { t } = useI18n();
  switch (state.kind) {
    case "unknown":
      return <Splash />;
    case "signed_in":
      return <SessionProvider key={state.session.id} session={state.session}><Shell /></SessionProvider>;
    case "signed_out": {
      const notice = state.reason === "session_ended" ? t("app.signedOut") : state.reason === "account_disabled" ? t("app.disabled") : null;
      // Any address stays as it is while signed out, so that signing in leads to where the link pointed.
      return (
        <Switch>
          <Route path="/signup"><SessionView key="up" mode="sign-up" notice={null} /></Route>
          <Route path="/"><Redirect to="/signin" replace /></Route>
          <Route><SessionView key="in" mode="sign-in" notice={notice} /></Route>
        </Switch>
      );
    }
  }
}
