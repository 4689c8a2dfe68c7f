/** The typeface is fetched along with the script, so that the first screen is laid out once and not in another one before. */
import type { Plugin } from "vite";

const typeface = /figtree-latin-wght-normal-.*\.woff2$/;

export function preloadFont(): Plugin {
  return {
    name: "kith-preload-font",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (_html, { bundle = {} }) =>
        Object.keys(bundle)
          .filter((name) => typeface.test(name))
          .map((name) => ({ tag: "link", injectTo: "head", attrs: { rel: "preload", as: "font", type: "font/woff2", href: `/${name}`, crossorigin: true } })),
    },
  };
}
