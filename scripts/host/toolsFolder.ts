import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../testing/command.ts';

/** The pinned tools: package.json and package-lock.json of what is installed into `.vscode-test/`. */
export const toolsManifest = path.join(import.meta.dirname, 'tools');

const { dependencies } = JSON.parse(readFileSync(path.join(toolsManifest, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** Another version of a tool lives in another folder, so that an old install is never half reused. */
export const toolsFolder = path.join(
  root,
  '.vscode-test',
  `host-${dependencies['code-server'] ?? ''}-${dependencies['@sparticuz/chromium'] ?? ''}`,
);

/** The part of code-server that is VS Code itself, without code-server's own front. */
export const serverFolder = (tools: string) => path.join(tools, 'node_modules/code-server/lib/vscode');
export const serverEntry = (tools: string) => path.join(serverFolder(tools), 'out/server-main.js');
export const chromiumFolder = (tools: string) => path.join(tools, 'chromium');
export const chromiumPackage = (tools: string) => path.join(tools, 'node_modules/@sparticuz/chromium/build/index.js');
