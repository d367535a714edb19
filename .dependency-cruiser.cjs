/**
 * Who may import whom (docs: ARCHITECTURE.md, "Boundaries"). Each entry of `boundaries` is a whitelist: the files that
 * match `from` may import what `mayImport` matches, and nothing else. test/contracts/boundaries.test.ts breaks every rule once.
 *
 * An npm package is matched by `pkg(name)`: a pattern like ^vscode$ would never match, because the module resolves
 * to …/@types/vscode/index.d.ts.
 */
const pkg = (name) => `(^|/)node_modules/(@types/)?${name}(/|$)|(^|/)${name}$`;
const vscode = '(^|/)vscode($|/)';

const leaves =
  '^src/runtime/(model|activityModel|definition|errors|events|lifecycle|clock|log|processIdentity|quietHours|insight|runs/(setback|environment))\\.ts$';
const protocol = '^src/protocol(Entities|Check|Sessions|Simulation)?\\.ts$';
const dashboardProtocol = '^src/dashboardProtocol\\.ts$';
const format = '^src/format\\.ts$';
const auditText = '^src/auditText\\.ts$';
const stateText = '^src/(state|why|simulation|heartbeat|cost|doctor)Text\\.ts$';
const transcript = '^src/(transcript(Text|Output|Marks)|terminalText)\\.ts$';
const transcriptReaders = '^src/transcriptReaders\\.ts$';
const connection = '^src/connection/';
const endpoint = '^src/endpoint/';
const editor = '^src/(extension|commands|settings)\\.ts$|^src/views/';
const store = '^src/runtime/store/';
/** Files directly in src/runtime that are not leaves: they compose the runtime. */
const composition =
  '^src/runtime/(?!model|definition|errors|events|lifecycle|clock|log\\.ts|processIdentity|quietHours|insight)[^/]+\\.ts$';
const webviewUi = '^webview-ui/';
const styles = '\\.css$';

const libraries = {
  governance: ['^src/runtime/adapters/events\\.ts$', pkg('@pydantic/genai-prices')],
  scheduler: [pkg('croner')],
  wakeups: [pkg('ulid'), '^src/runtime/governance/'],
};

/** `node: true` also allows Node's own modules. */
const boundaries = [
  {
    name: 'leaves',
    why: 'Leaves know only leaves; move what needs more out of the leaf.',
    from: leaves,
    mayImport: [leaves],
    node: true,
  },
  {
    name: 'editor',
    why: 'The editor side is thin: it speaks to runtimes through src/connection and src/protocol.ts.',
    from: editor,
    mayImport: [
      editor,
      vscode,
      connection,
      protocol,
      dashboardProtocol,
      format,
      auditText,
      stateText,
      transcript,
      transcriptReaders,
      leaves,
      '^src/runtime/config/schema\\.ts$',
    ],
    node: true,
  },
  {
    name: 'connection',
    why: 'src/connection runs in the extension host and in the CLI alike: no vscode, no views, nothing of the runtime but leaves.',
    from: connection,
    mayImport: [connection, endpoint, protocol, leaves, pkg('vscode-jsonrpc')],
    node: true,
  },
  {
    name: 'cli',
    why: 'The CLI is a client like a window.',
    from: '^src/cli(State|Issues|Secrets|Log|Output|Doctor|Sessions|Usage)?\\.ts$',
    mayImport: [
      '^src/cli(State|Issues|Secrets|Log|Output|Doctor|Sessions|Usage)\\.ts$',
      connection,
      endpoint,
      protocol,
      format,
      auditText,
      stateText,
      transcript,
      transcriptReaders,
      leaves,
    ],
    node: true,
  },
  {
    name: 'endpoint',
    why: 'src/endpoint is shared by runtime and clients, so it rests on leaves and Node alone.',
    from: endpoint,
    mayImport: [endpoint, leaves],
    node: true,
  },
  {
    name: 'protocol',
    why: 'The contract is types and zod.',
    from: protocol,
    mayImport: [protocol, leaves, pkg('zod')],
  },
  {
    name: 'dashboard-protocol',
    why: 'The contract of the dashboard is bundled into the webview: types and zod only.',
    from: dashboardProtocol,
    mayImport: [leaves, protocol, pkg('zod')],
  },
  {
    name: 'format',
    why: 'format.ts is pure and shared with the webview; it imports nothing.',
    from: format,
    mayImport: ['^$'],
  },
  {
    name: 'audit-text',
    why: 'auditText.ts is pure and shared by editor and CLI.',
    from: auditText,
    mayImport: [leaves, format],
  },
  {
    name: 'state-text',
    why: 'These are pure and shared by editor and CLI: they word what is known of states, wakes and schedules.',
    from: stateText,
    mayImport: [stateText, leaves, format, protocol, connection, '^src/terminalText\\.ts$'],
  },
  {
    name: 'transcript-text',
    why: 'These are pure and shared by editor and CLI: they make what a program told readable.',
    from: transcript,
    mayImport: [transcript, format, '^src/runtime/adapters/events\\.ts$'],
  },
  {
    name: 'transcript-readers',
    why: 'Editor and CLI read logs with the readers of adapters, and know nothing else of adapters: no plans.',
    from: transcriptReaders,
    mayImport: [
      leaves,
      transcript,
      '^src/runtime/adapters/(events|jsonLines|(claude|codex|http)\\w*(Reader|Events))\\.ts$',
    ],
  },
  {
    name: 'webview',
    why: 'The dashboard knows its protocol, format and itself; the host is its only source.',
    from: webviewUi,
    mayImport: [webviewUi, dashboardProtocol, format, styles, pkg('@vscode/webview-ui-toolkit')],
  },
  {
    name: 'runtime-composition',
    why: 'Files directly in src/runtime compose the runtime; they know nothing of editor, connection or CLI.',
    from: composition,
    mayImport: ['^src/runtime/', endpoint, protocol, pkg('vscode-jsonrpc')],
    node: true,
  },
  {
    name: 'requests',
    why: 'Requests answer clients: they ask what the runtime hands them, and know neither adapters nor timers.',
    from: '^src/runtime/requests/',
    mayImport: [
      '^src/runtime/(requests|stateFiles|wakeups|config|runs|governance)/',
      store,
      leaves,
      protocol,
      composition,
    ],
    node: true,
  },
  {
    name: 'state-files',
    why: 'Files that leave the store or enter it: they know the store and the contract, and start nothing.',
    from: '^src/runtime/stateFiles/',
    mayImport: ['^src/runtime/stateFiles/', store, leaves, protocol],
    node: true,
  },
  {
    name: 'store',
    why: 'The store knows leaves and sql.js.',
    from: store,
    mayImport: [store, leaves, '^src/runtime/runs/setback\\.ts$', pkg('sql\\.js'), pkg('ulid')],
    node: true,
    except: '^src/runtime/store/owner\\.ts$',
  },
  {
    name: 'store-owner',
    why: 'The owner record is the one place where the store meets the endpoint.',
    from: '^src/runtime/store/owner\\.ts$',
    mayImport: [store, leaves, endpoint],
    node: true,
  },
  {
    name: 'prompts',
    why: 'Prompts are pure text: leaves, and the template library.',
    from: '^src/runtime/prompts/',
    mayImport: ['^src/runtime/prompts/', leaves, pkg('liquidjs')],
    node: true,
  },
  {
    name: 'adapters',
    why: 'Adapters are pure: leaves, and zod to check what programs say.',
    from: '^src/runtime/adapters/',
    mayImport: ['^src/runtime/adapters/', leaves, pkg('zod')],
    node: true,
  },
  {
    name: 'config',
    why: 'Configuration knows leaves, zod and yaml (croner to check a cron expression, prompts to check templates).',
    from: '^src/runtime/config/',
    mayImport: ['^src/runtime/config/', '^src/runtime/prompts/', leaves, pkg('zod'), pkg('yaml'), pkg('croner')],
    node: true,
    except: '^src/runtime/config/consentStore\\.ts$',
  },
  {
    name: 'config-consent-store',
    why: 'What the user accepted lies in the per-user registry, which src/endpoint knows.',
    from: '^src/runtime/config/consentStore\\.ts$',
    mayImport: ['^src/runtime/config/', leaves, endpoint, pkg('zod')],
    node: true,
  },
  ...['governance', 'scheduler', 'wakeups'].map((folder) => ({
    name: folder,
    why: `src/runtime/${folder} decides; it knows leaves and the store, and starts nothing itself.`,
    from: `^src/runtime/${folder}/`,
    mayImport: [`^src/runtime/${folder}/`, leaves, store, ...(libraries[folder] ?? [])],
    node: true,
  })),
  {
    name: 'retention',
    why: 'Retention decides what may go; it knows the store and the audit log, and is handed the files of logs.',
    from: '^src/runtime/retention/',
    mayImport: ['^src/runtime/(retention|governance)/', leaves, store],
    node: true,
  },
  {
    name: 'runs',
    why: 'Runs are told what to execute; they do not know scheduler, wakeups or gateway.',
    from: '^src/runtime/runs/',
    mayImport: ['^src/runtime/(runs|adapters|governance|prompts)/', store, leaves, pkg('execa')],
    node: true,
  },
  {
    name: 'gateway',
    why: 'The gateway acts on leaves, store and governance; it does not know runs or the scheduler.',
    from: '^src/runtime/gateway/',
    mayImport: ['^src/runtime/(gateway|governance)/', store, leaves],
    node: true,
  },
  {
    name: 'scripts',
    why: 'Scripts drive what was built; they import no source of the product and no test.',
    from: '^scripts/',
    mayImport: ['^scripts/', '(^|/)node_modules/'],
    node: true,
  },
];

const whitelist = ({ name, why, from, mayImport, node, except }) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: from, ...(except ? { pathNot: except } : {}) },
  to: { pathNot: mayImport, ...(node ? { dependencyTypesNot: ['core'] } : {}) },
});

const onlyIn = (name, why, owner, target) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: '^(src|webview-ui)/', pathNot: owner },
  to: { path: target },
});

const forbidden = [
  ...boundaries.map(whitelist),
  onlyIn('one-owner-sql', 'One file imports sql.js.', '^src/runtime/store/database\\.ts$', pkg('sql\\.js')),
  onlyIn('one-owner-execa', 'One file imports execa.', '^src/runtime/runs/directStarter\\.ts$', pkg('execa')),
  onlyIn(
    'one-owner-liquid',
    'One file imports the template library.',
    '^src/runtime/prompts/promptTemplate\\.ts$',
    pkg('liquidjs'),
  ),
  onlyIn(
    'one-owner-toolkit',
    'One file imports the toolkit.',
    '^webview-ui/controls\\.ts$',
    pkg('@vscode/webview-ui-toolkit'),
  ),
  onlyIn(
    'endpoint-users',
    'Only those who find or prove a runtime import src/endpoint.',
    '^src/(endpoint/|connection/|cli\\.ts$|runtime/(main|runtime|ownedStore|handlers|server|stopControl|machineSlots|stateTransfer|stateOrigin)\\.ts$|runtime/store/owner\\.ts$|runtime/config/consentStore\\.ts$)',
    endpoint,
  ),
  onlyIn(
    'entry-points',
    'Entry points compose; nobody imports them.',
    '^$',
    '^src/(extension|cli|runtime/main|runtime/runs/spawner/spawnerProgram)\\.ts$',
  ),
  {
    name: 'editor-starts-nothing',
    comment: 'The extension spawns no process and opens no socket; src/connection does.',
    severity: 'error',
    from: { path: editor },
    to: { path: '^(node:)?(child_process|net|http|https|worker_threads|cluster)$' },
  },
  {
    name: 'no-tests-imported',
    comment: 'Nobody imports tests or benchmarks.',
    severity: 'error',
    from: { pathNot: '^(test|bench)/' },
    to: { path: '^(test|bench)/' },
  },
  { name: 'no-cycles', comment: 'Types count too.', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'no-orphans',
    comment: 'A file that nobody imports is dead, unless it is an entry point.',
    severity: 'error',
    from: {
      orphan: true,
      path: '^(src|webview-ui)/',
      pathNot: '\\.d\\.ts$|^src/(extension|cli|runtime/main)\\.ts$|^webview-ui/dashboard\\.ts$',
    },
    to: {},
  },
  {
    name: 'resolvable',
    comment: 'An import that resolves to nothing.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
];

module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(dist|out|\\.vscode-test)/|^test/fixtures/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    combinedDependencies: true,
  },
};
