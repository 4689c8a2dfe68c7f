/** The entry: theme before the first paint, then the app. */
import "@fontsource-variable/figtree/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./routes/App.tsx";
import { applyTheme } from "./state/preferences.ts";
import { watchInstaller } from "./state/installer.ts";
import { loadServer } from "./state/server.ts";
import { newClient } from "./state/session.tsx";
import { startWorker } from "./state/worker.ts";

applyTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
watchInstaller();
void loadServer();
void startWorker();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App client={newClient()} />
    </StrictMode>,
  );
}
