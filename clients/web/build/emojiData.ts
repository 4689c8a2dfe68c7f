/** Emoji names and keywords from the package to this origin, so that the picker asks nobody else. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);
/** The package knows no Arabic; English stands in. */
const names = ["en/data", "en/messages", "de/data", "de/messages"];
const files = names.map((name) => ({ path: `emoji/${name}.json`, source: require.resolve(`emojibase-data/${name}.json`) }));

export function emojiData(): Plugin {
  return {
    name: "kith-emoji-data",
    async generateBundle() {
      for (const { path, source } of files) this.emitFile({ type: "asset", fileName: path, source: await readFile(source) });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const file = files.find(({ path }) => request.url === `/${path}`);
        if (!file) return next();
        void readFile(file.source).then((data) => response.setHeader("content-type", "application/json").end(data), next);
      });
    },
  };
}
