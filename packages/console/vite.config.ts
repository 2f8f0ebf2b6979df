import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const PACKAGES = join(import.meta.dirname, '..');
const INSTALLED = join(import.meta.dirname, '..', '..', 'node_modules');
/** Of this page's dependencies those that are part of it; the others only build it. */
const OF_PAGE = ['@tanstack/react-virtual', 'lucide-react', 'react', 'react-dom', 'uplot'];

export default defineConfig({
  plugins: [react()],
  define: { __LICENCES__: JSON.stringify(licences()) },
  build: {
    target: 'es2022',
    // colours are written with light-dark(); these are the first that know it
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // every asset is a file: the content security policy allows no inline script, style or font
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
});

/** The dependencies of every package, by name, with version and licence as installed. */
function licences(): { name: string; version: string; licence: string }[] {
  const names = new Set(OF_PAGE);
  for (const folder of readdirSync(PACKAGES)) {
    const { dependencies = {} } = readPackage(join(PACKAGES, folder));
    for (const name of Object.keys(dependencies)) if (!name.startsWith('@skerry/')) names.add(name);
  }
  return [...names].sort().flatMap((name) => {
    const { version, license } = readPackage(join(INSTALLED, name));
    return version === undefined ? [] : [{ name, version, licence: license ?? '' }];
  });
}

interface PackageFile {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readPackage(folder: string): PackageFile {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}; // not installed on this machine
    throw error;
  }
}
