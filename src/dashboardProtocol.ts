/**
 * The contract between the dashboard's panel and its page. The panel sends complete states; the page sends
 * `ready` and commands. Texts arrive in the display language; both sides parse what they receive.
 */
import * as z from 'zod/mini';

// The page's content security policy forbids compiling code from text, and zod would try it.
if ('document' in globalThis) z.config({ jitless: true });

const tone = z.enum(['neutral', 'active', 'good', 'bad', 'warning']);
/** How a state is coloured; the same state always stands in words too. */
export type Tone = z.infer<typeof tone>;

const agentCard = z.object({
  folder: z.string(),
  folderName: z.string(),
  key: z.string(),
  role: z.string(),
  status: z.string(),
  tone,
  detail: z.string(),
  nextHeartbeatAt: z.nullable(z.number()),
  schedule: z.string(),
  lastRunAt: z.nullable(z.number()),
  lastRun: z.string(),
  /** What it did on the day from `from` to `to`, epoch ms; null if nothing. */
  today: z.nullable(z.object({ from: z.number(), to: z.number(), text: z.string() })),
  canWake: z.boolean(),
  canPause: z.boolean(),
  canResume: z.boolean(),
  mustReview: z.boolean(),
});
export type AgentCard = z.infer<typeof agentCard>;

const runRow = z.object({
  folder: z.string(),
  folderName: z.string(),
  id: z.string(),
  number: z.number(),
  agent: z.string(),
  reason: z.string(),
  status: z.string(),
  tone,
  queuedAt: z.number(),
  startedAt: z.nullable(z.number()),
  finishedAt: z.nullable(z.number()),
  exit: z.string(),
  /** '' if it is not known. */
  cost: z.string(),
  /** What it used, and on what its cost rests. */
  usage: z.string(),
  message: z.string(),
  canCancel: z.boolean(),
});
export type RunRow = z.infer<typeof runRow>;

const issueRow = z.object({
  folder: z.string(),
  folderName: z.string(),
  id: z.string(),
  title: z.string(),
  status: z.string(),
  tone,
  assignee: z.string(),
  priority: z.string(),
  updatedAt: z.number(),
});
export type IssueRow = z.infer<typeof issueRow>;

const dashboardState = z.object({
  title: z.string(),
  connection: z.object({ text: z.string(), tone, canRetry: z.boolean() }),
  /** What stands in the way when there is nothing to show. */
  situation: z.enum(['noFolder', 'unused', 'connecting', 'failed', 'missing', 'invalid', 'ready']),
  /** What all agents did on the day from `from` to `to`, epoch ms; null if nothing. */
  today: z.nullable(z.object({ from: z.number(), to: z.number(), text: z.string() })),
  isTrusted: z.boolean(),
  isStopped: z.boolean(),
  canStop: z.boolean(),
  showFolders: z.boolean(),
  pending: z.array(z.object({ folder: z.string(), agent: z.string(), summary: z.string() })),
  agents: z.array(agentCard),
  active: z.array(runRow),
  recent: z.array(runRow),
  issues: z.array(issueRow),
});
export type DashboardState = z.infer<typeof dashboardState>;

/** Panel → page. */
export const toPage = z.object({ kind: z.literal('state'), state: dashboardState });

const subject = z.object({
  folder: z.string(),
  agent: z.optional(z.string()),
  runId: z.optional(z.string()),
  issueId: z.optional(z.string()),
});

/** What a button of the page may ask for; the panel maps each to one command. */
export const pageActions = [
  'wake',
  'pause',
  'resume',
  'transcript',
  'review',
  'cancel',
  'log',
  'openIssue',
  'assignIssue',
  'newIssue',
  'stop',
  'release',
  'retry',
  'createConfiguration',
  'openConfiguration',
  'manageTrust',
] as const;
export type PageAction = (typeof pageActions)[number];

/** Page → panel. */
export const toPanel = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('command'), action: z.enum(pageActions), subject: z.optional(subject) }),
]);
export type ToPanel = z.infer<typeof toPanel>;
export type PageSubject = z.infer<typeof subject>;
