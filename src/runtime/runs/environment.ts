import { posix, win32 } from 'node:path';

const everywhere = [
  'HOME',
  'USER',
  'LOGNAME',
  'PATH',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  // Proxies; `isInBase` ignores the case of these names, because programs read either.
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  // Certificate authorities.
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  // Where the agents' own programs keep their configuration.
  'CLAUDE_CONFIG_DIR',
  'CODEX_HOME',
  'CLAUDE_CODE_GIT_BASH_PATH',
  // Where the command line, called from within a run, finds the runtime.
  'REVEILLE_STATE_HOME',
];

/** Without these, ordinary programs of Windows do not start or do not find their folders. */
const onWindows = [
  'ALLUSERSPROFILE',
  'APPDATA',
  'COMMONPROGRAMFILES',
  'COMMONPROGRAMFILES(X86)',
  'COMMONPROGRAMW6432',
  'COMPUTERNAME',
  'COMSPEC',
  'DRIVERDATA',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'LOGONSERVER',
  'NUMBER_OF_PROCESSORS',
  'OS',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'PSMODULEPATH',
  'PUBLIC',
  'SESSIONNAME',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERDOMAIN',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
];

const anyCase = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']);
const prefixes = ['LC_', 'XDG_'];
const posixNames = new Set(everywhere);
const windowsNames = new Set([...everywhere, ...onWindows]);

/**
 * What every run inherits of the runtime's own environment: a stated list, so that nothing of the editor
 * (`VSCODE_*`, `ELECTRON_*`) and no secret of the user's shell reaches an agent unnamed.
 */
export function toBaseEnvironment(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const base: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && isInBase(platform, name)) base[name] = value;
  }
  return base;
}

/**
 * A PATH without entries that count from wherever a program works: an empty one, `.` and `node_modules/.bin` would let a folder say
 * which file a bare name stands for, and nobody has accepted that file.
 */
export function withoutRelativeEntries(platform: NodeJS.Platform, searchPath: string): string {
  const path = platform === 'win32' ? win32 : posix;
  return searchPath
    .split(path.delimiter)
    .filter((entry) => path.isAbsolute(entry.replaceAll('"', '')))
    .join(path.delimiter);
}

function isInBase(platform: NodeJS.Platform, name: string): boolean {
  const upper = name.toUpperCase();
  // Packages of the editor put copies aside, such as XDG_DATA_HOME_VSCODE_SNAP_ORIG.
  if (upper.includes('VSCODE')) return false;
  const isWindows = platform === 'win32';
  const key = isWindows || anyCase.has(upper) ? upper : name;
  return (isWindows ? windowsNames : posixNames).has(key) || prefixes.some((prefix) => key.startsWith(prefix));
}
