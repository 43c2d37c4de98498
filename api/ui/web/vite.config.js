// Builds each page's script and the shared style sheet into ../dist, with names that carry a hash of the contents.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const WORDS = "src/words.json";
const LANGUAGES = ["en", "zh"]; // in the order of the texts in words.json

/**
 * Gives `words:en` and `words:zh`, each a module with one language's words, so that a page loads one and not both; and
 * puts all words beside the built files, for the server renders its part of a page with them.
 */
const words = {
  name: "words",
  resolveId(id) {
    return id.startsWith("words:") ? `\0${id}` : null;
  },
  load(id) {
    const place = LANGUAGES.indexOf(id.replace("\0words:", ""));
    if (place < 0) return null;
    this.addWatchFile(WORDS);
    const texts = Object.entries(JSON.parse(readFileSync(WORDS, "utf8")));
    return `export default ${JSON.stringify(Object.fromEntries(texts.map(([key, both]) => [key, both[place]])))}`;
  },
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "words.json", source: readFileSync(WORDS) });
  },
};

export default defineConfig({
  base: "/ui/",
  plugins: [words],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        early: "src/early.js",
        market: "src/market.js",
        lots: "src/lots.js",
        institution: "src/institution.js",
      },
    },
  },
});
