/** Browser journeys: Debian's Chromium, at phone and desktop size, against a real Kith. */
import { defineConfig, devices } from "@playwright/test";

const phone = { ...devices["Pixel 7"], defaultBrowserType: undefined };

export default defineConfig({
  testDir: "tests",
  testMatch: process.env["FIGURES"] ? "figures.ts" : "*.spec.ts",
  outputDir: "../../target/journeys",
  timeout: 120_000,
  expect: { timeout: 30_000 },
  // Each worker has its own Kith with its own Postgres; two of them fill two cores.
  workers: 2,
  fullyParallel: false,
  // No second try: what would pass only then is a fault to be found.
  retries: 0,
  reporter: "list",
  use: {
    locale: "en-GB",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    },
  },
  projects: [
    { name: "phone", use: phone },
    { name: "wide", use: { viewport: { width: 1280, height: 800 } }, testIgnore: /errors\.spec\.ts$/ },
  ],
});
