/** Tells the service worker which files to keep: all that the build made, but what is fetched only when wanted. */
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const onDemand = /EmojiPicker|^emoji\/|latin-ext|cyrillic|vietnamese|italic|german|arabic|\.map$|^sw\.js$/;

export function serviceWorker(): Plugin {
  return {
    name: "kith-service-worker",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const files = Object.keys(bundle).filter((name) => !onDemand.test(name) && name !== "index.html").map((name) => `/${name}`);
      const hash = createHash("sha256");
      for (const item of Object.values(bundle)) if (item !== worker) hash.update(item.fileName).update(item.type === "chunk" ? item.code : item.source);
      const precache = { version: hash.digest("hex").slice(0, 12), files: ["/", "/manifest.webmanifest", "/favicon.svg", ...files] };
      worker.code = worker.code.replaceAll("__PRECACHE__", JSON.stringify(precache));
    },
  };
}
