// Two pages: the web client, and GraphiQL. Everything they need is built into graphql_api/web/.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const OUTPUT = "../graphql_api/web";
const SMALLEST = 1024; // bytes; below, compression saves nothing worth a file
const COMPRESSIBLE = /\.(js|css|html|svg)$/;

// The server sends a file's .br or .gz in its place to who takes that.
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(OUTPUT, { recursive: true, encoding: "utf8" })) {
        const path = join(OUTPUT, name);
        if (!COMPRESSIBLE.test(name) || statSync(path).size < SMALLEST) continue;
        const content = readFileSync(path);
        const isLarge = content.length > 200_000; // of GraphiQL: the best level takes seconds
        const quality = isLarge ? 5 : constants.BROTLI_MAX_QUALITY;
        const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: isLarge ? 6 : 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [precompressed()],
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy takes no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000, // kB; GraphiQL's editor
    rollupOptions: {
      input: ["index.html", "graphiql.html"],
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning); // of GraphiQL's libraries
      },
    },
  },
});
