/** Build and development server. `KITH_URL` names the running Kith that development talks to. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { emojiData } from "./build/emojiData.ts";
import { precompress } from "./build/precompress.ts";
import { serviceWorker } from "./build/serviceWorker.ts";

const kith = process.env["KITH_URL"] ?? "http://127.0.0.1:8080";

// Preact speaks React's API at a quarter of its weight: the first load is 58 kB of script instead of 116. Types stay React's.
const preact = [
  { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
  { find: /^react-dom\/test-utils$/, replacement: "preact/test-utils" },
  { find: /^react-dom$/, replacement: "preact/compat" },
  { find: /^react\/jsx-(?:dev-)?runtime$/, replacement: "preact/jsx-runtime" },
  { find: /^react$/, replacement: "preact/compat" },
];

export default defineConfig({
  plugins: [react(), emojiData(), serviceWorker(), precompress()],
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
  server: { proxy: { "/api": { target: kith, ws: true }, "/.well-known": kith } },
  test: { environment: "jsdom", server: { deps: { inline: ["@testing-library/react", "virtua", "wouter"] } }, include: ["src/**/*.test.{ts,tsx}"], css: { modules: { classNameStrategy: "non-scoped" } } },
});
