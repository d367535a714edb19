import type { SavedSession } from '../store/sessionTable.ts';

const longestWords = 1500;
const hourMs = 3_600_000;

/**
 * What the next conversation is told of one that is given up: which one it was, its runs and its age, why, and what its last runs
 * said at their ends (newest first, at most 1 500 characters). Those are an agent's own words, told to the same agent.
 */
export function composeHandover(given: {
  readonly session: Pick<SavedSession, 'sessionId' | 'runs' | 'createdAt'>;
  /** Follows "the conversation". */
  readonly why: string;
  readonly lastWords: readonly string[];
  /** Epoch ms. */
  readonly now: number;
}): string {
  const { session, why, lastWords, now } = given;
  const runs = session.runs === 1 ? '1 run' : `${String(session.runs)} runs`;
  const name = session.sessionId === null ? '' : ` (${session.sessionId})`;
  const intro = `You begin a new conversation. It takes the place of one${name} of ${runs} in ${toAge(now - session.createdAt)}, ${why}.`;
  const words = cutWords(lastWords);
  if (words.length === 0) return `${intro} What it came to is not known: look at the work itself.`;
  return [`${intro} At the end of its last runs you said, newest first:`, ...words.map(quote)].join('\n\n');
}

/** By a clock that may have been set back. */
function toAge(ms: number): string {
  const hours = Math.max(0, Math.round(ms / hourMs));
  if (hours >= 48) return `${String(Math.round(hours / 24))} days`;
  return hours === 1 ? '1 hour' : `${String(hours)} hours`;
}

/** The newest whole, as far as there is room, then the older ones. */
function cutWords(words: readonly string[]): string[] {
  const kept: string[] = [];
  let room = longestWords;
  for (const text of words) {
    if (room <= 0) break;
    kept.push(text.length > room ? `${text.slice(0, room).toWellFormed()}…` : text);
    room -= text.length;
  }
  return kept;
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
