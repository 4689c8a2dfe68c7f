/** Catches what breaks while drawing, says so, and offers to load again. */
import { Component, type ReactNode } from "react";
import { useI18n } from "../i18n/useI18n.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly isBroken: boolean }> {
  override readonly state = { isBroken: false };

  static getDerivedStateFromError(): { readonly isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    return this.state.isBroken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { t } = useI18n();
  return <EmptyState icon="alert" title={t("app.broken")} action={<Button look="primary" icon="refresh" onClick={() => location.reload()}>{t("app.reload")}</Button>}>{t("app.brokenText")}</EmptyState>;
}
