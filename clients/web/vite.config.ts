/** Build and development server. `KITH_URL` names the running Kith that development talks to. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { emojiData } from "./build/emojiData.ts";
import { preloadFont } from "./build/preloadFont.ts";
import { precompress } from "./build/precompress.ts";
import { serviceWorker } from "./build/serviceWorker.ts";

const kith = process.env["KITH_URL"] ?? "http://127.0.0.1:8080";

const proxy = { "/api": { target: kith, ws: true }, "/.well-known": kith };
// The gateway's own words (gateway/src/web.rs), so that a preview is as strict.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// Preact speaks React's API at a quarter of its weight: the first load is 58 kB of script instead of 116. Types stay React's.
const preact = [
  { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
  { find: /^react-dom\/test-utils$/, replacement: "preact/test-utils" },
  { find: /^react-dom$/, replacement: "preact/compat" },
  { find: /^react\/jsx-(?:dev-)?runtime$/, replacement: "preact/jsx-runtime" },
  { find: /^react$/, replacement: "preact/compat" },
];

export default defineConfig({
  plugins: [react(), emojiData(), preloadFont(), serviceWorker(), precompress()],
  resolve: { alias: preact, conditions: ["kith-source", "module", "browser", "development|production"] },
  build: {
    target: "es2023",
    // An inlined asset would need `data:` in font-src, which the policy does not give.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  server: { proxy },
  preview: { proxy, headers: { "content-security-policy": policy } },
  ssr: { resolve: { conditions: ["kith-source", "module", "node", "development|production"] } },
  // Inlined, so that they get the same Preact as the components. A machine that builds meanwhile is slow.
  test: { testTimeout: 20_000, server: { deps: { inline: ["virtua"] } }, include: ["src/**/*.test.{ts,tsx}"], css: { modules: { classNameStrategy: "non-scoped" } } },
});
