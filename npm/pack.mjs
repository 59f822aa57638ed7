// Makes the npm packages: one of a few lines, and one with the binary for each platform, which the first one names as
// optional. npm installs the one that fits and skips the others.
//
//   node npm/pack.mjs OUT linux-x64=target/release/drip linux-arm64=…
//
// leaves their tarballs in OUT. It publishes nothing.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCOPE = '@drip-leaks';
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

const [out, ...platforms] = process.argv.slice(2);
if (out === undefined || platforms.length === 0 || platforms.some((word) => !/^linux-(x64|arm64)=./.test(word))) {
  console.error('usage: node npm/pack.mjs OUT linux-x64=FILE linux-arm64=FILE');
  process.exit(2);
}

const version = /^version = "(.+)"$/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];
const common = {
  version,
  description: 'Finds memory leaks and resource exhaustion in HTTP APIs, before production does.',
  license: 'Apache-2.0 OR MIT',
};

mkdirSync(out, { recursive: true });
const built = platforms.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
for (const [platform, binary] of built) {
  packed({ ...common, ...ofPlatform(platform) }, (folder) => {
    mkdirSync(join(folder, 'bin'));
    copyFileSync(binary, join(folder, 'bin/drip'));
    chmodSync(join(folder, 'bin/drip'), 0o755);
  });
}
packed({ ...common, ...ofAll(built.map(([platform]) => platform)) }, (folder) => {
  cpSync(join(here, 'cli'), folder, { recursive: true });
  chmodSync(join(folder, 'bin/drip.js'), 0o755);
});

function ofPlatform(platform) {
  const [os, cpu] = platform.split('-');
  return { name: `${SCOPE}/${platform}`, os: [os], cpu: [cpu], libc: ['glibc'], files: ['bin/drip'], preferUnplugged: true };
}

function ofAll(names) {
  return {
    name: `${SCOPE}/drip`,
    bin: { drip: 'bin/drip.js' },
    files: ['bin/drip.js'],
    engines: { node: '>=18' },
    optionalDependencies: Object.fromEntries(names.map((name) => [`${SCOPE}/${name}`, version])),
  };
}

// A package of its manifest, the licences and what `fill` puts into its folder.
function packed(manifest, fill) {
  const folder = mkdtempSync(join(tmpdir(), 'drip-npm-'));
  try {
    fill(folder);
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) copyFileSync(join(root, licence), join(folder, licence));
    execFileSync('npm', ['pack', '--silent', '--pack-destination', resolve(out)], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
