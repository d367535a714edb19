import type { Snapshot } from '../protocol.ts';

/**
 * A snapshot that fits into one message: the oldest issues are left out first, then the oldest settled runs, then queued ones, then the oldest questions.
 * All can be had by page. Texts of issues are what makes it long: 500 of them may be 100 000 characters each.
 */
export function boundSnapshot(snapshot: Snapshot, maxBytes: number): Snapshot {
  let bounded = snapshot;
  while (Buffer.byteLength(JSON.stringify(bounded)) > maxBytes) {
    const shorter = dropHalf(bounded);
    if (shorter === null) return bounded;
    bounded = shorter;
  }
  return bounded;
}

function dropHalf(snapshot: Snapshot): Snapshot | null {
  if (snapshot.issues.length > 0) {
    const newestFirst = [...snapshot.issues].sort((a, b) => b.number - a.number);
    return { ...snapshot, issues: newestFirst.slice(0, Math.floor(newestFirst.length / 2)) };
  }
  const settled = snapshot.runs.filter((run) => run.finishedAt !== null).sort((a, b) => b.number - a.number);
  const queued = snapshot.runs.filter((run) => run.status === 'queued').sort((a, b) => a.number - b.number);
  const [some] = [settled, queued].filter(({ length }) => length > 0);
  if (some === undefined) return snapshot.questions.length > 0 ? withFewerQuestions(snapshot) : null;
  const dropped = new Set(some.slice(Math.floor(some.length / 2)));
  return { ...snapshot, runs: snapshot.runs.filter((run) => !dropped.has(run)) };
}

function withFewerQuestions(snapshot: Snapshot): Snapshot {
  const newestFirst = [...snapshot.questions].sort((a, b) => b.number - a.number);
  return { ...snapshot, questions: newestFirst.slice(0, Math.floor(newestFirst.length / 2)) };
}
