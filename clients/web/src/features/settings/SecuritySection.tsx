/** Where I am signed in, my password, and the end of the account. */
import { useEffect, useState } from "react";
import type { Device } from "@kith/client";
import { relativeTime } from "../../i18n/times.ts";
import { useI18n } from "../../i18n/useI18n.tsx";
import { errorText } from "../../state/errors.ts";
import { useSession } from "../../state/session.tsx";
import { toast } from "../../state/toasts.ts";
import { useAction } from "../../state/useAction.ts";
import { useNow } from "../../state/useNow.ts";
import { useStore } from "../../state/useStore.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { RowSkeletons } from "../../ui/Skeleton.tsx";
import { DeleteAccountDialog, PasswordForm } from "./AccountForms.tsx";
import { Card, SectionPage } from "./SectionPage.tsx";
import styles from "./SecuritySection.module.css";

export function SecuritySection() {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const devices = useStore(account.devices);
  const [isDeleting, setDeleting] = useState(false);
  useEffect(() => {
    account.loadDevices().catch(() => undefined);
  }, [account]);
  const [here, others] = [devices.items.filter((device) => device.isCurrent), devices.items.filter((device) => !device.isCurrent)];
  return (
    <SectionPage title={t("settings.security")}>
      <Card title={t("settings.devices")}>
        {devices.items.length === 0 && (devices.load.kind === "failed" ? <EmptyState icon="offline" title={errorText(translator, devices.load.error)} /> : <RowSkeletons count={2} label={t("app.loading")} />)}
        {here.map((device) => <DeviceRow key={device.id} device={device} />)}
        {others.length > 0 && <OtherDevices />}
        {others.map((device) => <DeviceRow key={device.id} device={device} />)}
      </Card>
      <Card title={t("settings.password")}><PasswordForm /></Card>
      <Card title={t("settings.deleteAccount")}>
        <div className={styles.end}><p>{t("settings.deleteText")}</p><Button look="danger" icon="trash" onClick={() => setDeleting(true)}>{t("settings.deleteAccount")}</Button></div>
      </Card>
      {isDeleting && <DeleteAccountDialog onClose={() => setDeleting(false)} />}
    </SectionPage>
  );
}

function OtherDevices() {
  const { t } = useI18n();
  const { account } = useSession();
  const action = useAction();
  const [isAsking, setAsking] = useState(false);
  const revoke = async (): Promise<void> => {
    const isDone = await action.run(() => account.revokeOtherDevices());
    setAsking(false);
    if (isDone) toast("info", t("settings.othersRevoked"));
  };
  return (
    <div className={styles.others}>
      <Button look="danger" icon="leave" onClick={() => setAsking(true)}>{t("settings.revokeOthers")}</Button>
      {isAsking && <ConfirmDialog title={t("settings.revokeOthersAsk")} text={t("settings.revokeOthersText")} confirm={t("settings.revoke")} cancel={t("common.cancel")} isBusy={action.isRunning} onConfirm={() => void revoke()} onClose={() => setAsking(false)} />}
    </div>
  );
}

function DeviceRow({ device }: { readonly device: Device }) {
  const translator = useI18n();
  const { t } = translator;
  const { account } = useSession();
  const action = useAction();
  const now = useNow();
  const name = device.deviceName ?? t("settings.unnamedDevice");
  const revoke = async (): Promise<void> => {
    if (await action.run(() => account.revokeDevice(device.id))) toast("info", t("settings.revoked"));
  };
  return (
    <div className={styles.device}>
      <span className={styles.icon}><Icon name="device" size={20} /></span>
      <span className={styles.words}><bdi>{name}</bdi><small>{device.isCurrent ? t("settings.thisDevice") : t("settings.lastUsed", { time: relativeTime(translator, device.lastUsedAt, now) })}</small></span>
      {!device.isCurrent && <Button aria-label={`${t("settings.revoke")}: ${name}`} busy={action.isRunning} onClick={() => void revoke()}>{t("settings.revoke")}</Button>}
    </div>
  );
}
