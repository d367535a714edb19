import assert from 'node:assert/strict';
import type { AgentDefinition } from '../../src/runtime/definition.ts';
import type { ConformanceSubject } from './conformanceSubject.ts';

/** What nobody's stored conversation looks like. */
const nobodys: readonly unknown[] = [
  undefined,
  null,
  0,
  true,
  '',
  'text',
  [],
  ['id'],
  {},
  { id: '' },
  { id: null },
  { id: 7 },
  { id: {} },
  { id: ['x'] },
  { id: 'a\0b' },
  { id: 'a\nb' },
  { id: '\u001b[31mred' },
  { id: '\ud800' },
  { id: 'x'.repeat(100_000) },
  { sessionId: 'x' },
  JSON.parse('{"__proto__":{"id":"x"}}'),
];

/** How stored conversations are read: what cannot be gone on with is none. */
export function describeSessions(subject: ConformanceSubject, define: () => AgentDefinition): void {
  const { adapter, session, noSessions } = subject;
  const { codec } = adapter;

  it('takes nothing for a conversation that is none, and never throws', () => {
    for (const stored of [...nobodys, ...noSessions]) {
      assert.equal(codec.parse(stored), null, JSON.stringify([stored]).slice(0, 80));
    }
  });

  it('reads a stored conversation as it was told, and drops what else is stored with it', () => {
    assert.equal(session !== null, adapter.capabilities(define()).resume);
    if (session === null) return;
    const stored: unknown = JSON.parse(JSON.stringify(session));
    assert.deepEqual(codec.parse(stored), session);
    assert.deepEqual(codec.parse({ ...session, more: 'x', command: 'rm' }), session);
    assert.deepEqual(codec.parse(codec.parse(stored)), session);
  });

  it('shows a conversation by its id, in one bounded line', () => {
    if (session === null) return;
    const shown = codec.displayId(session);
    // A run that was lost is known by that alone.
    assert.equal(shown, session['id']);
    assert.match(shown, /^[^\s\p{C}]{1,200}$/u);
  });

  it('tells only of conversations that can be stored', () => {
    for (const { stdout } of subject.outputs) {
      const reader = adapter.read(define());
      for (const event of [...(reader?.push(stdout, 'out') ?? []), ...(reader?.end() ?? [])]) {
        if (event.kind === 'session') assert.deepEqual(codec.parse(event.params), event.params);
      }
    }
  });
}
